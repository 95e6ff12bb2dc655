"""The edges of one ensemble for tests of registries and buses: in memory, on a simulated engine, or on a real one."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from support.suite.patience import PATIENCE_S
from support.virtual.engine import Clock, Engine, Link

from formant_net.aio.driver import clock
from formant_net.protocol.messages import Role
from formant_net.server.outputs import Post
from formant_net.server.registry.bus import MemoryBus
from formant_net.server.registry.leases import Lease, Place
from formant_net.server.registry.memory import MemoryRegistry, MemoryStore
from formant_net.server.registry.registry import Joined, Notice, Reason, Registry
from formant_net.server.registry.shared import SharedRegistry

KINDS = ("memory", "simulated", "nats")


@dataclass(eq=False)
class End:
    """One edge's end: what it has been told, and what has come by the bus."""

    registry: Registry
    change: Callable[[Callable[[float], None]], None]
    post: Callable[[Post], None]
    notices: list[Notice] = field(default_factory=list)
    mail: list[bytes] = field(default_factory=list)
    unreachable: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def put(self, id: str, ws_id: str, *, role: Role = "controller", over: str | None = None, **meta: Any) -> None:
        place = self.registry.place
        self.change(lambda now: self.registry.put(Lease(id, role, ws_id, place, meta, since=now), now, over=over))

    def touch(self, id: str, ws_id: str) -> None:
        self.change(lambda now: self.registry.touch(id, ws_id, now))

    def delete(self, id: str, ws_id: str, reason: Reason = "closed") -> None:
        self.change(lambda now: self.registry.delete(id, ws_id, now, reason))

    def leases(self, prefix: str = "") -> list[Lease]:
        found: list[Lease] = []
        self.change(lambda now: found.extend(self.registry.leases(prefix, now=now)))
        return found

    def told(self) -> list[str]:
        """What has been told since this was asked last, in short: `joined ctrl-a ws1`, `expired ctrl-a`."""
        notices, self.notices = self.notices, []
        return [_short(notice) for notice in notices]


def _short(notice: Any) -> str:
    if isinstance(notice, Joined):
        return f"joined {notice.lease.id} {notice.lease.ws_id}"
    if hasattr(notice, "reason"):
        return f"{notice.reason} {notice.id}"
    return f"{type(notice).__name__.lower()} {notice.id} {notice.ws_id} to {notice.holder.ws_id}"


class Ensemble(Protocol):
    """Edges, and time."""

    ttl_s: float

    async def edge(self, name: str, ensemble: str = "one", location: str = "") -> End: ...
    async def remove(self, end: End) -> None:
        """Its process dies."""

    async def settle(self) -> None:
        """Until everything that was said has arrived."""

    async def told(self, count: int, *ends: End) -> None:
        """Until each of the ends has so many notices, and everything else has arrived, too."""

    async def wait(self, seconds: float) -> None: ...


class MemoryEnsemble:
    """Edges in one process, each ensemble on its own store and bus."""

    ttl_s = 60.0

    def __init__(self) -> None:
        self.now = 1000.0
        self._ends: list[End] = []
        self._nodes = 0
        self._stores: dict[str, tuple[MemoryStore, MemoryBus]] = {}

    async def edge(self, name: str, ensemble: str = "one", location: str = "") -> End:
        store, bus = self._stores.setdefault(ensemble, (MemoryStore(), MemoryBus()))
        self._nodes += 1
        registry = MemoryRegistry(Place(name, f"node{self._nodes}", location), self.ttl_s, store)

        def change(what: Callable[[float], None]) -> None:
            what(self.now)
            for each in self._ends:
                each.notices += each.registry.drain()

        def post(post: Post) -> None:
            if not bus.post(post.node, post.payload):
                end.unreachable.append((post.node, post.about))

        end = End(registry, change, post)
        bus.attach(registry.place.node, end.mail.append)
        self._ends.append(end)
        return end

    async def remove(self, end: End) -> None:
        assert isinstance(end.registry, MemoryRegistry)
        for store, bus in self._stores.values():
            if end.registry.place.node in store.registries:
                store.forsake(end.registry)
                bus.detach(end.registry.place.node)
        self._ends.remove(end)

    async def settle(self) -> None:
        pass

    async def told(self, count: int, *ends: End) -> None:
        pass

    async def wait(self, seconds: float) -> None:
        until = self.now + seconds
        while True:
            due = [(moment, i) for i, end in enumerate(self._ends) if (moment := end.registry.next_deadline())]
            if not due or min(due)[0] > until:
                break
            moment, i = min(due)
            self.now = max(self.now, moment)
            self._ends[i].change(self._ends[i].registry.expire)
        self.now = until


class SimulatedEnsemble:
    """Edges with shared registries on a simulated engine each ensemble."""

    ttl_s = 60.0

    def __init__(self) -> None:
        self.clock = Clock()
        self.engines: dict[str, Engine] = {}
        self.links: dict[str, Link] = {}
        self._ends: list[End] = []
        self._nodes = 0

    async def edge(self, name: str, ensemble: str = "one", location: str = "") -> End:
        engine = self.engines.setdefault(ensemble, Engine(self.clock))
        self._nodes += 1
        registry = SharedRegistry(Place(name, f"node{self._nodes}", location), self.ttl_s)

        def change(what: Callable[[float], None]) -> None:
            what(self.clock.now)
            end.notices += registry.drain()
            for each in registry.writes():
                link.carry(each)

        end = End(registry, change, lambda post: link.carry(post))
        link = Link(
            engine,
            registry,
            lambda what: change(what),
            on_bus=lambda payload, now: end.mail.append(payload),
            on_unreachable=lambda node, about, now: end.unreachable.append((node, about)),
        )
        self.links[registry.place.node] = link
        self._ends.append(end)
        await self.settle()
        assert registry.online
        return end

    async def remove(self, end: End) -> None:
        link = self.links.pop(end.registry.place.node)
        link.up = False
        link.whole = False
        link.engine.links.remove(link)
        self._ends.remove(end)

    async def settle(self) -> None:
        await self.wait(0.5)

    async def told(self, count: int, *ends: End) -> None:
        await self.settle()
        await self.settle()

    async def wait(self, seconds: float) -> None:
        until = self.clock.now + seconds
        while True:
            due = [(moment, i) for i, end in enumerate(self._ends) if (moment := end.registry.next_deadline())]
            first = min(due, default=None)
            event = self.clock.next()
            if event is not None and event <= until and (first is None or event <= first[0]):
                self.clock.step()
            elif first is not None and first[0] <= until:
                self.clock.now = max(self.clock.now, first[0])
                end = self._ends[first[1]]
                end.change(end.registry.expire)
            else:
                break
        self.clock.now = until


class NatsEnsemble:
    """Edges with shared registries on a real NATS server, in real time."""

    ttl_s = 60.0

    def __init__(self, server: str) -> None:
        self._server = server
        self._ends: dict[str, tuple[End, Any]] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._run = f"t{random.getrandbits(40):x}"

    async def edge(self, name: str, ensemble: str = "one", location: str = "") -> End:
        from formant_net.aio.server.engine import Engine as NatsEngine
        from formant_net.protocol.timing import Timing
        from formant_net.server.registry.engine_url import EngineUrl
        from formant_net.timers.backoff import Backoff

        loop = asyncio.get_running_loop()
        node = f"node{len(self._ends)}{random.getrandbits(20):x}"
        registry = SharedRegistry(Place(name, node, location), self.ttl_s)

        def change(what: Callable[[float], None]) -> None:
            what(clock())
            end.notices += registry.drain()
            for each in registry.writes():
                engine.carry(each)
            if node in self._timers:
                self._timers[node].cancel()
            due = registry.next_deadline()
            if due is not None:
                self._timers[node] = loop.call_later(due + 0.001 - clock(), lambda: change(registry.expire))

        engine = NatsEngine(
            EngineUrl.parse(f"nats://{self._server}/{self._run}{ensemble}"),
            registry,
            Backoff(Timing(), random.random),
            change=change,
            on_change=lambda now: None,
            on_bus=lambda payload, now: end.mail.append(payload),
            on_unreachable=lambda node, about, now: end.unreachable.append((node, about)),
        )
        end = End(registry, change, engine.carry)
        self._ends[node] = (end, engine)
        engine.start()
        async with asyncio.timeout(PATIENCE_S):
            while not registry.online:
                await asyncio.sleep(0.005)
        return end

    async def remove(self, end: End) -> None:
        _, engine = self._ends.pop(end.registry.place.node)
        engine._session._nats._transport.close()  # as the death of the process closes it: not a word more
        engine._session = None
        self._timers.pop(end.registry.place.node).cancel()
        await engine.close()  # a dead process does not come back

    async def settle(self) -> None:
        """Until no edge has been told anything for 0.15 s and in ten rounds of a pause and a question to the engine.

        On a busy machine this task or the engine stands still for longer than that; each round waits for both.
        """
        began, rounds, before = clock(), 0, self._told()
        async with asyncio.timeout(PATIENCE_S):
            while rounds < 10 or clock() < began + 0.15:
                await asyncio.sleep(0.015)
                for _, engine in self._ends.values():
                    if (session := engine._session) is not None:
                        await session.flush()
                rounds += 1
                if (now := self._told()) != before:
                    began, rounds, before = clock(), 0, now

    async def told(self, count: int, *ends: End) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while any(len(end.notices) < count for end in ends):
                await asyncio.sleep(0.02)
        await self.settle()

    def _told(self) -> list[tuple[int, int, int]]:
        """How much each edge has been told since it was asked last."""
        return [(len(end.notices), len(end.mail), len(end.unreachable)) for end, _ in self._ends.values()]

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        for _, engine in self._ends.values():
            await engine.close()


@asynccontextmanager
async def ensemble(kind: str, server: str) -> AsyncIterator[Ensemble]:
    """`memory`, `simulated`, or `nats` on the server `host:port`."""
    if kind == "memory":
        yield MemoryEnsemble()
    elif kind == "simulated":
        yield SimulatedEnsemble()
    else:
        nats = NatsEnsemble(server)
        try:
            yield nats
        finally:
            await nats.close()
