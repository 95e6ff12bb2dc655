"""A synth or a controller: its core in a process, one WebSocket at a time, and its ends of connections."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from faults.lab.clock import Clock, HostClock
from faults.lab.process import Process
from faults.lab.rtc import End, Sent
from faults.lab.server import SERVER, Connection
from faults.lab.stamps import Stamps

from formant_net.client import effects as fx
from formant_net.client.servers import Server
from formant_net.controller.core import Controller
from formant_net.protocol.codec import decode_signaling, encode
from formant_net.protocol.messages import Answer, Candidate, IceCandidate, Offer
from formant_net.synth.core import Synth
from formant_net.synth.touches import NoteMove, NoteOff, NoteOn

if TYPE_CHECKING:
    from faults.lab.ensemble import Ensemble

URL = "ws://server.test/ws"
ALIVE_S = 10.0
"""As in formant_net/aio/client/signaling.py."""
SYN_S = (0.0, 1.0, 3.0, 7.0)
"""When a TCP connection is tried, s after the first time."""
GATHER_S = (0.001, 0.1)


@dataclass
class Host:
    """A machine: its clock, and an address that may change under its processes."""

    name: str
    clock: HostClock
    address: int = 1
    stamps: Stamps = field(default_factory=Stamps)
    household: str = "192.0.2.1"
    """The address that the server sees: that of the router."""


class Socket:
    """One attempt of a client: the library's part of a WebSocket."""

    def __init__(self, owner: ClientProcess, attempt: int) -> None:
        self.owner, self.attempt = owner, attempt
        self.connection: Connection | None = None
        self.is_open = False
        self.over = False
        self._answered = True
        self._queued: list[str] = []

    # --- what the library does

    def dial(self) -> None:
        net = self.owner.ensemble.network
        for delay_s in SYN_S:
            net.clock.after(delay_s, self._try)

    def _try(self) -> None:
        ensemble, me = self.owner.ensemble, self.owner.host.name
        if self.over or self.connection is not None or not self.owner.alive:
            return
        net = ensemble.network
        if not (net.passes(me, SERVER) and net.passes(SERVER, me)):
            return
        server = ensemble.server
        delay_s = net.delay_s(me, SERVER) + net.delay_s(SERVER, me)
        if server is None:
            net.clock.after(delay_s, self.owner.does, partial(self._fail, "connection refused"))
            return
        self.connection = Connection(net, self, server)
        net.clock.after(delay_s, server.does, partial(server.accept, self.connection))

    def _ping(self) -> None:
        if self.over or not self.owner.alive or self.connection is None:
            return
        if not self._answered:
            self._fail("keepalive ping timeout")
            return
        self._answered = False
        server, connection = self.connection.server, self.connection
        connection.up.send(partial(server.does, partial(server.pinged, connection)))
        self.owner.ensemble.clock.after(ALIVE_S, self.owner.does, self._ping)

    def _fail(self, reason: str) -> None:
        """It ended, by whatever; the core is told."""
        if not self.over:
            self.end()
            self.owner.tell(self.owner.client.closed, self.attempt, reason)

    # --- what the core asks for

    def send(self, text: str) -> None:
        if self.over:
            return
        if not self.is_open or self.connection is None:
            self._queued.append(text)
            return
        server, connection = self.connection.server, self.connection
        connection.up.send(partial(server.does, partial(server.frame, connection, text)))

    def end(self) -> None:
        """Closed by this side, or by the kernel when the process dies."""
        if self.over:
            return
        self.over = True
        if self.connection is not None:
            server, connection = self.connection.server, self.connection
            connection.up.send(partial(server.does, partial(server.ended, connection)))

    # --- what arrives

    def opened(self) -> None:
        self.owner.does(self._opened)

    def _opened(self) -> None:
        if self.over:
            return
        self.is_open = True
        self.owner.ensemble.clock.after(ALIVE_S, self.owner.does, self._ping)
        queued, self._queued = self._queued, []
        for text in queued:
            self.send(text)
        self.owner.tell(self.owner.client.opened, self.attempt)

    def heard(self, text: str) -> None:
        self.owner.does(partial(self._heard, text))

    def _heard(self, text: str) -> None:
        if self.over:
            return
        message = decode_signaling(text)
        self.owner.ensemble.witness.relayed(self.owner, message)
        self.owner.tell(self.owner.client.receive, self.attempt, message)

    def closed(self, reason: str) -> None:
        self.owner.does(partial(self._fail, reason))

    def pinged(self) -> None:
        self.owner.does(self._pong)

    def _pong(self) -> None:
        if not self.over and self.connection is not None:
            server, connection = self.connection.server, self.connection
            connection.up.send(partial(server.does, partial(server.ponged, connection)))

    def ponged(self) -> None:
        self.owner.does(self._pong_heard)

    def _pong_heard(self) -> None:
        self._answered = True


class ClientProcess(Process):
    """One run of a synth or a controller."""

    def __init__(
        self, name: str, true: Clock, host: Host, seed: random.Random, ensemble: Ensemble, max_links: int | None
    ) -> None:
        super().__init__(name, true, host.clock, seed)
        self.host, self.ensemble = host, ensemble
        self.run = ensemble.next_run()
        """Tells the runs of one client apart."""
        self.client: Synth | Controller
        servers = [Server(URL, "key")]
        if name.startswith("synth-"):
            options = {} if max_links is None else {"max_links": max_links}
            self.client = Synth(name, servers, ensemble.timing, seed.random, **options)  # type: ignore[arg-type]
        else:
            meta = {"run": str(self.run)}
            self.client = Controller(name, servers, ensemble.timing, seed.random, meta=meta)
        self.cause: Sent | None = None
        """The message that is being taken in."""
        self.sockets: dict[int, Socket] = {}
        self.ends: dict[tuple[str, int], End] = {}
        self.final: str | None = None
        self.leaving = False
        self._do: dict[type, Callable[..., None]] = {
            fx.Send: self._send,
            fx.Connect: self._connect,
            fx.Disconnect: self._disconnect,
            fx.Transmit: self._transmit,
            fx.MakeOffer: self._make_offer,
            fx.MakeAnswer: self._make_answer,
            fx.AcceptAnswer: self._accept,
            fx.AddCandidate: lambda effect: None,
            fx.CloseLink: self._close,
            fx.Notice: self._notice,
            fx.Stop: self._stopped,
            NoteOn: self._note,
            NoteMove: self._note,
            NoteOff: self._note,
        }

    def core(self) -> Synth | Controller:
        return self.client

    def start(self) -> None:
        self.tell(self.client.start)

    def die(self) -> None:
        """Like `kill -9`: the kernel closes its sockets; on UDP nobody hears of it."""
        super().die()
        for socket in self.sockets.values():
            socket.end()
        for end in self.ends.values():
            end.vanish()
        self.ends.clear()
        self.ensemble.witness.ended(self)

    def power_off(self) -> None:
        """Not even the kernel says anything."""
        for socket in self.sockets.values():
            if socket.connection is not None:
                socket.connection.cut_off()
        self.die()

    def leave(self) -> None:
        """Its operator ends it: everything is closed in good order."""
        self.leaving = True
        self.tell(self.client.stop)
        self.die()

    def link_reached(self, end: End) -> None:
        """Connectivity checks have succeeded."""
        self.tell(self.client.link_reached, end.peer, end.link)

    # --- effects

    def carry_out(self) -> None:
        for effect in self.client.drain():
            do = self._do.get(type(effect))
            if do is not None:
                do(effect)

    def _send(self, effect: fx.Send) -> None:
        end = self.ends.get((effect.peer, effect.link))
        if end is not None:
            end.send(effect.channel, encode(self.host.stamps.on(effect.message)))

    def _connect(self, effect: fx.Connect) -> None:
        self.sockets = {attempt: socket for attempt, socket in self.sockets.items() if not socket.over}
        socket = self.sockets[effect.attempt] = Socket(self, effect.attempt)
        socket.dial()

    def _disconnect(self, effect: fx.Disconnect) -> None:
        socket = self.sockets.pop(effect.attempt, None)
        if socket is not None:
            socket.end()

    def _transmit(self, effect: fx.Transmit) -> None:
        socket = self.sockets.get(effect.attempt)
        if socket is None:
            return
        message = effect.message
        if isinstance(message, Offer | Answer):
            mark = self.ensemble.witness.mark(self, message.target)
            data = msgspec.structs.replace(message.data, sdp=f"{message.data.sdp}a=x-mark:{mark}\r\n")
            message = msgspec.structs.replace(message, data=data)
        socket.send(encode(message))
        if isinstance(message, Offer | Answer):
            for _ in range(self.random.choice((0, 0, 2))):  # some clients trickle
                mark = self.ensemble.witness.mark(self, message.target)
                candidate = Candidate(candidate=f"candidate:{mark} 1 udp 1 192.0.2.1 9 typ host", sdp_mid="0")
                socket.send(encode(IceCandidate(source=self.name, target=message.target, data=candidate)))

    def _make_offer(self, effect: fx.MakeOffer) -> None:
        end = self._end(effect.peer, effect.link)
        self._later(end, lambda: self.tell(self.client.described, effect.peer, effect.link, end.offer()))

    def _make_answer(self, effect: fx.MakeAnswer) -> None:
        end = self._end(effect.peer, effect.link)
        self._later(end, lambda: self.tell(self.client.described, effect.peer, effect.link, end.answer(effect.sdp)))

    def _later(self, end: End, what: Callable[[], None]) -> None:
        def now() -> None:
            if end._news():
                what()

        self.true.after(self.random.uniform(*GATHER_S), self.does, now)

    def _end(self, peer: str, link: int) -> End:
        assert (peer, link) not in self.ends, f"link {link} to {peer} was made twice"
        end = self.ends[peer, link] = End(self, peer, link, self.ensemble.network, self.ensemble.connections)
        return end

    def _accept(self, effect: fx.AcceptAnswer) -> None:
        end = self.ends.get((effect.peer, effect.link))
        if end is not None:
            end.accept(effect.sdp)

    def _close(self, effect: fx.CloseLink) -> None:
        end = self.ends.pop((effect.peer, effect.link), None)
        if end is not None:
            if not self.leaving:
                self.ensemble.witness.closing(end)
            end.close()

    def _notice(self, notice: fx.Notice) -> None:
        self.ensemble.tell(f"{self.name}: {notice.event} {dict(notice.fields)}")

    def _stopped(self, effect: fx.Stop) -> None:
        self.final = effect.reason

    def _note(self, note: NoteOn | NoteMove | NoteOff) -> None:
        self.ensemble.witness.note(self, note, self.cause)
