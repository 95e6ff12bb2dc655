"""All parts together, and what can be done to them. Every method is one thing that happens to a real ensemble."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from faults.lab.client import ClientProcess, Host
from faults.lab.clock import Clock, HostClock
from faults.lab.network import Network, Weather
from faults.lab.rtc import Connections
from faults.lab.server import SERVER, ServerProcess
from faults.lab.stamps import Stamps
from faults.lab.witness import Witness

from formant_net.controller.core import Controller
from formant_net.protocol.gesture import TimedTouch
from formant_net.protocol.timing import Timing


@dataclass
class Hand:
    """What a player's fingers really do: finger -> (x, y)."""

    down: dict[int, tuple[float, float]] = field(default_factory=dict)


class Ensemble:
    """A server, synths and controllers by name. `seed` decides everything that is drawn."""

    def __init__(self, seed: int, timing: Timing | None = None, tell: Callable[[str], None] | None = None) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        self.timing = timing or Timing()
        self.clock = Clock()
        self._tell = tell
        self.network = Network(self.clock, self.random)
        self.connections = Connections()
        self.hosts: dict[str, Host] = {}
        self.clients: dict[str, ClientProcess] = {}
        """Living processes by name."""
        self.server: ServerProcess | None = None
        self.hands: dict[str, Hand] = {}
        self.witness = Witness(self)
        self._runs = itertools.count(1)
        self._server_host = self._make_clock()
        self.start_server()

    def next_run(self) -> int:
        return next(self._runs)

    def tell(self, what: str) -> None:
        """A line for people who look at a schedule."""
        if self._tell is not None:
            self._tell(f"{self.clock.now:8.3f} s  {what}")

    def run(self, seconds: float) -> None:
        self.clock.run_until(self.clock.now + seconds)

    def synths(self) -> list[ClientProcess]:
        return [client for name, client in self.clients.items() if name.startswith("synth-")]

    def controllers(self) -> list[ClientProcess]:
        return [client for name, client in self.clients.items() if not name.startswith("synth-")]

    # --- clients

    def start(self, name: str, max_links: int | None = None) -> ClientProcess:
        """A new process of client `name`; nothing happens if one lives."""
        if name in self.clients:
            return self.clients[name]
        host = self.hosts.get(name)
        if host is None:
            stamps = Stamps() if name.startswith("synth-") else Stamps.draw(f"{self.seed} {name}")
            household = f"192.0.2.{len(self.hosts) % 8 + 1}"
            host = self.hosts[name] = Host(name, self._make_clock(), stamps=stamps, household=household)
        client = ClientProcess(name, self.clock, host, random.Random(self.random.getrandbits(64)), self, max_links)
        self.clients[name] = client
        if isinstance(client.client, Controller):
            self.hands[name] = Hand()
        client.start()
        return client

    def kill(self, name: str) -> None:
        client = self.clients.pop(name, None)
        if client is not None:
            client.die()

    def power_off(self, name: str) -> None:
        client = self.clients.pop(name, None)
        if client is not None:
            client.power_off()

    def leave(self, name: str) -> None:
        client = self.clients.get(name)
        if client is not None and client.running:
            del self.clients[name]
            client.leave()

    def stop(self, name: str) -> None:
        if name in self.clients:
            self.clients[name].stop()

    def resume(self, name: str, *, slept: bool = False) -> None:
        """It continues. `slept`: its whole host stood still, and its clock with it."""
        client = self.clients.get(name)
        if client is not None and client.stopped:
            if slept:
                client.clock.jump(-(self.clock.now - client.stopped_at))
            client.resume()

    def set_clock(self, name: str, hours: float) -> None:
        """Somebody sets the clock by which it stamps."""
        if name in self.hosts:
            host = self.hosts[name]
            host.stamps.sets.append((1000.0 * host.clock.now, 3.6e6 * hours))

    def readdress(self, name: str) -> None:
        """Its host gets another address: what was connected under the old one is dead, and nobody is told."""
        self.hosts[name].address += 1
        self.half_open(name)

    def half_open(self, name: str) -> None:
        """Its WebSocket passes nothing any more, and neither end knows."""
        if name in self.clients:
            for socket in self.clients[name].sockets.values():
                if socket.connection is not None:
                    socket.connection.cut_off()

    def blink(self, name: str) -> None:
        """Its WebSocket is reset; both ends are told."""
        if name in self.clients:
            for socket in list(self.clients[name].sockets.values()):
                if socket.connection is not None and not socket.over:
                    connection = socket.connection
                    connection.down.send(lambda socket=socket: socket.closed("connection reset"))  # type: ignore[misc]
                    connection.up.send(lambda c=connection: c.server.does(lambda: c.server.ended(c)))  # type: ignore[misc]

    # --- server

    def start_server(self) -> None:
        if self.server is None:
            seed = random.Random(self.random.getrandbits(64))
            run = f"run{self.next_run()}"
            self.server = ServerProcess(self.clock, self._server_host, seed, self.network, self.timing, run)

    def kill_server(self) -> None:
        if self.server is not None:
            self.server.die()
            self.server = None

    def stop_server(self) -> None:
        if self.server is not None:
            self.server.stop()

    def resume_server(self) -> None:
        if self.server is not None:
            self.server.resume()

    # --- network

    def cut(self, a: str, b: str, *, one_way: bool = False) -> None:
        self.network.cut(a, b)
        if not one_way:
            self.network.cut(b, a)

    def heal(self, a: str, b: str, *, one_way: bool = False) -> None:
        self.network.heal(a, b)
        if not one_way:
            self.network.heal(b, a)

    def isolate(self, name: str, others: Iterable[str]) -> None:
        """Nothing passes between one host and all the others."""
        for other in others:
            if other != name:
                self.cut(name, other)

    def rejoin(self, name: str, others: Iterable[str]) -> None:
        for other in others:
            if other != name:
                self.heal(name, other)

    def weather(self, name: str, weather: Weather) -> None:
        """All that host `name` sends and receives."""
        for other in (*self.hosts, SERVER):
            if other != name:
                self.network.weather[name, other] = self.network.weather[other, name] = weather

    # --- players

    def press(self, name: str, finger: int, x: float, y: float) -> None:
        """A finger comes down, or moves."""
        client = self.clients.get(name)
        if client is not None and client.running and isinstance(client.client, Controller):
            self.hands[name].down[finger] = (x, y)
            client.tell(client.client.touch, [TimedTouch(0.0, finger, x, y)])

    def lift(self, name: str, finger: int) -> None:
        client = self.clients.get(name)
        if client is not None and client.running and isinstance(client.client, Controller):
            self.hands[name].down.pop(finger, None)
            client.tell(client.client.touch, [TimedTouch(0.0, finger, 0.0, 0.0, active=False)])

    def lift_all(self) -> None:
        for name in list(self.hands):
            for finger in list(self.hands[name].down):
                self.lift(name, finger)

    def _make_clock(self) -> HostClock:
        return HostClock(self.clock, self.random.uniform(0.0, 1e6), 1.0 + self.random.uniform(-2e-4, 2e-4))
