"""Several edges with raw clients on one simulated engine, on one virtual clock."""

from __future__ import annotations

from collections.abc import Callable

from support.virtual.clients import RawClients
from support.virtual.engine import Clock, Engine, Link

from formant_net.fleet.agreed import Agreed
from formant_net.fleet.document import Document
from formant_net.fleet.wanted import Wanted
from formant_net.protocol.timing import Timing
from formant_net.server.registry.leases import Place
from formant_net.server.registry.shared import SharedRegistry

__all__ = ["EdgeClients", "Edges"]


class EdgeClients(RawClients):
    """One edge: clients of a hub that is on a shared registry."""

    def __init__(self, world: Edges, place: Place, desk: Document | None = None) -> None:
        self.shared = SharedRegistry(place, world.timing.ttl_s)
        self.agreed = Agreed(Wanted(document=desk or Document(epoch=f"epoch-{place.node}")), place.node)
        super().__init__(key=world.key, timing=world.timing, registry=self.shared, agreed=self.agreed)
        self.world = world
        self.clock = world.clock
        self.answering: set[int] = set()
        self.link = Link(
            world.engine,
            self.shared,
            self._change,
            on_bus=self.hub.on_bus,
            on_unreachable=self.hub.on_unreachable,
            agreed=self.agreed,
        )

    def sort(self) -> list[int]:
        """Deliver; what is for other edges goes to the engine; whoever is `answering` answers probes a moment later."""
        probes = super().sort()
        posted, self.posted = self.posted, []
        for each in posted:
            self.link.carry(each)
        for conn in probes:
            if conn in self.answering:
                self.clock.after(0.01, lambda conn=conn: self._answer(conn))  # type: ignore[attr-defined]
        return probes

    def _answer(self, conn: int) -> None:
        if conn in self.open:
            self.pong(conn)

    def wait(self, seconds: float, *, answering: tuple[int, ...] = ()) -> None:
        self.answering.update(answering)
        self.world.run(seconds)

    def _change(self, what: Callable[[float], None]) -> None:
        what(self.clock.now)
        self.hub.on_registry(self.clock.now)
        self.sort()


class Edges:
    """Edges by name, and time."""

    def __init__(self, *names: str, key: str | None = None, timing: Timing | None = None) -> None:
        self.clock = Clock()
        self.engine = Engine(self.clock)
        self.key = key
        self.timing = timing or Timing()
        self.edges: dict[str, EdgeClients] = {}
        self._runs = 0
        for name in names:
            self.edge(name)
        self.run(1.0)

    def __getitem__(self, name: str) -> EdgeClients:
        return self.edges[name]

    def edge(self, name: str, location: str = "", desk: Document | None = None) -> EdgeClients:
        """Start an edge, or start it again. `desk`: the fleet document in its state folder."""
        self._runs += 1
        self.edges[name] = EdgeClients(self, Place(name, f"{name}-run{self._runs}", location), desk)
        return self.edges[name]

    def kill(self, name: str) -> EdgeClients:
        """Its process dies: its sockets are closed, and it says nothing more."""
        dead = self.edges.pop(name)
        dead.link.up = dead.link.whole = False
        self.engine.links.remove(dead.link)
        return dead

    def run(self, seconds: float) -> None:
        """Let time pass; everything happens at its moment."""
        until = self.clock.now + seconds
        while True:
            due = [
                (moment, name) for name, edge in self.edges.items() if (moment := edge.hub.next_deadline()) is not None
            ]
            first = min(due, default=None)
            event = self.clock.next()
            if event is not None and event <= until and (first is None or event <= first[0]):
                self.clock.step()
            elif first is not None and first[0] <= until:
                self.clock.now = max(self.clock.now, first[0])
                edge = self.edges[first[1]]
                edge.hub.on_deadline(self.clock.now)
                edge.sort()
            else:
                break
        self.clock.now = until
