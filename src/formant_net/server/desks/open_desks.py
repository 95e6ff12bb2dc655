"""The open desks of one edge: they hear of every change."""

from __future__ import annotations

from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.fields import Message
from formant_net.server.clients import Client, Clients
from formant_net.server.edges.elsewhere import Elsewhere
from formant_net.server.outputs import Outbox

MOST_DESKS = 64


class OpenDesks:
    """At most `MOST_DESKS`. While one is open, the other edges tell this one of their boxes.

    elsewhere   the other edges; None: this edge is alone
    """

    def __init__(self, clients: Clients, outbox: Outbox, elsewhere: Elsewhere | None) -> None:
        self._clients = clients
        self._out = outbox
        self._elsewhere = elsewhere
        self._desks: dict[int, Client] = {}

    def __bool__(self) -> bool:
        return bool(self._desks)

    def add(self, client: Client) -> None:
        """A desk opens the document, perhaps again. Raises ProtocolError "server-full"."""
        if client.conn not in self._desks and len(self._desks) >= MOST_DESKS:
            raise ProtocolError("server-full", f"{MOST_DESKS} desks are open: close one of them")
        self._desks[client.conn] = client

    def remove(self, client: Client, now: float) -> None:
        """A connection has ended; it may be a desk's."""
        if self._desks.pop(client.conn, None) is not None and not self._desks and self._elsewhere is not None:
            self._elsewhere.watch(False, now)

    def watch(self, now: float) -> None:
        """Ask the other edges for news of their boxes, if a desk is open. Call it again when edges may have come."""
        if self._desks and self._elsewhere is not None:
            self._elsewhere.watch(True, now)

    def tell(self, message: Message) -> None:
        """Send a message to every open desk."""
        if desks := tuple(conn for conn in self._desks if conn in self._clients):  # one may end at the same moment
            self._out.send(desks, message)
