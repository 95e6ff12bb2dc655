"""The newest `health` of every box, with its age, also of boxes that are away.

Browsers that sing are not kept: a hall may have hundreds of them, and no operator can repair them.

Out of scope: what follows from a figure (formant_net/health/troubles.py says it on the box itself).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.standing import is_phone
from formant_net.protocol.steering import DeskHealth, Health
from formant_net.server.clients import Client, Clients
from formant_net.server.outputs import Outbox

SAME_START_S = 5.0
"""A start that differs by less is the same one: messages take a moment, and clocks are corrected."""
MOST_AWAY = 256
"""Boxes that are away, of which the newest is kept: those that left last."""


@dataclass(slots=True, eq=False)
class Known:
    """One box since the start of the server.

    conn     its connection; 0: it is away, or at another edge
    name     what it calls itself
    seen     when it last gave a sign of life, as far as it is away: s of the hub's clock
    health   what it said last, at `at` (s of the hub's clock); None: nothing yet
    """

    id: str
    conn: int = 0
    name: str = ""
    seen: float = 0.0
    health: Health | None = None
    at: float = 0.0
    started: float | None = None
    """When its node was started, s since 1970."""
    own: bool = False
    """It has registered at this edge."""


class Newest:
    """The boxes of one edge, and the desks that are told how they are."""

    def __init__(self, clients: Clients, outbox: Outbox) -> None:
        self._clients = clients
        self._out = outbox
        self._boxes: dict[str, Known] = {}
        self._desks: set[int] = set()

    @property
    def boxes(self) -> Mapping[str, Known]:
        """All boxes that have registered since the start, by id; of those that are away the last ones."""
        return self._boxes

    def seen(self, box: Known) -> float:
        """When a box last gave a sign of life, s of the hub's clock."""
        client = self._clients.get(box.conn)
        return box.seen if client is None else client.seen

    def arrived(self, client: Client, now: float) -> None:
        """A client has registered, or has said again who it is."""
        if client.role != "synth" or is_phone(client.id):
            return
        box = self._boxes.setdefault(client.id, Known(client.id))
        meta = (client.asked.meta if client.asked is not None else None) or {}
        box.conn, box.seen, box.name, box.own = client.conn, now, str(meta.get("name") or "")[:64], True

    def left(self, client: Client, now: float) -> None:
        """A connection is gone."""
        self._desks.discard(client.conn)
        box = self._boxes.get(client.id)
        if box is None or box.conn != client.conn:
            return
        box.conn, box.seen = 0, client.seen
        self._let_go(box)

    def take(self, client: Client, health: Health, now: float) -> None:
        """A box says how it is. Raises ProtocolError "wrong-role" if it is none."""
        client.check_source(None, "health")
        if client.role != "synth" or is_phone(client.id):
            raise ProtocolError("wrong-role", "only a box says how it is: leave `health` out", "health")
        self.put(client.id, health, now)

    def put(self, id: str, health: Health, now: float, age_s: float = 0.0) -> None:
        """The newest of a box, said `age_s` seconds ago, also of one at another edge. Desks that asked are told."""
        box = self._boxes.setdefault(id, Known(id, seen=now))
        box.health, box.at = health, now - age_s
        started = self._out.wall(box.at) - health.uptime_s
        if box.started is None or abs(started - box.started) > SAME_START_S:
            box.started = started
        if not box.conn:
            self._let_go(box)
        if self._desks:
            self._out.send(tuple(self._desks), DeskHealth(id=id, age_s=round(age_s, 1), health=health))

    def own(self, now: float) -> dict[str, tuple[Health, float]]:
        """What the boxes that are connected here have said, and how long ago, s."""
        return {
            id: (box.health, round(max(0.0, now - box.at), 1))
            for id, box in self._boxes.items()
            if box.conn and box.health is not None
        }

    def forget(self, id: str) -> None:
        """A box was deleted by hand. One that is here stays."""
        box = self._boxes.get(id)
        if box is not None and not box.conn:
            del self._boxes[id]

    def watch(self, desk: Client, now: float) -> None:
        """A desk wants to know how all boxes are, from now on."""
        self._desks.add(desk.conn)
        known = [
            DeskHealth(id=box.id, age_s=round(max(0.0, now - box.at), 1), health=box.health)
            for box in self._boxes.values()
            if box.health is not None
        ]
        if known:
            self._out.send_all((desk.conn,), tuple(known))

    def _let_go(self, newest: Known) -> None:
        """Forget those that are not here and were heard least lately, beyond `MOST_AWAY`."""
        self._boxes[newest.id] = self._boxes.pop(newest.id)  # those that were heard last are at the end
        away = [each.id for each in self._boxes.values() if not each.conn]
        for id in away[: max(0, len(away) - MOST_AWAY)]:
            del self._boxes[id]
