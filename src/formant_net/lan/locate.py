"""The search for a server: it tries the last known places and all announced ones until the client has joined.

Places are announced by mDNS. If that brings none within one browse, DNS is asked as well.

The intervals come from trials on a network that loses 30 to 50 % of multicast. One long browse found the server within
15 s in 8 of 10 cases, a fresh browse every 2.5 s in 12 of 12. Where the packets of a try are lost as well, a second try
after each browse helps: of 100 boxes that lose 30 %, the last one finds its server after 10 s in place of 14.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from formant_net.lan.record import Place

STAGGER_S = 0.25
"""Seconds between the starts of two tries. The first address that answers wins; a dead one does not delay the rest."""
BROWSE_S = 2.5
"""Seconds from one fresh browse to the next, plus or minus a half."""
BROWSE_LATER_S = 15.0
"""Seconds from one fresh browse to the next after the first minute, plus or minus a half."""
MINUTE_S = 60.0
"""Seconds between two notices that the search goes on."""
LOST_S = 10.0
"""Seconds without the server after which the search begins again: it may have moved."""
MOST_WAITING = 256
"""Places that wait for their try, and that are counted as heard. A stranger may announce any number."""
AGAIN_S = 10.0
"""Seconds after which a place that answered is offered once more, if it is announced again."""


@dataclass(frozen=True, slots=True)
class Browse:
    """Start a fresh mDNS browse. The shell reports answers with `announced`."""


@dataclass(frozen=True, slots=True)
class AskDns:
    """Ask the name server of this network, if it has one. The shell reports answers with `announced`.

    It is the last step: multicast has had the time of one browse.
    """


@dataclass(frozen=True, slots=True)
class StopBrowsing:
    """Stop browsing, and close its sockets."""


@dataclass(frozen=True, slots=True)
class Try:
    """Check whether something listens at `place`. The shell reports the answer with `tried`."""

    place: Place


@dataclass(frozen=True, slots=True)
class Located:
    """Something listens at `place`. The client checks whether it is the right server."""

    place: Place


@dataclass(frozen=True, slots=True)
class Searching:
    """The search has gone on for `for_s` seconds; `heard` places were announced."""

    for_s: float
    heard: int


LocateEffect = Browse | AskDns | StopBrowsing | Try | Located | Searching


class Locate:
    """One search. No I/O and no clock: `now` is s of one monotonic clock.

    random   gives floats in 0…1, so that boxes that are switched on together do not browse at the same moments
    known    the places where the server was last time, the best first
    """

    def __init__(self, random: Callable[[], float], known: Sequence[Place] = ()) -> None:
        self._random = random
        self._known = tuple(known)
        self._began: float | None = None
        self._browse_at: float | None = None
        self._try_at: float | None = None
        self._say_at: float | None = None
        self._begin_at: float | None = None
        self._queue: list[Place] = []
        self._trying: set[Place] = set()
        self._answered: dict[Place, float] = {}
        self._heard: set[Place] = set()
        self._again: set[Place] = set()
        """Places that have had their second try since the last browse."""
        self._out: list[LocateEffect] = []

    @property
    def active(self) -> bool:
        """Whether the search runs."""
        return self._began is not None

    def start(self, now: float) -> None:
        """Search until `settled` is called."""
        if self._began is not None:
            return
        self._began, self._begin_at = now, None
        self._say_at = now + MINUTE_S
        self._answered.clear()
        self._heard.clear()
        self._browse(now)

    def settled(self, place: Place | None = None) -> None:
        """The client has joined: end the search. `place` is where, if found here; the next search begins there."""
        self._begin_at = None
        if place is not None:
            self._known = (place, *(known for known in self._known if known.server == place.server))[:4]
        if self._began is not None:
            self._began = self._browse_at = self._try_at = self._say_at = None
            self._queue.clear()
            self._out.append(StopBrowsing())

    def lost(self, now: float) -> None:
        """The client has lost its server: search again after LOST_S, unless `settled` comes first."""
        if self._began is None and self._begin_at is None:
            self._begin_at = now + LOST_S

    def announced(self, places: Sequence[Place], now: float) -> None:
        """An announcement names these places: queue them in its order."""
        if self._began is None:
            return
        self._heard.update(places[: max(0, MOST_WAITING - len(self._heard))])
        self._enqueue(places, now)

    def tried(self, place: Place, answered: bool, now: float) -> None:
        """The result of a `Try`."""
        self._trying.discard(place)
        if self._began is None:
            return
        if not answered:
            if place not in self._again:  # the packets of a try may be lost
                self._again.add(place)
                self._enqueue((place,), now)
            return
        self._answered[place] = now
        # The other addresses of this server are no longer needed.
        self._queue = [other for other in self._queue if (other.server, other.port) != (place.server, place.port)]
        self._out.append(Located(place))

    def next_deadline(self) -> float | None:
        """When `on_deadline` must be called next, s, or None."""
        moments = (self._browse_at, self._try_at, self._say_at, self._begin_at)
        return min((moment for moment in moments if moment is not None), default=None)

    def on_deadline(self, now: float) -> None:
        """Do what is due: try the next place, browse afresh, give a `Searching` notice, or begin again."""
        if self._begin_at is not None and now >= self._begin_at:
            self.start(now)
        if self._began is None:
            return
        if self._try_at is not None and now >= self._try_at:
            self._try(now)
        if self._browse_at is not None and now >= self._browse_at:
            self._browse(now)
        if self._say_at is not None and now >= self._say_at:
            self._say_at = now + MINUTE_S
            self._out.append(Searching(now - self._began, len(self._heard)))

    def drain(self) -> list[LocateEffect]:
        """Return the effects since the last call, in order."""
        out, self._out = self._out, []
        return out

    def _browse(self, now: float) -> None:
        began = now if self._began is None else self._began
        interval_s = BROWSE_S if now - began < MINUTE_S else BROWSE_LATER_S
        self._browse_at = now + interval_s * (0.5 + self._random())
        self._answered = {place: at for place, at in self._answered.items() if now - at < AGAIN_S}
        self._again.clear()
        # The known places first, however many others are announced.
        self._queue = [place for place in self._queue if place not in self._known]
        waiting, self._queue = self._queue, []
        self._enqueue(self._known, now)
        self._queue += waiting
        self._out.append(Browse())
        if now > began:
            self._out.append(AskDns())

    def _enqueue(self, places: Sequence[Place], now: float) -> None:
        for place in places:
            recent = now - self._answered.get(place, -AGAIN_S) < AGAIN_S
            if len(self._queue) >= MOST_WAITING:
                break
            if place not in self._queue and place not in self._trying and not recent:
                self._queue.append(place)
        if self._queue and self._try_at is None:
            self._try(now)

    def _try(self, now: float) -> None:
        place = self._queue.pop(0) if self._queue else None
        if place is not None:
            self._trying.add(place)
            self._out.append(Try(place))
        # Also after the last place: one that is announced a moment later waits for this interval.
        self._try_at = now + STAGGER_S if place is not None else None
