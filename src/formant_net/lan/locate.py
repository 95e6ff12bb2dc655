"""The search for a server: it tries the last known places and all announced ones until the client has joined.

Places are announced by mDNS. If that brings none within one browse, DNS is asked as well.

The intervals come from trials on a network that loses 30 to 50 % of multicast. One long browse found the server within
15 s in 8 of 10 cases, a fresh browse every 2.5 s in 12 of 12. The first browses follow each other faster while nothing
has been heard. A try that gets no answer is followed by others while it still waits, because TCP repeats its first
packet only after 1 s. On a network that loses nothing, none of that happens.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from formant_net.lan.record import Place

STAGGER_S = 0.25
"""Seconds between the starts of two tries. The first address that answers wins; a dead one does not delay the rest."""
EARLY_S = (0.25, 0.5, 1.0)
"""Seconds between further browses at the start, plus or minus a half, for as long as nothing has been heard."""
BROWSE_S = 2.5
"""Seconds from one fresh browse to the next, plus or minus a half."""
BROWSE_LATER_S = 15.0
"""Seconds from one fresh browse to the next after the first minute, plus or minus a half."""
MINUTE_S = 60.0
"""Seconds between two notices that the search goes on."""
LOST_S = 10.0
"""Seconds without the server after which the search begins again: it may have moved."""
RETRY_S = 0.5
"""Seconds after which a place that has not answered is tried again, while the try before still waits."""
TRIES = 4
"""Tries of one place after each regular browse. If it is announced again later, it has one more."""
MOST_WAITING = 256
"""Places that wait for their try, and that are counted as heard. A stranger may announce any number."""
MOST_OF_A_HOST = 4
"""Places of one address that are offered within AGAIN_S. A stranger may answer at any number of ports."""
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
        self._tries: dict[Place, tuple[int, float]] = {}
        """How often each place was tried since the last regular browse, and when last."""
        self._retries: deque[tuple[float, Place]] = deque()
        """The places that are tried again, and when, in order."""
        self._tried_hosts: Counter[str] = Counter()
        """How often each address was tried in this search."""
        self._early: Iterator[float] = iter(())
        self._ask_at: float | None = None
        self._answered: dict[Place, float] = {}
        self._heard: set[Place] = set()
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
        self._tried_hosts.clear()
        self._browse(now)
        self._early = iter(EARLY_S)
        self._ask_early(now)

    def settled(self, place: Place | None = None) -> None:
        """The client has joined: end the search. `place` is where, if found here; the next search begins there."""
        self._begin_at = None
        if place is not None:
            self._known = (place, *(known for known in self._known if known.server == place.server))[:4]
        if self._began is not None:
            self._began = self._browse_at = self._ask_at = self._try_at = self._say_at = None
            self._queue.clear()
            self._retries.clear()
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
        if self._heard:
            self._ask_at = None
        self._enqueue(places, now)

    def tried(self, place: Place, answered: bool, now: float) -> None:
        """The result of a `Try`. Several tries of one place may be under way; the first answer counts."""
        if self._began is None or not answered or self._is_recent(place, now):
            return
        if sum(other.host == place.host for other in self._answered if self._is_recent(other, now)) >= MOST_OF_A_HOST:
            return
        self._answered[place] = now
        # The other addresses of this server are no longer needed.
        self._queue = [other for other in self._queue if not _same_server(other, place)]
        self._retries = deque(each for each in self._retries if not _same_server(each[1], place))
        self._out.append(Located(place))

    def next_deadline(self) -> float | None:
        """When `on_deadline` must be called next, s, or None."""
        retry_at = self._retries[0][0] if self._retries else None
        moments = (self._browse_at, self._ask_at, self._try_at, retry_at, self._say_at, self._begin_at)
        return min((moment for moment in moments if moment is not None), default=None)

    def on_deadline(self, now: float) -> None:
        """Do what is due: try the next place, browse afresh, give a `Searching` notice, or begin again."""
        if self._begin_at is not None and now >= self._begin_at:
            self.start(now)
        if self._began is None:
            return
        if self._try_at is not None and now >= self._try_at:
            self._try(now)
        while self._retries and now >= self._retries[0][0]:
            self._queue_up([self._retries.popleft()[1]], now)
        if self._ask_at is not None and now >= self._ask_at:
            self._out.append(Browse())
            self._ask_early(now)
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
        since_s = now - (now if self._began is None else self._began)
        interval_s = BROWSE_S if since_s < MINUTE_S else BROWSE_LATER_S
        self._browse_at = now + interval_s * (0.5 + self._random())
        self._answered = {place: at for place, at in self._answered.items() if now - at < AGAIN_S}
        self._tries.clear()
        self._retries.clear()
        # The known places first, however many others are announced.
        waiting = [place for place in self._queue if place not in self._known]
        self._queue.clear()
        self._enqueue(self._known, now)
        self._queue += waiting
        self._out.append(Browse())
        if since_s > 0.0:
            self._out.append(AskDns())

    def _ask_early(self, now: float) -> None:
        """The moment of the next browse of the start, if anything is still to be heard."""
        interval_s = None if self._heard else next(self._early, None)
        self._ask_at = None if interval_s is None else now + interval_s * (0.5 + self._random())

    def _enqueue(self, places: Sequence[Place], now: float) -> None:
        """Queue the places that are not being tried."""
        retried = {place for _, place in self._retries}
        recent = {place for place, (_, at) in self._tries.items() if now - at < TRIES * RETRY_S}
        self._queue_up([place for place in places if place not in retried | recent], now)

    def _queue_up(self, places: Sequence[Place], now: float) -> None:
        for place in places:
            if place not in self._queue and not self._is_recent(place, now):
                self._queue.append(place)
            if len(self._queue) > MOST_WAITING:
                self._leave_out()
        if self._queue and self._try_at is None:
            self._try(now)

    def _leave_out(self) -> None:
        """Drop one place: of the address with the most of them, or else any one. Whoever announces much loses most."""
        strangers = [(n, place.host) for n, place in enumerate(self._queue) if place not in self._known]
        host, most = Counter(host for _, host in strangers).most_common(1)[0]
        among = [n for n, other in strangers if most == 1 or other == host]
        del self._queue[among[min(int(self._random() * len(among)), len(among) - 1)]]

    def _next(self) -> Place | None:
        """The place that is tried now.

        A first try before a further one, a known place before a stranger, then the address that had the fewest tries.
        """
        if not self._queue:
            return None
        place = min(
            self._queue,
            key=lambda each: (each in self._tries, each not in self._known, self._tried_hosts[each.host]),
        )
        self._queue.remove(place)
        if len(self._tried_hosts) > 16 * MOST_WAITING:
            self._tried_hosts.clear()
        self._tried_hosts[place.host] += 1
        return place

    def _is_recent(self, place: Place, now: float) -> bool:
        return now - self._answered.get(place, -AGAIN_S) < AGAIN_S

    def _try(self, now: float) -> None:
        place = self._next()
        if place is not None:
            tries = 1 + self._tries.get(place, (0, now))[0]
            self._tries[place] = (tries, now)
            if tries < TRIES:
                self._retries.append((now + RETRY_S, place))
            self._out.append(Try(place))
        # Also after the last place: one that is announced a moment later waits for this interval.
        self._try_at = now + STAGGER_S if place is not None else None


def _same_server(one: Place, other: Place) -> bool:
    return (one.server, one.port) == (other.server, other.port)
