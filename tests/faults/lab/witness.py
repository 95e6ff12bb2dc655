"""What may never happen, checked against the true time and the true state that no part of the ensemble knows."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from faults.lab.network import FAIR
from faults.lab.server import SERVER

from formant_net.client import peer as peers
from formant_net.controller.core import Controller
from formant_net.protocol.bounds import BOUNDS
from formant_net.protocol.messages import Message, Relayed, Unknown
from formant_net.synth.core import Synth
from formant_net.synth.touches import NoteMove, NoteOff, NoteOn

if TYPE_CHECKING:
    from faults.lab.client import ClientProcess
    from faults.lab.ensemble import Ensemble
    from faults.lab.rtc import End, Sent

MAX_AGE_S = 0.1
"""A touch older than this, and a step of its controller's clock, is never applied."""
LEASE_S = 1.0
"""The bank ends a voice without events after this time, also when the process that plays it stands still."""
EPSILON_S = 1e-3
"""Clocks of hosts differ by 2e-4; deadlines are kept to a microsecond."""
RECOVERY_S = 4.0
"""Hardest bound of one recovery, path and list given; the 95th percentile of many is held to 2 s."""
REGISTER_S = 42.0
"""A dead socket is noticed within 20 s, a dial given up after 10 s, and the longest pause is 10 s."""
FIRST_S = 15.0
"""The same for a pair that has not been linked in the last minutes: it is tried with growing pauses."""

_MARK = re.compile(r"(?:a=x-mark|candidate):(\d+)/(\d+)")


class Violation(AssertionError):
    """The ensemble did what it may not do."""


@dataclass(slots=True)
class Voice:
    """One sounding voice, and what the last touch that moved it was."""

    by: str
    sent_at: float
    event_at: float


class Witness:
    """Sees everything. Any method may raise Violation."""

    def __init__(self, ensemble: Ensemble) -> None:
        self.ensemble = ensemble
        self.recoveries: list[float] = []
        """From path back and peer listed to linked, s."""
        self.oldest_s = 0.0
        """Age of the oldest touch that was applied."""
        self.longest_s = 0.0
        """Longest a voice sounded after its last touch was sent."""
        self.voices: dict[int, dict[int, Voice]] = {}
        self._used: dict[int, int] = {}
        self._applied: dict[int, tuple[int, float]] = {}
        self._marks: dict[tuple[int, str], Iterator[int]] = {}
        self._heard: dict[tuple[int, int], int] = {}
        self._ready: dict[tuple[int, int], float] = {}
        self._offline: dict[int, float] = {}
        self._linked_at: dict[tuple[int, int], float] = {}

    def fail(self, rule: str, **particulars: object) -> None:
        words = ", ".join(f"{name} {value}" for name, value in particulars.items())
        raise Violation(f"at {self.ensemble.clock.now:.3f} s: {rule}: {words}")

    # --- signaling arrives in the order it was sent

    def mark(self, sender: ClientProcess, target: str) -> str:
        """A number to be sent along."""
        count = self._marks.setdefault((sender.run, target), itertools.count(1))
        return f"{sender.run}/{next(count)}"

    def relayed(self, receiver: ClientProcess, message: Message | Unknown) -> None:
        if not isinstance(message, Relayed):
            return
        data = getattr(message, "data", None)
        found = _MARK.search(str(getattr(data, "sdp", None) or getattr(data, "candidate", "")))
        if found is None:
            return
        run, number = int(found[1]), int(found[2])
        if number <= self._heard.get((run, receiver.run), 0):
            self.fail("signaling out of order", to=receiver.name, source=message.source)
        self._heard[run, receiver.run] = number

    # --- voices

    def note(self, synth: ClientProcess, note: NoteOn | NoteMove | NoteOff, cause: Sent | None) -> None:
        voices = self.voices.setdefault(synth.run, {})
        now = self.ensemble.clock.now
        if isinstance(note, NoteOff):
            if note.key not in voices:
                self.fail("a voice that does not sound was ended", synth=synth.name, key=note.key)
            self._bounded(synth, voices.pop(note.key))
            return
        if cause is None:
            self.fail("a note without a message", synth=synth.name)
            return
        if isinstance(note, NoteOn):
            if not 0 < note.key < 2**63 or note.key <= self._used.get(synth.run, 0):
                self.fail("a key was used twice", synth=synth.name, key=note.key)
            self._used[synth.run] = note.key
            voices[note.key] = Voice(cause.by, cause.at, now)
        elif note.key not in voices:
            self.fail("a voice that does not sound was moved", synth=synth.name, key=note.key)
        if cause.end not in {end.remote.id for end in synth.ends.values() if end.remote is not None}:
            self.fail("a touch of a closed link was applied", synth=synth.name, by=cause.by)
        age_s = now - cause.at
        self.oldest_s = max(self.oldest_s, age_s)
        if age_s > MAX_AGE_S + self._step_s(cause.by) + EPSILON_S:
            self.fail("an old touch was applied", synth=synth.name, by=cause.by, age_s=round(age_s, 4))
        number, at = self._applied.get(cause.end, (0, 0.0))
        if cause.number < number or (cause.number == number and at != now):
            self.fail("a touch was applied after a newer one", synth=synth.name, by=cause.by)
        self._applied[cause.end] = cause.number, now
        voice = voices[note.key]
        voice.sent_at, voice.event_at = cause.at, now

    def ended(self, client: ClientProcess) -> None:
        """A process is gone; what it sounded is silent."""
        self.voices.pop(client.run, None)

    def _bounded(self, synth: ClientProcess, voice: Voice) -> None:
        """Holds one voice against the hold time, or against the lease while Python stood still."""
        now = self.ensemble.clock.now
        sounded_s = now - voice.sent_at
        if synth.resumed_at >= voice.event_at or synth.stopped:
            return  # the bank has ended it: LEASE_S after its last event (tests/formant_dsp/bank/test_bank.py)
        self.longest_s = max(self.longest_s, sounded_s)
        if sounded_s > self.ensemble.timing.hold_s + self._step_s(voice.by) + EPSILON_S:
            self.fail("a voice outlived its touches", synth=synth.name, by=voice.by, s=round(sounded_s, 4))

    def _step_s(self, name: str) -> float:
        """A touch may be older, and its voice outlive it, by a step of the clock that stamped it."""
        return self.ensemble.hosts[name].stamps.step_s

    # --- what works stays

    def closing(self, end: End) -> None:
        """A core closes a connection."""
        if end.well:
            self.fail("a link that works was taken down", by=end.owner.name, to=end.peer)

    # --- at any moment

    def look(self) -> None:
        """Everything that must hold always."""
        for synth in self.ensemble.synths():
            for voice in self.voices.get(synth.run, {}).values():
                self._bounded(synth, voice)
        self._leases()
        self._tables()
        self._refusals()
        self._online()
        self._recovery()

    def _leases(self) -> None:
        server = self.ensemble.server
        if server is None or server.stopped:
            return
        now = self.ensemble.clock.now
        owners = {client.id: server.connections.get(client.conn) for client in server.hub._clients.registered()}
        for lease in server.registry.leases(now=server.clock.now):
            connection = owners.get(lease.id)
            if connection is None:
                self.fail("a lease without a connection", id=lease.id)
            elif now - max(connection.heard_at, server.resumed_at) > self.ensemble.timing.ttl_s * (1 + 1e-3):
                self.fail("a lease outlived its time", id=lease.id, silent_s=round(now - connection.heard_at, 2))

    def _tables(self) -> None:
        server = self.ensemble.server
        if server is not None:
            hub = server.hub
            sockets = len(server.connections)
            clients = hub._clients
            tables = (
                clients,
                clients._ids,
                clients.synths,
                hub._contest,
                hub._liveness,
                server.registry._table,
            )
            sizes = [len(table) for table in tables]
            if max(sizes) > sockets or len(hub._liveness._deadlines._heap) > 2 * sockets + 20:
                self.fail("the server's tables have grown", sockets=sockets, sizes=sizes)
        for client in self.ensemble.clients.values():
            core = client.client
            if isinstance(core, Synth):
                for name, link in core._keeper.links.items():
                    if name not in core._keeper.roster and link.peer.state not in (
                        peers.State.OPEN,
                        peers.State.CONNECTING,
                    ):
                        self.fail("a synth keeps a controller that is not listed", synth=client.name, id=name)
                used = sum(link.peer.state is not peers.State.WAITING for link in core._keeper.links.values())
            else:
                used = sum(link.peer.state is not peers.State.WAITING for link in core._links.values())
                if len(core._links) > BOUNDS.synths_of_headless:
                    self.fail("a controller's table has grown", id=client.name, links=len(core._links))
            if len(client.ends) != used:
                self.fail("connections were left behind", id=client.name, ends=len(client.ends), used=used)
            if sum(not socket.over for socket in client.sockets.values()) > 1:
                self.fail("sockets were left behind", id=client.name)

    # --- recovery

    def linked(self, synth: ClientProcess, controller: ClientProcess) -> bool:
        """True when a touch that is sent now can arrive, and both cores know it."""
        for (peer, _), end in synth.ends.items():
            other = end.remote
            if peer != controller.name or other is None or other.owner is not controller or other.remote is not end:
                continue
            if end.open and other.open and not other.closed and not end._lame():
                return synth.name in _open(controller) and controller.name in _open(synth)
        return False

    def _listed(self, synth: ClientProcess, controller: ClientProcess) -> bool:
        """Path back, both registered on living sockets, and the synth told of the controller."""
        server, net = self.ensemble.server, self.ensemble.network
        if server is None or server.stopped:
            return False
        if not (self._registered(synth) and self._registered(controller)):
            return False
        names = (synth.host.name, controller.host.name, SERVER)
        for a in names:
            for b in names:
                if a != b and (net.is_cut(a, b) or net.between(a, b) is not FAIR):
                    return False
        assert isinstance(synth.client, Synth)
        return controller.name in synth.client._keeper.roster

    def _registered(self, client: ClientProcess) -> bool:
        """On a connection that passes messages, and the server knows it."""
        signaling, server = client.client._signaling, self.ensemble.server
        socket = client.sockets.get(signaling.attempt)
        if client.stopped or not signaling.online or server is None or socket is None or socket.connection is None:
            return False
        connection = socket.connection
        return connection.flows and server.connections.get(connection.number) is connection

    def _online(self) -> None:
        """Who can reach the server is registered with it before long."""
        server, net, now = self.ensemble.server, self.ensemble.network, self.ensemble.clock.now
        up = server is not None and not server.stopped
        waiting: dict[int, float] = {}
        for client in self.ensemble.clients.values():
            a = client.host.name
            fair = net.between(a, SERVER) is FAIR and not (net.is_cut(a, SERVER) or net.is_cut(SERVER, a))
            if up and fair and not client.stopped and not self._registered(client):
                since = waiting[client.run] = self._offline.get(client.run, now)
                if now - since > REGISTER_S:
                    self.fail("a client does not come back to its server", id=client.name, since=round(since, 2))
        self._offline = waiting

    def _refusals(self) -> None:
        """Everybody here is honest. But a peer may have left while an offer was on its way, a connection may break
        before anybody registers on it, and a box that loses its power twice in two seconds finds its id held."""
        server = self.ensemble.server
        usual = {"unknown-target", "register-timeout", "id-taken"}
        if server is not None and (refused := set(server.hub.counters.errors) - usual):
            self.fail("the server refused an honest client", codes=sorted(refused))

    def _recovery(self) -> None:
        now = self.ensemble.clock.now
        waiting: dict[tuple[int, int], float] = {}
        for synth in self.ensemble.synths():
            for controller in self.ensemble.controllers():
                pair = (synth.run, controller.run)
                since = self._ready.get(pair)
                if self.linked(synth, controller):
                    self._linked_at[pair] = now
                    if since is not None:
                        self.recoveries.append(now - since)
                elif self._listed(synth, controller):
                    waiting[pair] = now if since is None else since
                    worked = waiting[pair] - self._linked_at.get(pair, -1e9) < self.ensemble.timing.eager_s
                    if now - waiting[pair] > (RECOVERY_S if worked else FIRST_S):
                        self.fail(
                            "a pair is not linked in time", synth=synth.name, id=controller.name,
                            since=round(waiting[pair], 2),
                        )  # fmt: skip
        self._ready = waiting

    # --- in the end

    def settled(self) -> bool:
        """True when everybody alive is linked to everybody, and the dead are forgotten."""
        synths, controllers, server = self.ensemble.synths(), self.ensemble.controllers(), self.ensemble.server
        return (
            server is not None
            and len(server.hub.clients()) == len(synths) + len(controllers)
            and all(self._registered(client) for client in self.ensemble.clients.values())
            and all(len(controller.ends) == len(synths) for controller in controllers)
            and all(len(synth.ends) == len(controllers) for synth in synths)
            and all(self.linked(synth, controller) for synth in synths for controller in controllers)
        )

    def final(self) -> None:
        """What must hold after a time without faults."""
        ensemble = self.ensemble
        server = ensemble.server
        assert server is not None
        alive = {name: "synth" if name.startswith("synth-") else "controller" for name in ensemble.clients}
        for client in ensemble.clients.values():
            if client.final is not None:
                self.fail("a client needs a hand", id=client.name, reason=client.final)
        for synth in ensemble.synths():
            for controller in ensemble.controllers():
                if not self.linked(synth, controller):
                    self.fail("a synth is not linked to a living controller", synth=synth.name, id=controller.name)
        if server.hub.clients() != alive:
            self.fail("the server knows others than those that live", knows=server.hub.clients())
        leased = {lease.id: lease.role for lease in server.registry.leases(now=server.clock.now)}
        if leased != alive:
            self.fail("the registry is not what lives", leased=leased)
        players = {client.name for client in ensemble.controllers()}
        for synth in ensemble.synths():
            assert isinstance(synth.client, Synth)
            roster = list(synth.client._keeper.roster)
            if set(roster) != players or len(synth.ends) != len(players):
                self.fail(
                    "a synth keeps others than those that live",
                    synth=synth.name,
                    roster=roster,
                )
            down = sum(len(ensemble.hands[name].down) for name in players)
            sounding = len(self.voices.get(synth.run, {}))
            if sounding != down:
                self.fail("what sounds is not what is held", synth=synth.name, sounding=sounding, held=down)
        for controller in ensemble.controllers():
            if len(controller.ends) != len(ensemble.synths()):
                self.fail("a controller keeps dead connections", id=controller.name, ends=len(controller.ends))

    def forget_the_dead(self) -> None:
        """Drop what is kept of processes that are gone: for runs of many hours."""
        alive = {client.run for client in self.ensemble.clients.values()}
        ends = set(self.ensemble.connections.ends)
        self._used = {run: key for run, key in self._used.items() if run in alive}
        self._marks = {key: count for key, count in self._marks.items() if key[0] in alive}
        self._heard = {key: number for key, number in self._heard.items() if alive.issuperset(key)}
        self._linked_at = {key: at for key, at in self._linked_at.items() if alive.issuperset(key)}
        self._applied = {end: last for end, last in self._applied.items() if end in ends}

    def silent(self) -> None:
        """Nothing sounds: all fingers are up."""
        for synth in self.ensemble.synths():
            if self.voices.get(synth.run):
                self.fail("a note is stuck", synth=synth.name, voices=len(self.voices[synth.run]))


def _open(client: ClientProcess) -> list[str]:
    core = client.client
    if isinstance(core, Synth):
        return list(core.open_peers)
    assert isinstance(core, Controller)
    return [name for name, link in core._links.items() if link.peer.state is peers.State.OPEN]
