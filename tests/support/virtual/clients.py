"""A hub with clients that speak raw JSON on a virtual clock, and a record of their messages and closed sockets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

from support.virtual.clock import VirtualClock

from formant_net.fleet.agreed import Agreed, Keep
from formant_net.fleet.document import Document
from formant_net.protocol.codec import encode
from formant_net.protocol.ice import IceServers
from formant_net.protocol.messages import Message
from formant_net.protocol.timing import Timing
from formant_net.server.access.join_keys import Access
from formant_net.server.access.limits import Limits
from formant_net.server.hub import Hub
from formant_net.server.outputs import Close, Event, Post, Probe, Send, SendAll
from formant_net.server.registry.leases import Lease, Place
from formant_net.server.registry.memory import MemoryRegistry
from formant_net.server.registry.registry import Registry, Restart, Write

ICE = [{"urls": ["stun:192.168.1.1:3478"]}]


class Timepiece(Protocol):
    """What they need of a clock."""

    now: float


class RawClients:
    """Connections are integers. Text goes in with `say`; everything the hub puts out is sorted by connection."""

    def __init__(
        self,
        *,
        key: str | None = None,
        limits: Limits | None = None,
        timing: Timing | None = None,
        access: Access | None = None,
        ice_servers: IceServers | None = None,
        registry: Registry | None = None,
        fleet: Document | None = None,
        agreed: Agreed | None = None,
    ) -> None:
        self.clock: Timepiece = VirtualClock()
        self.timing = timing or Timing()
        self.registry = registry or MemoryRegistry(Place("attic", "run1"), self.timing.ttl_s)
        self.secrets = 0
        self.hub = Hub(
            self.registry,
            access or Access(key),
            make_secret=self._secret,
            ice_servers=ice_servers or IceServers(tuple(ICE)),
            timing=self.timing,
            limits=limits,
            fleet=fleet,
            agreed=agreed,
        )
        self.inbox: dict[int, list[dict[str, Any]]] = {}
        self.closed: dict[int, int] = {}
        self.probed: list[int] = []
        self.events: list[Event] = []
        self.posted: list[Post | Write | Restart | Keep] = []
        self.open: set[int] = set()
        self._next = 0

    def _secret(self) -> str:
        self.secrets += 1
        return f"secret-{self.secrets}"

    def connect(self, address: str = "") -> int:
        self._next += 1
        self.inbox[self._next] = []
        self.open.add(self._next)
        self.hub.connect(self._next, address, self.clock.now)
        self.sort()
        return self._next

    def say(self, conn: int, type: str, **fields: Any) -> list[dict[str, Any]]:
        """Send one message; what this connection has heard since it was asked last."""
        return self.frame(conn, self.text(type, **fields))

    @staticmethod
    def text(type: str, **fields: Any) -> str:
        return json.dumps({"type": type, **fields})

    def frame(self, conn: int, frame: str | bytes) -> list[dict[str, Any]]:
        self.hub.receive_frame(conn, frame, self.clock.now)
        self.sort()
        return self.heard(conn)

    def join(self, id: str, *, address: str = "", **fields: Any) -> int:
        """A new connection that registers as `id`; what it hears stays unread except for `registered`."""
        conn = self.connect(address)
        answers = self.say(conn, "register", client_id=id, **fields)
        if not answers:  # the registry of several edges takes a moment
            self.wait(0.1)
            answers = self.heard(conn)
        assert [answer["type"] for answer in answers] == ["registered"], answers
        return conn

    def pong(self, conn: int) -> None:
        self.hub.alive(conn, self.clock.now)
        self.sort()

    def drop(self, conn: int) -> None:
        """The socket closes."""
        self.open.discard(conn)
        self.hub.disconnect(conn, self.clock.now)
        self.sort()

    def wait(self, seconds: float, *, answering: tuple[int, ...] = ()) -> None:
        """Let time pass; the connections in `answering` answer every probe at once."""
        end = self.clock.now + seconds
        while (deadline := self.hub.next_deadline()) is not None and deadline <= end:
            self.clock.now = max(self.clock.now, deadline)
            self.hub.on_deadline(self.clock.now)
            for conn in self.sort():
                if conn in answering:
                    self.pong(conn)
        self.clock.now = end

    def leases(self, role: str = "controller") -> list[Lease]:
        """The leases of clients of this role."""
        return [lease for lease in self.registry.leases(now=self.clock.now) if lease.role == role]

    def heard(self, conn: int) -> list[dict[str, Any]]:
        messages, self.inbox[conn] = self.inbox[conn], []
        return messages

    def kinds(self, conn: int) -> list[str]:
        return [message["type"] for message in self.heard(conn)]

    def sort(self) -> list[int]:
        """Deliver what the hub puts out; the connections that were probed."""
        probes: list[int] = []
        for output in self.hub.drain():
            match output:
                case Send(to, message):
                    self.hear(to, message)
                case SendAll(to, messages):
                    self.hear(to, *messages)
                case Post() | Write() | Restart() | Keep():
                    self.posted.append(output)
                case Close(conn, code):
                    assert conn in self.open, f"{conn} closed twice"
                    self.closed[conn] = code
                    self.open.discard(conn)
                case Probe(conn):
                    assert conn in self.open, f"{conn} probed although closed"
                    probes.append(conn)
                case Event(level, name, fields):
                    assert level in ("debug", "info", "warning"), output
                    assert name not in ("debug", "info", "warning"), output
                    assert isinstance(fields, Mapping), output
                    self.events.append(output)
        self.probed += probes
        return probes

    def hear(self, to: tuple[int, ...], *messages: Message | str) -> None:
        """Put messages into inboxes, as a socket would."""
        for message in messages:
            for conn in to:
                assert conn in self.open, f"{message} to {conn}, which is closed"
                self.inbox[conn].append(json.loads(message if isinstance(message, str) else encode(message)))


def only(messages: list[dict[str, Any]]) -> dict[str, Any]:
    """The one message that there must be."""
    assert len(messages) == 1, messages
    return messages[0]


def refused(messages: list[dict[str, Any]], code: str, about: str | None = None) -> str:
    """The text of the one error in `messages`, which must have this code."""
    error = only(messages)
    assert (error["type"], error["code"]) == ("error", code), error
    if about is not None:
        assert error.get("about", "") == about
    return str(error["message"])
