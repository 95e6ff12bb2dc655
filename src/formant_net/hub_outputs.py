"""What the server core asks its shell to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from formant_net import messages as m

CLOSE_DONE, CLOSE_AWAY, CLOSE_REFUSED, CLOSE_FULL = 1000, 1001, 1008, 1013
"""Close codes of RFC 6455: normal, going away, policy violation, try again later."""


@dataclass(frozen=True, slots=True)
class Send:
    """One message to several connections; the shell encodes it once."""

    to: tuple[int, ...]
    message: m.Message


@dataclass(frozen=True, slots=True)
class Close:
    """Close this connection after what was sent to it before."""

    conn: int
    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Probe:
    """Send a WebSocket ping; report the answer with `alive`."""

    conn: int


@dataclass(frozen=True, slots=True)
class Event:
    """Something worth a line in the log. Never carries a key or a secret."""

    level: Literal["debug", "info", "warning"]
    name: str
    fields: Mapping[str, Any]


Output = Send | Close | Probe | Event
