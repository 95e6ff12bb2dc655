"""The states of signaling: where a client's conversation with its servers stands, and what may happen to it.

The page has the same table (page/client/states.js); tests/vectors/data/signaling_states.json holds both to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum


class State(Enum):
    """Where the conversation stands."""

    IDLE = "idle"
    WAITING = "waiting"
    """until `retry_at`"""
    CONNECTING = "connecting"
    REGISTERING = "registering"
    REGISTERED = "registered"
    STOPPED = "stopped"
    """final: kicked, refused for good, or closed by ourselves"""


class Event(Enum):
    """What can happen to it."""

    DIAL = "dial"
    OPENED = "opened"
    ACCEPTED = "accepted"
    MOVED = "moved"
    """another server has been asked to register us, while this one still did"""
    FAILED = "failed"
    STOPPED = "stopped"


TABLE: Mapping[tuple[State, Event], State] = {
    (State.IDLE, Event.DIAL): State.CONNECTING,
    (State.WAITING, Event.DIAL): State.CONNECTING,
    (State.CONNECTING, Event.OPENED): State.REGISTERING,
    (State.REGISTERING, Event.ACCEPTED): State.REGISTERED,
    (State.CONNECTING, Event.FAILED): State.WAITING,
    (State.REGISTERING, Event.FAILED): State.WAITING,
    (State.REGISTERED, Event.FAILED): State.WAITING,
    (State.WAITING, Event.MOVED): State.REGISTERING,
    (State.CONNECTING, Event.MOVED): State.REGISTERING,
    (State.REGISTERING, Event.MOVED): State.REGISTERING,
    (State.REGISTERED, Event.MOVED): State.REGISTERING,
    **{(state, Event.STOPPED): State.STOPPED for state in State},
}
