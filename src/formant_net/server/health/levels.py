"""How loud the boxes are, for desks with level meters: nobody measures or says anything as long as no desk asks.

Boxes are asked while a desk at this edge or at another one wants to see levels. What they say within a quarter of a
second goes to each desk in one message, so a hundred boxes cost a desk four messages a second.
"""

from __future__ import annotations

from collections.abc import Mapping

from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.standing import is_phone
from formant_net.protocol.steering import LEVEL_S, METERS, DeskLevels, DeskMeters, Level, Meter
from formant_net.server.clients import Client, Clients
from formant_net.server.edges.elsewhere import Elsewhere
from formant_net.server.outputs import Outbox

LINGER_S = 5.0
"""Seconds for which boxes go on after the last desk has gone: a page that is loaded anew does not ask all of them."""
MOST_DESKS = 64
"""Desks that see levels."""
MOST_BOXES = 512
"""Boxes in one message to a desk."""


class Levels:
    """The boxes of one edge that can say their level, and the desks that want it. `elsewhere`: the other edges."""

    def __init__(self, clients: Clients, outbox: Outbox, elsewhere: Elsewhere | None = None) -> None:
        self._clients = clients
        self._out = outbox
        self._elsewhere = elsewhere
        self._desks: set[int] = set()
        self._wanted = False
        """By a desk of this edge, now or a moment ago."""
        self._asked = False
        """Boxes of this edge say their levels, for desks here or at other edges."""
        self._until: float | None = None
        """When they stop, because the last desk has gone."""
        self._own: dict[str, float] = {}
        self._far: dict[str, float] = {}
        self._next: float | None = None

    def watch(self, client: Client, message: DeskMeters, now: float) -> None:
        """A desk wants levels, or wants them no more. Raises ProtocolError for a client that is no desk."""
        if client.role != "desk":
            raise ProtocolError("wrong-role", "only a desk sees levels: register with role `desk`", "desk-meters")
        if not message.on:
            self._desks.discard(client.conn)
        elif client.conn not in self._desks and len(self._desks) >= MOST_DESKS:
            raise ProtocolError("server-full", f"{MOST_DESKS} desks show levels: close one of them", "desk-meters")
        else:
            self._desks.add(client.conn)
        self._weigh(now)

    def take(self, client: Client, message: Level, now: float) -> bool:
        """A box says how loud it is. One that was not asked is not heard. Returns whether a deadline was set."""
        if client.role != "synth":
            raise ProtocolError("wrong-role", "only a box says its level: leave `level` out", "level")
        if not self._asked or not _can(client) or (len(self._own) >= MOST_BOXES and client.id not in self._own):
            return False
        self._own[client.id] = round(message.peak_db, 1)
        return self._soon(now)

    def heard(self, peak_db: Mapping[str, float], now: float) -> None:
        """The levels of boxes of another edge."""
        if self._desks and len(self._far) < MOST_BOXES:
            self._far.update(peak_db)
            self._soon(now)

    def arrived(self, client: Client, now: float) -> None:
        """A client has registered, or has said again who it is. A box is asked if somebody watches."""
        if self._asked and _can(client):
            self._out.send(client.conn, Meter(every_s=LEVEL_S))

    def left(self, client: Client, now: float) -> None:
        """A connection is gone."""
        self._own.pop(client.id, None)
        self._desks.discard(client.conn)
        self._weigh(now)

    def edges_changed(self, now: float) -> None:
        """Other edges have come or gone, or one of them wants levels, or wants them no more."""
        if self._elsewhere is not None:
            self._elsewhere.meter(self._wanted)
        self._weigh(now)

    def next_deadline(self) -> float | None:
        """When `on_deadline` has something to do, or None."""
        if self._next is None or self._until is None:
            return self._until if self._next is None else self._next
        return min(self._next, self._until)

    def on_deadline(self, now: float) -> None:
        """Desks and other edges are told; boxes are asked no more if nobody watches."""
        if self._next is not None and now >= self._next:
            self._next = None
            own, self._own, far, self._far = self._own, {}, self._far, {}
            if desks := tuple(conn for conn in self._desks if conn in self._clients):
                self._out.send(desks, DeskLevels(peak_db={**far, **own}))
            if own and self._elsewhere is not None:
                self._elsewhere.levels(own)
        if self._until is not None and now >= self._until:
            self._until, self._wanted = None, False
            if self._elsewhere is not None:
                self._elsewhere.meter(False)
            self._weigh(now)

    def _soon(self, now: float) -> bool:
        if self._next is not None:
            return False
        self._next = now + LEVEL_S
        return True

    def _weigh(self, now: float) -> None:
        """Ask the boxes, or let them be silent."""
        if self._desks:
            self._until = None
            if not self._wanted and self._elsewhere is not None:
                self._elsewhere.meter(True)
            self._wanted = True
        elif self._wanted and self._until is None:
            self._until = now + LINGER_S
        asked = self._wanted or (self._elsewhere is not None and self._elsewhere.metered)
        if asked == self._asked:
            return
        self._asked = asked
        if boxes := tuple(client.conn for client in self._clients.registered() if _can(client)):
            self._out.send(boxes, Meter(every_s=LEVEL_S if asked else 0.0))


def _can(client: Client) -> bool:
    meta = (client.asked.meta if client.asked is not None else None) or {}
    return client.role == "synth" and meta.get(METERS) is True and not is_phone(client.id)
