"""When changes of fingers go out: many in one message, no more messages a second than a synth takes, no note lost."""

from __future__ import annotations

import math
from dataclasses import dataclass

SHORTEST_S = 0.025
"""Seconds that a note sounds at least. A finger that is lifted before its first repetition (20 ms) would be lost with
one packet."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast messages may go out. A synth closes a link that sends more than 400 messages a second.

    rate_per_s, burst    of all messages: at most 180 + 16 in any second
    gather_s             seconds that moves wait for others. Starts and ends of notes wait only for the rate
    shortest_s           SHORTEST_S, or 0
    """

    rate_per_s: float = 180.0
    burst: int = 16
    gather_s: float = 0.006
    shortest_s: float = SHORTEST_S


OFFLINE = Pace(rate_per_s=math.inf, burst=1, gather_s=0.01, shortest_s=0.0)
"""For a file that is rendered: every note as long as it is written, moves every 10 ms."""


@dataclass(slots=True)
class _State:
    sent_at: float | None = None
    ends: bool = False
    moved: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """Fingers of one message."""

    down: list[int]
    """New and moved ones."""
    up: list[int]


class Gathering:
    """Fingers by number, with what has to be sent of each. Times are s of the caller's clock."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._fingers: dict[int, _State] = {}
        self._tokens = float(pace.burst)
        self._tokens_at = -math.inf
        self._sent_at = -math.inf
        self._gone: list[int] = []

    def __len__(self) -> int:
        """Fingers that are down, for the synth."""
        return len(self._fingers)

    def start(self, finger: int) -> None:
        """A new finger."""
        self._fingers[finger] = _State()

    def move(self, finger: int) -> None:
        """It changed."""
        if (state := self._fingers.get(finger)) is not None:
            state.moved = True

    def end(self, finger: int) -> None:
        """It is lifted, as soon as it has sounded long enough."""
        if (state := self._fingers.get(finger)) is not None:
            state.ends = True

    def end_now(self, finger: int) -> None:
        """It is lifted, however short it sounded."""
        state = self._fingers.pop(finger, None)
        if state is not None and state.sent_at is not None:
            self._gone.append(finger)

    def sounded(self, finger: int, now: float) -> bool:
        """Whether it has sounded long enough to be ended."""
        state = self._fingers.get(finger)
        return state is not None and state.sent_at is not None and now >= state.sent_at + self._pace.shortest_s

    def ending(self, finger: int) -> bool:
        """Whether it is to be lifted, or is lifted."""
        state = self._fingers.get(finger)
        return state is None or state.ends

    def due_at(self) -> float | None:
        """When `take` has something to send, s; None: nothing is waiting. A moment in the past means at once."""
        moments = [-math.inf] if self._gone else []
        for state in self._fingers.values():
            if state.sent_at is None:
                moments.append(-math.inf)
            elif state.ends:
                moments.append(state.sent_at + self._pace.shortest_s)
            if state.moved:
                moments.append(self._sent_at + self._pace.gather_s)
        if not moments:
            return None
        wait_s = max(0.0, 1.0 - self._tokens) / self._pace.rate_per_s
        return max(min(moments), self._tokens_at + wait_s if wait_s else -math.inf)

    def take(self, now: float) -> Batch | None:
        """Everything that is to be sent now, or None: nothing, or not yet."""
        due = self.due_at()
        if due is None or now < due:
            return None
        self._fill(now)
        self._tokens -= 1.0
        self._sent_at = now
        up, self._gone = self._gone, []
        down = []
        for finger, state in list(self._fingers.items()):
            if state.sent_at is None:
                state.sent_at = now
                down.append(finger)
            elif state.ends and self.sounded(finger, now):
                del self._fingers[finger]
                up.append(finger)
            elif state.moved:
                down.append(finger)
            state.moved = False
        return Batch(down, up)

    def spend(self, now: float) -> None:
        """A message that says something else goes out at once: the next ones wait a little longer."""
        self._fill(now)
        self._tokens -= 1.0

    def _fill(self, now: float) -> None:
        if self._tokens_at > -math.inf:
            gained = (now - self._tokens_at) * self._pace.rate_per_s if now > self._tokens_at else 0.0
            self._tokens = min(float(self._pace.burst), self._tokens + gained)
        self._tokens_at = now
