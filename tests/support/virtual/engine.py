"""An engine in memory on a virtual clock: keys with revisions, slow, cut and stalled links, and restarts.

It does only what the real engine is used for. tests/formant_net/server/registry/test_registry_contract.py holds both to
the same contract.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from formant_net.fleet.agreed import Agreed, Keep
from formant_net.server.outputs import Post
from formant_net.server.registry.registry import Restart, Write
from formant_net.server.registry.shared import SharedRegistry


class Clock:
    """Virtual time, s, and what is to happen in it."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now
        self._order = itertools.count()
        self._due: list[tuple[float, int, Callable[[], None]]] = []

    def after(self, delay_s: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._due, (self.now + delay_s, next(self._order), what))

    def next(self) -> float | None:
        return self._due[0][0] if self._due else None

    def step(self) -> None:
        moment, _, what = heapq.heappop(self._due)
        self.now = max(self.now, moment)
        what()


@dataclass
class _Key:
    value: bytes
    gone: bool
    revision: int
    at: float
    until: float


class Engine:
    """The store, and whom it tells."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.running = True
        self.stalled = False
        self.incarnation = 1
        self.keys: dict[str, _Key] = {}
        self.links: list[Link] = []
        self.writes = 0
        self.desk: tuple[bytes | None, int] = (None, 0)
        """What the edges agree on, on disk, and its revision."""
        self._revisions = itertools.count(1)

    def get(self, key: str) -> _Key | None:
        found = self.keys.get(key)
        if found is not None and found.until < self.clock.now:
            del self.keys[key]  # silently: the engine's expiry tells nobody
            return None
        return found

    def write(self, write: Write) -> int | None:
        """The new revision, or None when the key is at another than the expected one."""
        there = self.get(write.key)
        if write.expected is not None and write.expected != (there.revision if there else 0):
            return None
        self.writes += 1
        revision = next(self._revisions)
        now = self.clock.now
        self.keys[write.key] = _Key(write.value, write.gone, revision, now, now + write.ttl_s)
        for link in self.links:
            link.told(write.key, self.keys[write.key])
        return revision

    def keep(self, keep: Keep) -> int | None:
        """The new revision of what edges agree on, or None when it is at another than the expected one."""
        if keep.expected != self.desk[1]:
            return None
        self.desk = (keep.value, self.desk[1] + 1)
        for link in self.links:
            link.kept(*self.desk)
        return self.desk[1]

    def stop(self) -> None:
        """It dies: every session ends."""
        self.running = False
        for link in self.links:
            link.lose("the engine is gone")

    def start(self, *, keep: bool) -> None:
        """It is back, with or without what it held; edges find it again by themselves."""
        self.running = True
        if not keep:
            self.keys.clear()
            self.incarnation += 1
            self._revisions = itertools.count(1)
        for link in self.links:
            link.seek()


@dataclass
class Link:
    """One edge's way to the engine. Writes, answers, the feed and the bus each keep their order and take `delay_s` or
    up to four times as long: an answer may overtake the feed, or be overtaken by it."""

    engine: Engine
    registry: SharedRegistry
    change: Callable[[Callable[[float], None]], None]
    on_bus: Callable[[bytes, float], None] = lambda payload, now: None
    on_unreachable: Callable[[str, tuple[str, str] | tuple[()], float], None] = lambda node, about, now: None
    agreed: Agreed | None = None
    delay_s: float = 0.001
    retry_s: float = 0.2
    whole: bool = True
    up: bool = False
    _session: int = 0
    _held: list[Callable[[], None]] = field(default_factory=list)
    _known: int = 0
    _seeking: bool = False
    _random: random.Random = field(default_factory=lambda: random.Random(1))
    _latest: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.engine.links.append(self)
        self.seek()

    @property
    def passable(self) -> bool:
        return self.whole and self.engine.running and not self.engine.stalled

    def carry(self, output: Post | Write | Restart | Keep) -> None:
        if isinstance(output, Restart):
            self.lose(output.reason)
            self.seek()
        elif self.up:
            if isinstance(output, Keep):
                self._carry("desk", lambda: self._keep(output))
                return
            self._carry("writes", lambda: self._post(output) if isinstance(output, Post) else self._write(output))

    def told(self, key: str, stored: _Key) -> None:
        if self.up:
            value, gone, revision = stored.value, stored.gone, stored.revision
            self._reply("feed", lambda now: self.registry.on_entry(key, value, gone, revision, 0.0, now))

    def kept(self, value: bytes | None, revision: int) -> None:
        agreed = self.agreed
        if self.up and agreed is not None:
            self._reply("desk feed", lambda now: agreed.on_value(value, revision, now))

    def cut(self) -> None:
        """Nothing passes any more. The edge notices by itself."""
        self.whole = False

    def mend(self) -> None:
        """Everything passes again; what was under way meanwhile comes late."""
        self.whole = True
        self.release()

    def release(self) -> None:
        held, self._held = self._held, []
        for what in held:
            self.engine.clock.after(self.delay_s, what)

    def lose(self, reason: str) -> None:
        """The session ends."""
        if self.up:
            self.up = False
            self._session += 1
            self._held.clear()
            self.change(lambda now: self.registry.on_down(reason, now))
            if (agreed := self.agreed) is not None:
                self.change(lambda now: agreed.on_down(reason, now))

    def seek(self) -> None:
        """Try to begin a session, again and again until there is one."""
        if not self._seeking and not self.up:
            self._seeking = True
            self.engine.clock.after(self.retry_s, self._connect)

    def _connect(self) -> None:
        self._seeking = False
        if not self.passable:
            self.seek()
            return
        self._session += 1
        self.up = True
        fresh, self._known = self._known != self.engine.incarnation, self.engine.incarnation
        now = self.engine.clock.now
        content = [(key, there) for key in list(self.engine.keys) if (there := self.engine.get(key)) is not None]
        content.sort(key=lambda pair: pair[1].revision)
        self.change(lambda now: self.registry.on_up(now, fresh=fresh))
        for key, there in content:
            self._reply(
                "feed",
                lambda now, key=key, there=there, age=now - there.at: self.registry.on_entry(  # type: ignore[misc]
                    key, there.value, there.gone, there.revision, age, now
                ),
            )
        self._reply("feed", self.registry.on_snapshot)
        if self.agreed is not None:
            self.change(self.agreed.on_reading)
            self.kept(*self.engine.desk)
            self._reply("desk feed", self.agreed.on_read)

    def _write(self, write: Write) -> None:
        revision = self.engine.write(write)
        if revision is not None:
            self._reply("answers", lambda now: self.registry.on_written(write.key, revision, write.serial, now))
            return
        there = self.engine.get(write.key)
        value, gone, at = (there.value, there.gone, there.revision) if there else (None, False, 0)
        self._reply("answers", lambda now: self.registry.on_refused(write.key, value, gone, at, write.serial, now))

    def _keep(self, keep: Keep) -> None:
        agreed = self.agreed
        if agreed is None:
            return
        revision = self.engine.keep(keep)
        if revision is not None:
            self._reply("desk answers", lambda now: agreed.on_written(revision, keep.serial, now))
        else:
            value, at = self.engine.desk
            self._reply("desk answers", lambda now: agreed.on_refused(value, at, keep.serial, now))

    def _post(self, post: Post) -> None:
        there = next((link for link in self.engine.links if link.up and link.registry.place.node == post.node), None)
        if there is None:
            self._reply("bus", lambda now: self.on_unreachable(post.node, post.about, now))
        else:
            there._reply("bus", lambda now: there.on_bus(post.payload, now))

    def _reply(self, lane: str, what: Callable[[float], None]) -> None:
        self._carry(lane, lambda: self.change(what))

    def _carry(self, lane: str, what: Callable[[], None]) -> None:
        session = self._session

        def arrive() -> None:
            if self._session != session or not self.up:
                return
            if not self.passable or self._held:
                self._held.append(arrive)
                return
            what()

        now = self.engine.clock.now
        moment = max(now + self.delay_s * self._random.uniform(1.0, 4.0), self._latest.get(lane, 0.0))
        self._latest[lane] = moment
        self.engine.clock.after(moment - now, arrive)
