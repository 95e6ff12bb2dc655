"""An ensemble in memory: real client cores, a small server, lossy links, and a virtual clock.

The server is a few lines written from the table of messages, not the project's hub. So the tests hold the client cores
to the protocol, not to one implementation of it.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import UNSET

from formant_net.client import effects as fx
from formant_net.client.servers import Server
from formant_net.controller.core import Controller
from formant_net.protocol.codec import decode_channel, decode_signaling, encode
from formant_net.protocol.descriptions.mid import mid_of
from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.messages import (
    Answer,
    Candidate,
    ControllerDetail,
    ControllerJoined,
    ControllerLeft,
    ControllersList,
    Heartbeat,
    IceCandidate,
    Message,
    Offer,
    Point,
    Register,
    Registered,
    RequestControllers,
)
from formant_net.protocol.steering import Level, SettingsApplied
from formant_net.protocol.timing import Timing
from formant_net.synth.core import Synth
from formant_net.synth.remote import SetAudio, SetPower, SetVolume
from formant_net.synth.touches import NoteMove, NoteOff, NoteOn

URL = "ws://server.test/ws"


class Clock:
    """Virtual time, s, and what is to happen in it."""

    def __init__(self) -> None:
        self.now = 100.0
        self._order = itertools.count()
        self._due: list[tuple[float, int, Callable[[], None]]] = []

    def after(self, delay_s: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._due, (self.now + delay_s, next(self._order), what))

    def run_until(self, end: float) -> None:
        while self._due and self._due[0][0] <= end:
            self.now, _, what = heapq.heappop(self._due)
            what()
        self.now = end


@dataclass
class Weather:
    """What an unordered channel does to messages. `pattern`: True loses; repeated; before `loss` is drawn."""

    loss: float = 0.0
    duplicate: float = 0.0
    delay_s: tuple[float, float] = (0.001, 0.001)
    pattern: Iterable[bool] = ()
    cut: bool = False
    """Nothing passes any more, and nobody is told."""


@dataclass
class Voices:
    """What would sound: notes by key, and a history."""

    sounding: dict[int, Point] = field(default_factory=dict)
    history: list[NoteOn | NoteMove | NoteOff] = field(default_factory=list)
    volume: float = -1.0
    power: list[bool] = field(default_factory=list)
    devices: list[str] = field(default_factory=list)

    def take(self, effect: object) -> None:
        if isinstance(effect, NoteOn):
            assert effect.key > 0
            assert all(old.key != effect.key for old in self.history), "a key was used twice"
            self.sounding[effect.key] = effect.point
        elif isinstance(effect, NoteMove):
            assert effect.key in self.sounding, "a voice that does not sound was moved"
            self.sounding[effect.key] = effect.point
        elif isinstance(effect, NoteOff):
            del self.sounding[effect.key]
        elif isinstance(effect, SetVolume):
            self.volume = effect.value
        elif isinstance(effect, SetPower):
            self.power.append(effect.on)
        elif isinstance(effect, SetAudio):
            self.devices.append(effect.device)
        if isinstance(effect, NoteOn | NoteMove | NoteOff):
            self.history.append(effect)


class Node:
    """One core and what it has asked for."""

    def __init__(self, world: World, name: str, core: Synth | Controller) -> None:
        self.world, self.name, self.core = world, name, core
        self.alive = True
        self.ahead_s, self.rate = 0.0, 1.0
        """Its clock against the world's."""
        self.voices = Voices()
        self.notices: list[fx.Notice] = []
        self.stopped: list[str] = []
        self.effects: list[object] = []
        self.errors: list[ProtocolError] = []
        self._armed: float | None = None

    @property
    def now(self) -> float:
        """Its own clock."""
        return self.ahead_s + self.rate * self.world.clock.now

    def true(self, moment: float) -> float:
        """The world's time of a moment of its clock."""
        return (moment - self.ahead_s) / self.rate if self.rate != 1.0 or self.ahead_s else moment

    def call(self, what: Callable[..., None], *args: Any) -> None:
        """One change in, everything out, one timer."""
        if not self.alive:
            return
        try:
            what(*args, self.now)
        except ProtocolError as error:
            self.errors.append(error)
        self.settle()

    def settle(self) -> None:
        for effect in self.core.drain():
            self.effects.append(effect)
            self.world.perform(self, effect)
        due = self.core.next_deadline()
        if due is not None and (self._armed is None or due < self._armed):
            self._armed = due
            rounding = 0.0 if self.rate == 1.0 else 1e-9
            self.world.clock.after(max(0.0, self.true(due) - self.world.clock.now) + rounding, lambda: self._wake(due))

    def _wake(self, due: float) -> None:
        if self._armed == due:
            self._armed = None
            self.call(self.core.on_deadline)

    def count(self, kind: type) -> int:
        return sum(isinstance(effect, kind) for effect in self.effects)


@dataclass
class _Wire:
    """One end of a connection: whose it is, its number, and the other end once it is known."""

    node: Node
    peer: str
    link: int
    other: _Wire | None = None
    open: bool = False
    closed: bool = False


class World:
    """Server, nodes and links."""

    def __init__(self, seed: int = 1, timing: Timing | None = None) -> None:
        self.clock = Clock()
        self.random = random.Random(seed)
        self.timing = timing or Timing()
        self.weather = Weather()
        self.server_up = True
        self.announce = True
        self.wordless = False
        """The server knows no `registered`."""
        self.deaf = False
        """The server neither hears nor says anything any more on the connections that it has."""
        self.nodes: dict[str, Node] = {}
        self.offer_delay_s = 0.005
        self.channels: tuple[str, ...] = (fx.COMMANDS, fx.PARAMS)
        self.relayed: list[tuple[str, Message]] = []
        self._pattern: Iterable[bool] | None = None
        self._sessions: dict[str, tuple[Node, int]] = {}
        self._metas: dict[str, dict[str, Any]] = {}
        self._wires: dict[tuple[str, int], _Wire] = {}

    # --- nodes

    def synth(self, name: str = "synth-a", *, ahead_s: float = 0.0, rate: float = 1.0, **options: Any) -> Node:
        node = Node(self, name, Synth(name, [Server(URL)], self.timing, self.random.random, **options))
        node.ahead_s, node.rate = ahead_s, rate
        return self._start(node)

    def controller(self, name: str = "ctrl-a", **options: Any) -> Node:
        core = Controller(name, [Server(URL)], self.timing, self.random.random, **options)
        return self._start(Node(self, name, core))

    def _start(self, node: Node) -> Node:
        self.nodes[node.name] = node
        node.call(node.core.start)
        return node

    def run(self, seconds: float) -> None:
        self.clock.run_until(self.clock.now + seconds)

    def kill(self, node: Node) -> None:
        """Like `kill -9`: its links fall silent, its sockets are closed by the system."""
        node.alive = False
        self._session_over(node)

    # --- server

    def server_down(self) -> None:
        self.server_up = False
        for name, (node, attempt) in list(self._sessions.items()):
            del self._sessions[name]
            node.call(node.core.closed, attempt, "server gone")

    def blink(self, node: Node) -> None:
        """The WebSocket of one node breaks, nothing else."""
        session = self._sessions.get(node.name)
        self._session_over(node)
        if session is not None:
            node.call(node.core.closed, session[1], "connection reset")

    def to_client(self, name: str, message: Message) -> None:
        session = self._sessions.get(name)
        if session is not None:
            node, attempt = session
            parsed = decode_signaling(encode(message))
            self.clock.after(0.001, lambda: node.call(node.core.receive, attempt, parsed))

    def _session_over(self, node: Node) -> None:
        session = self._sessions.get(node.name)
        if session is None or session[0] is not node:
            return
        del self._sessions[node.name]
        if isinstance(node.core, Controller) and self.announce:
            self._to_synths(ControllerLeft(controller_id=node.name))

    def _to_synths(self, message: Message) -> None:
        for name, (node, _) in self._sessions.items():
            if isinstance(node.core, Synth) and not self.deaf:
                self.to_client(name, message)

    def _serve(self, node: Node, attempt: int, message: Message) -> None:
        if not self.server_up or not node.alive or (self.deaf and node.name in self._sessions):
            return
        if isinstance(message, Register):
            self._sessions[node.name] = (node, attempt)
            registered = Registered(
                client_id=node.name, edge="e1", resume="secret", ice_servers=[], heartbeat_s=20.0, ttl_s=60.0
            )
            if not self.wordless:
                self.to_client(node.name, registered)
            self._metas[node.name] = message.meta or {}
            if isinstance(node.core, Controller) and self.announce:
                self._to_synths(ControllerJoined(controller_id=node.name, meta=message.meta or UNSET))
        elif isinstance(message, RequestControllers):
            names = [name for name, (other, _) in self._sessions.items() if isinstance(other.core, Controller)]
            details = {n: ControllerDetail(edge="e1", age_s=0.0, meta=self._metas.get(n, {})) for n in names}
            self.to_client(node.name, ControllersList(controllers=names, details=details))
        elif isinstance(message, Offer | Answer | IceCandidate):
            self.relayed.append((node.name, message))
            self.to_client(message.target, msgspec.structs.replace(message, source=node.name))
        else:
            assert isinstance(message, Heartbeat | Level | SettingsApplied)

    # --- what cores ask for

    def perform(self, node: Node, effect: object) -> None:
        after = self.clock.after
        if isinstance(effect, fx.Connect):
            attempt = effect.attempt
            if self.server_up:
                after(0.001, lambda: node.call(node.core.opened, attempt))
            else:
                after(0.001, lambda: node.call(node.core.closed, attempt, "refused"))
        elif isinstance(effect, fx.Disconnect):
            session = self._sessions.get(node.name)
            if session is not None and session[1] == effect.attempt:
                self._session_over(node)
        elif isinstance(effect, fx.Transmit):
            sent = effect
            after(0.001, lambda: self._serve(node, sent.attempt, sent.message))
        elif isinstance(effect, fx.MakeOffer):
            self._make_offer(node, effect)
        elif isinstance(effect, fx.MakeAnswer):
            self._make_answer(node, effect)
        elif isinstance(effect, fx.AcceptAnswer):
            self._accept(node, effect)
        elif isinstance(effect, fx.CloseLink):
            self._close(node, effect.link)
        elif isinstance(effect, fx.Send):
            self._send(node, effect)
        elif isinstance(effect, fx.Notice):
            assert isinstance(effect.event, str), effect
            assert isinstance(effect.fields, Mapping), effect
            node.notices.append(effect)
        elif isinstance(effect, fx.Stop):
            node.stopped.append(effect.reason)
        elif not isinstance(effect, fx.AddCandidate):
            node.voices.take(effect)

    def _make_offer(self, node: Node, effect: fx.MakeOffer) -> None:
        peer, link = effect.peer, effect.link
        self._wires[node.name, link] = _Wire(node, peer, link)
        sdp = f"v=0\r\na=group:BUNDLE 0\r\na=mid:0\r\na=x-wire:{node.name} {link}\r\n"
        self.clock.after(self.offer_delay_s, lambda: node.call(node.core.described, peer, link, sdp))

    def _make_answer(self, node: Node, effect: fx.MakeAnswer) -> None:
        peer, link = effect.peer, effect.link
        wire = self._wires[node.name, link] = _Wire(node, peer, link)
        name, number = effect.sdp.split("a=x-wire:")[1].split()
        wire.other = self._wires.get((name, int(number)))
        sdp = f"v=0\r\na=mid:{mid_of(effect.sdp)}\r\na=x-wire:{node.name} {link}\r\n"
        self.clock.after(self.offer_delay_s, lambda: node.call(node.core.described, peer, link, sdp))

    def _accept(self, node: Node, effect: fx.AcceptAnswer) -> None:
        name, number = effect.sdp.split("a=x-wire:")[1].split()
        one, two = self._wires[node.name, effect.link], self._wires.get((name, int(number)))
        assert mid_of(effect.sdp) == "0", "the answer has to come back under the section name of the offer"
        if two is not None and two.other is one:
            one.other = two
            self.clock.after(0.01, lambda: self._open(one, two))

    def _open(self, one: _Wire, two: _Wire) -> None:
        if one.closed or two.closed or not (one.node.alive and two.node.alive):
            return
        if self.weather.cut:  # connectivity checks are repeated for many seconds
            self.clock.after(0.05, lambda: self._open(one, two))
            return
        for wire in (one, two):
            wire.open = True
        for wire in (one, two):
            for channel in self.channels:
                wire.node.call(wire.node.core.link_opened, wire.peer, wire.link, channel)

    def _close(self, node: Node, link: int) -> None:
        wire = self._wires.get((node.name, link))
        if wire is None or wire.closed:
            return
        wire.closed = True
        other = wire.other
        if other is not None and not other.closed and wire.open and not self.weather.cut:
            self.clock.after(0.01, lambda: other.node.call(other.node.core.link_lost, other.peer, other.link, "closed"))

    def _send(self, node: Node, effect: fx.Send) -> None:
        wire = self._wires.get((node.name, effect.link))
        if wire is None or wire.closed or not wire.open or wire.other is None:
            return
        text = encode(effect.message)
        if effect.channel == fx.COMMANDS:
            self._deliver(wire.other, effect.channel, text, 0.001)
            return
        for _ in range(2 if self.random.random() < self.weather.duplicate else 1):
            if not self._lost():
                self._deliver(wire.other, effect.channel, text, self.random.uniform(*self.weather.delay_s))

    def _lost(self) -> bool:
        if self.weather.pattern and self._pattern is None:
            self._pattern = iter(self.weather.pattern)
        if self._pattern is not None:
            return bool(next(iter(self._pattern), False))
        return self.random.random() < self.weather.loss

    def _deliver(self, wire: _Wire, channel: str, text: str, delay_s: float) -> None:
        def arrive() -> None:
            if not wire.closed and not self.weather.cut:
                wire.node.call(wire.node.core.channel, wire.peer, wire.link, channel, decode_channel(text))

        self.clock.after(delay_s, arrive)

    def candidate(self, source: str, target: str, text: str) -> None:
        """A trickled candidate, relayed by the server."""
        data = Candidate(candidate=text, sdp_mid="0")
        self.to_client(target, IceCandidate(source=source, target=target, data=data))
