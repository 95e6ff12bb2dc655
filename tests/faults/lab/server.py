"""The server: a hub in a process, and its sockets."""

from __future__ import annotations

import itertools
import random
from functools import partial
from typing import TYPE_CHECKING

from faults.lab.clock import Clock, HostClock
from faults.lab.network import Network, Stream
from faults.lab.process import Process

from formant_net.protocol.codec import encode
from formant_net.protocol.messages import Message
from formant_net.protocol.timing import Timing
from formant_net.server.access.join_keys import Access
from formant_net.server.hub import Hub
from formant_net.server.outputs import Close, Probe, Send, SendAll
from formant_net.server.registry.leases import Place
from formant_net.server.registry.memory import MemoryRegistry

if TYPE_CHECKING:
    from faults.lab.client import Socket

SERVER = "server"


class Connection:
    """One accepted TCP connection, as the server has it; and the two directions."""

    def __init__(self, network: Network, socket: Socket, server: ServerProcess) -> None:
        self.socket, self.server = socket, server
        self.number = 0
        self.heard_at = network.clock.now
        """True moment of the last sign of life that reached the server."""
        client = socket.owner.host.name
        self.up, self.down = Stream(network, client, SERVER), Stream(network, SERVER, client)

    @property
    def flows(self) -> bool:
        """True while what is sent arrives, either way."""
        return not (self.up.held_up or self.down.held_up)

    def cut_off(self) -> None:
        """Half open from now on: either side believes in it, nothing passes."""
        self.up.end()
        self.down.end()


class ServerProcess(Process):
    """One run of the server. The next run knows nothing of it."""

    def __init__(
        self, true: Clock, clock: HostClock, seed: random.Random, network: Network, timing: Timing, instance: str
    ) -> None:
        super().__init__(SERVER, true, clock, seed)
        self.network = network
        self.registry = MemoryRegistry(Place("lab", instance), timing.ttl_s)
        secrets = itertools.count(1)
        self.hub = Hub(
            self.registry,
            Access("key"),
            make_secret=lambda: f"{instance}-secret-{next(secrets)}",
            timing=timing,
        )
        self.connections: dict[int, Connection] = {}
        self._last = 0

    def core(self) -> Hub:
        return self.hub

    # --- sockets

    def accept(self, connection: Connection) -> None:
        self._last += 1
        connection.number = self._last
        self.connections[self._last] = connection
        connection.down.send(connection.socket.opened)
        number, address = connection.number, connection.socket.owner.host.household
        self.tell(self.hub.connect, number, address)

    def frame(self, connection: Connection, text: str) -> None:
        if connection.number in self.connections:
            connection.heard_at = self.true.now
            self.tell(self.hub.receive_frame, connection.number, text)

    def pinged(self, connection: Connection) -> None:
        """A WebSocket ping: the library answers."""
        if connection.number in self.connections:
            connection.heard_at = self.true.now
            connection.down.send(connection.socket.ponged)
            self.tell(self.hub.alive, connection.number)

    def ponged(self, connection: Connection) -> None:
        if connection.number in self.connections:
            connection.heard_at = self.true.now
            self.tell(self.hub.alive, connection.number)

    def ended(self, connection: Connection) -> None:
        """The client has closed, or its process has died."""
        if self.connections.pop(connection.number, None) is not None:
            self.tell(self.hub.disconnect, connection.number)

    def die(self) -> None:
        super().die()
        for connection in self.connections.values():
            connection.down.send(partial(connection.socket.closed, "connection reset"))
        self.connections.clear()

    def _send(self, to: tuple[int, ...], message: Message | str) -> None:
        text = message if isinstance(message, str) else encode(message)
        for number in to:
            connection = self.connections.get(number)
            if connection is not None:
                connection.down.send(partial(connection.socket.heard, text))

    def carry_out(self) -> None:
        for output in self.hub.drain():
            if isinstance(output, Send):
                self._send(output.to, output.message)
            elif isinstance(output, SendAll):
                for message in output.messages:
                    self._send(output.to, message)
            elif isinstance(output, Close):
                connection = self.connections.get(output.conn)
                if connection is not None:
                    connection.down.send(partial(connection.socket.closed, output.reason))
            elif isinstance(output, Probe):
                connection = self.connections.get(output.conn)
                if connection is not None:
                    connection.down.send(partial(connection.socket.pinged))
