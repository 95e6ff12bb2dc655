"""When a message with a time tag is played: tags are the wall clock of another machine, which may be wrong by days.

While every tag of a sender is near our own wall clock, its clock is taken for right, and a tag is kept to the moment.
Otherwise only the distances between its tags count. The clock of such a sender is set so that its latest message of
the last minute is played on arrival, and the others in their distances to it.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from formant_net.osc.codec import Message

AHEAD_S = 2.0
"""Seconds that a message is kept at most. One with a later tag is played at once."""
LATE_S = 0.25
"""Seconds that a tag may lie behind our wall clock before the sender's clock counts as wrong."""
WINDOW_S = 60.0
MOST_WAITING = 1024
"""Messages that wait at most. Beyond it, all of them are played at once, in their order."""
NTP_AT_UNIX_EPOCH = 2_208_988_800.0
"""Seconds from 1900 (NTP, OSC) to 1970 (Unix)."""

Owner = TypeVar("Owner")


class SenderClock:
    """How much later than a sender's tags its messages are played. `now` is s of our monotonic clock."""

    def __init__(self) -> None:
        self._since = 0.0
        self._latest: list[float] = []
        """The largest (arrival − tag) of this half of the window, and of the one before."""
        self._wrong_at: float | None = None

    def wait_s(self, tag: float, wall: float, now: float) -> float:
        """Seconds until a message is played, 0…AHEAD_S.

        tag     s since 1900, by the sender's wall clock
        wall    the same moment as `now`, s since 1900 by our wall clock
        """
        behind = wall - tag
        self._note(behind, now)
        if not -AHEAD_S <= behind <= LATE_S:
            self._wrong_at = now
        if self._wrong_at is not None and now - self._wrong_at > WINDOW_S:
            self._wrong_at = None
        ahead = -behind if self._wrong_at is None else max(self._latest) - behind
        return ahead if 0.0 <= ahead <= AHEAD_S else 0.0

    def _note(self, behind: float, now: float) -> None:
        if not self._latest or now - self._since > WINDOW_S:
            self._latest, self._since = [behind], now
        elif now - self._since > WINDOW_S / 2.0:
            self._latest, self._since = [behind, self._latest[0]], now
        else:
            self._latest[0] = max(self._latest[0], behind)


@dataclass(order=True, slots=True)
class _Waiting(Generic[Owner]):
    at: float
    number: int
    owner: Owner = field(compare=False)
    message: Message = field(compare=False)


class Waiting(Generic[Owner]):
    """Messages that are played later, each with who sent it; at most MOST_WAITING."""

    def __init__(self) -> None:
        self.counters: Counter[str] = Counter()
        """`hurried`: messages that were played before their time because too many waited."""
        self._heap: list[_Waiting[Owner]] = []
        self._numbers = itertools.count()

    def __len__(self) -> int:
        return len(self._heap)

    def put(self, at: float, owner: Owner, message: Message, now: float) -> None:
        """A message to be played at `at`, s. The caller takes what is due after each packet."""
        if len(self._heap) >= MOST_WAITING:
            self.counters["hurried"] += len(self._heap)
            at = now
            self._heap = [
                _Waiting(now, number, each.owner, each.message) for number, each in enumerate(sorted(self._heap))
            ]
            self._numbers = itertools.count(len(self._heap))
        heapq.heappush(self._heap, _Waiting(at, next(self._numbers), owner, message))

    def due_at(self) -> float | None:
        """When the next one is due, s."""
        return self._heap[0].at if self._heap else None

    def take(self, now: float) -> list[tuple[Owner, Message]]:
        """Those that are due, in order."""
        out = []
        while self._heap and self._heap[0].at <= now:
            each = heapq.heappop(self._heap)
            out.append((each.owner, each.message))
        return out
