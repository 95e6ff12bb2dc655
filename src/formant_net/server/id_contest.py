"""Who holds an id that two connections want: its holder is asked for a sign of life while the newcomer waits.

At this edge the holder is probed. At another edge, that edge is asked to probe it (`Claim`), and answers (`Verdict`).
A holder that does not answer counts as dead. One newcomer at a time waits for an id.

A contest only decides. What follows for the two connections is up to registration.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from formant_net.protocol.timing import Timing
from formant_net.server.clients import UNDECIDED, Client, Clients, State
from formant_net.server.outputs import Outbox
from formant_net.server.registry import bus
from formant_net.server.registry.leases import Lease
from formant_net.server.registry.registry import Registry
from formant_net.timers.deadlines import Deadlines

CLAIM_S = 1.0
"""Seconds that a claim may travel between edges, in addition to the time in which the holder has to answer."""


@dataclass(frozen=True, slots=True)
class Won:
    """`client` gets or keeps its id: no other live client has it. `over`: the socket that had it, if known."""

    client: Client
    over: str | None = None


@dataclass(frozen=True, slots=True)
class Beaten:
    """`client` does not get or keep its id: another live client has it."""

    client: Client


Outcome = Won | Beaten


class IdContest:
    """The open contests of one edge. Each step costs a few dict accesses.

    node     this run of this edge, as other edges know it
    """

    def __init__(self, clients: Clients, registry: Registry, outbox: Outbox, node: str, timing: Timing) -> None:
        self._clients = clients
        self._registry = registry
        self._out = outbox
        self._node = node
        self._probe_s = timing.probe_s
        self._newcomers: dict[str, Client] = {}
        self._claims: dict[str, Lease] = {}  # ids of ours that another edge is asked about, and who holds them there
        self._asked: dict[str, bus.Claim] = {}  # ids of ours that another edge asks about
        self._deadlines: Deadlines[tuple[Literal["probe", "claim", "asked"], str]] = Deadlines()

    def __len__(self) -> int:
        """How many ids are undecided."""
        return len(self._newcomers.keys() | self._claims.keys() | self._asked.keys())

    # --- who asks --------------------------------------------------------------------------------------------------

    def newcomer(self, id: str) -> Client | None:
        """Who waits for that id."""
        return self._newcomers.get(id)

    def find(self, id: str, ws_id: str) -> Client | None:
        """The client of this edge with that socket, in or on its way in."""
        for client in (self._newcomers.get(id), self._clients.holder(id)):
            if client is not None and client.ws_id == ws_id:
                return client
        return None

    def enter(self, client: Client, id: str) -> None:
        """The id seems to be free; the registry has to say so."""
        client.state = State.ENTERING
        self._newcomers[id] = client
        self._deadlines.discard(("probe", id))

    def probe(self, client: Client, holder: Client, now: float) -> None:
        """`client` asks for the id of `holder`, a connection of this edge."""
        client.state = State.WAITING
        self._newcomers[holder.id] = client
        self._deadlines.set(("probe", holder.id), now + self._probe_s)
        self._out.probe(holder.conn)

    def claim(self, client: Client, holder: Lease, now: float) -> Outcome | None:
        """`client` asks for an id, or has one, that `holder` has at another edge."""
        if client.state is not State.REGISTERED:
            client.state = State.CLAIMING
            self._newcomers[client.id] = client
        if not self._registry.online:  # nobody can be asked; when edges meet again it comes up once more
            return Won(client, holder.ws_id)
        self._claims[client.id] = holder
        self._deadlines.set(("claim", client.id), now + self._probe_s + CLAIM_S)
        claim = bus.Claim(id=client.id, ws_id=client.ws_id, node=self._node)
        self._out.post(holder.place.node, bus.encode(claim))
        return None

    # --- what decides ----------------------------------------------------------------------------------------------

    def alive(self, holder: Client) -> Beaten | None:
        """A registered client gave a sign of life: whoever waits for its id does not get it."""
        if holder.id in self._asked:
            self._answer(holder.id, free=False)
        newcomer = self._newcomers.get(holder.id)
        if newcomer is None or newcomer.state is not State.WAITING:
            return None
        return Beaten(newcomer)

    def claimed(self, claim: bus.Claim, now: float) -> None:
        """Another edge wants to know whether the holder of an id lives."""
        holder = self._clients.holder(claim.id)
        if holder is None:
            self._post(claim, free=True)
        elif claim.id in self._newcomers or claim.id in self._asked:
            self._post(claim, free=False)  # another newcomer asked first
        else:
            self._asked[claim.id] = claim
            self._deadlines.set(("asked", claim.id), now + self._probe_s)
            self._out.probe(holder.conn)

    def verdict(self, verdict: bus.Verdict) -> Outcome | None:
        """The answer to a claim of ours."""
        client = self.find(verdict.id, verdict.ws_id)
        if client is None or verdict.id not in self._claims:
            return None
        return self._won(verdict.id, client) if verdict.free else Beaten(client)

    def unreachable(self, node: str) -> Iterator[Outcome]:
        """That run of an edge is gone: nothing that it was asked will be answered. Costs the number of open claims."""
        for id in [id for id, holder in self._claims.items() if holder.place.node == node]:
            yield from self._claim_is_over(id)

    def next_deadline(self) -> float | None:
        """When `due` has something, or None."""
        return self._deadlines.next()

    def due(self, now: float) -> Iterator[Outcome]:
        """What silence has decided, each looked at when its turn comes."""
        for kind, id in self._deadlines.due(now):
            if kind == "probe":
                yield Won(self._newcomers[id])
            elif kind == "asked" and id in self._asked:
                self._answer(id, free=True)
            elif kind == "claim":
                yield from self._claim_is_over(id)

    # --- who goes --------------------------------------------------------------------------------------------------

    def leave(self, client: Client) -> None:
        """`client` asks no more: it has its id, or will not get it."""
        id = client.asked.client_id if client.asked is not None else ""
        if self._newcomers.get(id) is not client:
            return
        del self._newcomers[id]
        self._deadlines.discard(("probe", id))
        if client.state is State.CLAIMING:
            self._forget_claim(id)

    def gone(self, client: Client) -> Won | None:
        """A connection has closed: whoever waits for its id gets it."""
        if client.state in UNDECIDED:
            self.leave(client)
        if client.state is not State.REGISTERED:
            return None
        self._forget_claim(client.id)
        if client.id in self._asked:
            self._answer(client.id, free=True)
        newcomer = self._newcomers.get(client.id)
        return Won(newcomer, client.ws_id) if newcomer is not None and newcomer.state is State.WAITING else None

    def replaced(self, holder: Client) -> None:
        """Another connection of this edge, or of another, has the id of `holder` now."""
        self._forget_claim(holder.id)
        if holder.id in self._asked:  # the client lives, on its new connection
            self._answer(holder.id, free=False)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _claim_is_over(self, id: str) -> Iterator[Won]:
        newcomer = self._newcomers.get(id)
        client = newcomer if newcomer and newcomer.state is State.CLAIMING else self._clients.holder(id)
        if client is not None and id in self._claims:
            yield self._won(id, client)

    def _won(self, id: str, client: Client) -> Won:
        holder = self._claims[id]
        self._forget_claim(id)
        return Won(client, holder.ws_id)

    def _answer(self, id: str, *, free: bool) -> None:
        self._deadlines.discard(("asked", id))
        self._post(self._asked.pop(id), free=free)

    def _post(self, claim: bus.Claim, *, free: bool) -> None:
        self._out.post(claim.node, bus.encode(bus.Verdict(id=claim.id, ws_id=claim.ws_id, free=free)))

    def _forget_claim(self, id: str) -> None:
        if self._claims.pop(id, None) is not None:
            self._deadlines.discard(("claim", id))
