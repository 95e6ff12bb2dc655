"""The state machine of one peer: listed, offering, connecting, open, and lost again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum

from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.timing import Timing
from formant_net.timers.backoff import Backoff


class State(Enum):
    """Where a peer stands."""

    WAITING = "waiting"
    """no link; an offerer tries again at `retry_at`, an answerer waits for an offer"""
    OFFERING = "offering"
    """an offer is being made or has been sent, no answer yet"""
    CONNECTING = "connecting"
    """both descriptions exist, the channel is not open yet"""
    OPEN = "open"
    GONE = "gone"
    """final: forgotten"""


class Event(Enum):
    """What can happen to a peer."""

    START = "start"
    RELISTED = "relisted"
    """the registry names it anew: an offer that was under way may have been lost"""
    OFFER = "offer"
    ANSWER = "answer"
    OPENED = "opened"
    LOST = "lost"
    """closed, failed, silent for too long, or not open in time"""
    FORGET = "forget"


class Action(Enum):
    """What is to be done, in this order."""

    CLOSE = "close"
    MAKE = "make"
    ACCEPT = "accept"


Table = Mapping[tuple[State, Event], tuple[State, tuple[Action, ...]]]

OFFERER: Table = {
    (State.WAITING, Event.START): (State.OFFERING, (Action.MAKE,)),
    (State.WAITING, Event.RELISTED): (State.OFFERING, (Action.MAKE,)),
    (State.WAITING, Event.FORGET): (State.GONE, ()),
    (State.OFFERING, Event.ANSWER): (State.CONNECTING, (Action.ACCEPT,)),
    (State.OFFERING, Event.RELISTED): (State.OFFERING, (Action.CLOSE, Action.MAKE)),
    (State.OFFERING, Event.LOST): (State.WAITING, (Action.CLOSE,)),
    (State.OFFERING, Event.FORGET): (State.GONE, (Action.CLOSE,)),
    (State.CONNECTING, Event.OPENED): (State.OPEN, ()),
    (State.CONNECTING, Event.RELISTED): (State.OFFERING, (Action.CLOSE, Action.MAKE)),
    (State.CONNECTING, Event.LOST): (State.WAITING, (Action.CLOSE,)),
    # The peers talk to each other directly now. News from the registry does not close the link.
    (State.OPEN, Event.RELISTED): (State.OPEN, ()),
    (State.OPEN, Event.LOST): (State.WAITING, (Action.CLOSE,)),
}

ANSWERER: Table = {
    # A new offer means that the offerer has given up the old link. It is closed before the new one is made.
    (State.WAITING, Event.OFFER): (State.CONNECTING, (Action.MAKE,)),
    (State.CONNECTING, Event.OFFER): (State.CONNECTING, (Action.CLOSE, Action.MAKE)),
    (State.OPEN, Event.OFFER): (State.CONNECTING, (Action.CLOSE, Action.MAKE)),
    (State.CONNECTING, Event.OPENED): (State.OPEN, ()),
    (State.CONNECTING, Event.LOST): (State.WAITING, (Action.CLOSE,)),
    (State.OPEN, Event.LOST): (State.WAITING, (Action.CLOSE,)),
    (State.WAITING, Event.FORGET): (State.GONE, ()),
}


class Peer:
    """The state machine of one peer, the number of its present link, and its deadlines.

    next_link    gives link numbers that are not used again
    """

    def __init__(self, name: str, table: Table, timing: Timing, backoff: Backoff, next_link: Callable[[], int]) -> None:
        self.name = name
        self.state = State.WAITING
        self.link = 0
        self.retry_at = 0.0
        self.opened_at = 0.0
        self.made_at = 0.0
        self.asked_at: float | None = None
        """When both descriptions were there and the search for a path began."""
        self.reached_at: float | None = None
        """When a path was found."""
        self.answer_s = timing.link_setup_s
        """Seconds after which an offer that has no answer is given up."""
        self.heard_at = 0.0
        self.keeps_time = False
        """True once the other side has shown that it pings. From then on a silent peer counts as dead."""
        self.suspected = False
        """True when the peer was silent for `Timing.dead_s`. The link is closed only when another one can be made."""
        self._table = table
        self._timing = timing
        self._backoff = backoff
        self._next_link = next_link
        self.worked_at: float | None = None
        """When a link that had worked was last lost."""

    def handle(self, event: Event, now: float) -> list[tuple[Action, int]]:
        """One step. Returns actions with the number of the link each concerns, to be done in order.

        raises    ProtocolError when the event is not expected in this state; nothing has changed then
        """
        step = self._table.get((self.state, event))
        if step is None:
            raise ProtocolError(
                "unexpected",
                f"peer {self.name} is {self.state.value}, {event.value!r} is not expected then: ignored",
                event.value,
            )
        before = self.state
        self.state, actions = step
        done = []
        for action in actions:
            if action is Action.MAKE:
                self.link = self._next_link()
                self.made_at = now
                self.asked_at = self.reached_at = None
                self.keeps_time = self.suspected = False
            done.append((action, self.link))
        if self.state is State.CONNECTING:
            self.asked_at = now
        if self.state is State.OPEN and before is not State.OPEN:
            self.opened_at = self.heard_at = now
            self._backoff.healthy(now)
        if self.state is State.WAITING and event is Event.LOST:
            self.retry_at = now + self._delay_s(before, now)
        return done

    def heard(self, now: float) -> None:
        """The peer is alive: it said something on the link."""
        self.heard_at = now
        self.suspected = False

    def reached(self, now: float) -> None:
        """A path to the peer is found. The handshakes that remain may take longer on a bad path."""
        if self.state is State.CONNECTING and self.reached_at is None:
            self.reached_at = now

    def deadline(self) -> float | None:
        """When the present state ends by itself, s, or None: retry, set-up, or silence."""
        if self.state is State.WAITING:
            return self.retry_at
        if self.state is State.CONNECTING and self.reached_at is not None:
            return self.reached_at + self._timing.link_setup_s
        if self.state is State.CONNECTING and self._table is OFFERER and self.asked_at is not None:
            return self.asked_at + self._timing.reach_s
        if self.state is State.OFFERING:
            return self.made_at + self.answer_s
        if self.state is State.CONNECTING:
            return self.made_at + self._timing.link_setup_s
        if self.state is State.OPEN and self.suspected:
            return self.heard_at + self._timing.abandon_s
        if self.state is State.OPEN and self.keeps_time:
            return self.heard_at + self._timing.dead_s
        return None

    def silent(self, now: float) -> bool:
        """True when nothing has been heard for `Timing.dead_s`."""
        return now - self.heard_at >= self._timing.dead_s

    def _delay_s(self, before: State, now: float) -> float:
        """Pause before the next try, s: 0 after a link that worked; at most `Timing.eager_step_s` for a while after it;
        else that of the back-off. A link that closed at once counts as one that never opened."""
        delay_s = self._backoff.failed(now)
        if before is State.OPEN and now - self.opened_at >= self._timing.dead_s:
            self.worked_at = now
            return 0.0
        if self.worked_at is not None and now - self.worked_at < self._timing.eager_s:
            return min(delay_s, self._timing.eager_step_s)
        return delay_s
