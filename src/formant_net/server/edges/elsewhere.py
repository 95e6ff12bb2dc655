"""Boxes and desks at other edges. A desk sees every box of the ensemble, whichever edge it is connected to.

The registry tells which boxes are at which edge. An edge with a desk asks the others to be told how their boxes are
(`bus.Watch`). They answer with all of their boxes, and then with each change. Levels of sound come only to an edge that
has asked for them as well (`bus.Meter`). `bus.Followed` says that every box of an edge was told what follows from a
revision of the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from formant_net.protocol.steering import DeskBox, Health
from formant_net.server.outputs import Outbox
from formant_net.server.registry import bus
from formant_net.server.registry.registry import Registry

AGAIN_S = 5.0
"""Seconds until an edge that a message did not reach is asked again, if the registry still has it."""


class Elsewhere:
    """The other edges, as far as desks and boxes are concerned."""

    def __init__(self, registry: Registry, outbox: Outbox) -> None:
        self._registry = registry
        self._out = outbox
        self._node = registry.place.node
        self._asked: set[str] = set()
        self._watchers: set[str] = set()
        self._metering: set[str] = set()
        """Edges that were asked for levels."""
        self._meterers: set[str] = set()
        self._lost: dict[str, float] = {}
        """Edges that a message did not reach, and when they are asked again, s."""

    def watch(self, on: bool, now: float) -> None:
        """There is a desk here, or none any more. Called again whenever other edges may have come."""
        due = {node for node, at in self._lost.items() if now >= at}
        for node in due:
            del self._lost[node]
            self._metering.discard(node)
        nodes = {place.node for place in self._registry.others()} if on and self._registry.online else set()
        for node in sorted(nodes - (self._asked - due)):
            self._out.post(node, bus.encode(bus.Watch(node=self._node, on=True)))
        if self._registry.online:
            for node in sorted(self._asked - nodes):
                self._out.post(node, bus.encode(bus.Watch(node=self._node, on=False)))
        self._asked = nodes

    def watched(self, by: bus.Watch, boxes: Iterable[DeskBox], rev: int) -> None:
        """Another edge has a desk, or none any more: tell it of the boxes of this edge."""
        if not by.on:
            self._watchers.discard(by.node)
            return
        self._watchers.add(by.node)
        for box in boxes:
            self._out.post(by.node, bus.encode(bus.BoxNews(node=self._node, box=box)))
        self._out.post(by.node, bus.encode(bus.Followed(node=self._node, rev=rev)))

    def tell(self, box: DeskBox) -> None:
        """A box of this edge has changed."""
        for node in self._watchers:
            self._out.post(node, bus.encode(bus.BoxNews(node=self._node, box=box)))

    def meter(self, on: bool) -> None:
        """A desk here shows levels, or none any more. Called again whenever other edges may have come."""
        if not self._registry.online:
            return
        nodes = {place.node for place in self._registry.others()} if on else set()
        for node in sorted(nodes ^ self._metering):
            if node not in self._lost:  # it is asked when it is there again
                self._out.post(node, bus.encode(bus.Meter(node=self._node, on=node in nodes)))
        self._metering = nodes - set(self._lost)

    @property
    def metered(self) -> bool:
        """Whether another edge wants levels."""
        return bool(self._meterers)

    def meterer(self, by: bus.Meter) -> None:
        """Another edge wants levels, or wants them no more."""
        (self._meterers.add if by.on else self._meterers.discard)(by.node)

    def levels(self, peak_db: Mapping[str, float]) -> None:
        """How loud boxes of this edge are."""
        for node in self._meterers:
            self._out.post(node, bus.encode(bus.LevelNews(peak_db=dict(peak_db))))

    def said(self, id: str, health: Health, age_s: float = 0.0, to: str | None = None) -> None:
        """A box of this edge has said how it is. `to`: only this edge wants to know it."""
        for node in self._watchers if to is None else (to,):
            self._out.post(node, bus.encode(bus.HealthNews(id=id, age_s=age_s, health=health)))

    def followed(self, rev: int) -> None:
        """Every box of this edge was told what follows from this revision."""
        for node in self._watchers:
            self._out.post(node, bus.encode(bus.Followed(node=self._node, rev=rev)))

    def identify(self, node: str, box: str, seconds: float) -> None:
        """A box of that edge is to sing its tune."""
        self._out.post(node, bus.encode(bus.Identify(id=box, seconds=seconds)))

    def gone(self, node: str, now: float) -> None:
        """A message did not reach that run of an edge: it has ended, or it is away from the engine for a moment."""
        self._watchers.discard(node)
        self._meterers.discard(node)
        if node in self._asked:  # not asked again at once: that would not arrive either, and end here again
            self._lost.setdefault(node, now + AGAIN_S)
