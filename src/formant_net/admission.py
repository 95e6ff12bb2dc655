"""Who is in: registering, taking an id over, staying alive, and leaving.

An id belongs to one connection of one edge, and the registry says to which. The same id from a second one is let in at
once if it knows the first one's secret; otherwise the first is asked for a sign of life while the second waits. Where
the first is at another edge, that edge is asked to ask it (`Claim`, `Verdict`); no answer is as good as no life.

Out of scope: what a registered client may say (hub.py), leases (registry.py).
"""

from __future__ import annotations

import hashlib
import hmac
import math
from collections import Counter
from collections.abc import Callable

from msgspec import UNSET

from formant_net import bus
from formant_net import messages as m
from formant_net.addresses import group_of
from formant_net.allowance import Allowance
from formant_net.clients import UNDECIDED, Client, Clients, State
from formant_net.deadlines import Deadlines
from formant_net.door import Door
from formant_net.errors import ProtocolError
from formant_net.hub_outputs import CLOSE_AWAY, CLOSE_DONE, CLOSE_FULL, CLOSE_REFUSED, Outbox
from formant_net.leases import Lease, Place
from formant_net.limits import Limits
from formant_net.registry import Disputed, Lost, Registry
from formant_net.relays import Relays
from formant_net.timing import Timing

PREFIXES: tuple[tuple[str, m.Role], ...] = (("synth-", "synth"), ("ctrl-", "controller"), ("touch-ctrl-", "controller"))
"""The role of an id that names none."""
_EXPIRED = ProtocolError("token-expired", "your invitation is over: ask for a new code or a new join URL", fatal=True)
_WITHDRAWN = ProtocolError("bad-key", "the key you came in with is no longer valid: ask for the new one", fatal=True)
CLAIM_S = 1.0
"""What a claim may take on its way, beside the time that the holder has to answer."""


class Admission:
    """The life of every connection of one edge. Each step costs a few dict accesses and one call of the registry.

    handle    takes what a client had said before it was let in
    errors    counts refusals by code
    the rest  as in `Hub`
    """

    def __init__(
        self,
        clients: Clients,
        registry: Registry,
        door: Door,
        outbox: Outbox,
        *,
        place: Place,
        make_secret: Callable[[], str],
        relays: Relays,
        timing: Timing,
        limits: Limits,
        errors: Counter[str],
        handle: Callable[[Client, m.Signaling | m.Unknown, float], None],
    ) -> None:
        self._clients = clients
        self._registry = registry
        self._door = door
        self._out = outbox
        self._place = place
        self._make_secret = make_secret
        self._relays = relays
        self._timing = timing
        self._limits = limits
        self._errors = errors
        self._handle = handle
        # A client that beats in time is never pinged; one that is silent is asked twice before its time is up.
        self._quiet_s = 1.25 * timing.heartbeat_s
        self.closing = False
        """Nobody new is let in."""
        self._waiting: dict[str, Client] = {}  # who asks for an id; one at a time
        self._claims: dict[str, Lease] = {}  # ids of ours that another edge is asked about, and who holds them there
        self._asked: dict[str, bus.Claim] = {}  # ids of ours that another edge asks about
        self._deadlines: Deadlines[int | tuple[str, str]] = Deadlines()

    # --- coming ----------------------------------------------------------------------------------------------------

    def connect(self, conn: int, now: float, address: str) -> None:
        """A socket has opened."""
        try:
            if self.closing:
                raise ProtocolError("server-full", "this server is about to stop: go to another one", fatal=True)
            if len(self._clients) >= self._limits.clients:
                raise ProtocolError(
                    "server-full", f"this server has its {self._limits.clients} clients: try again later", fatal=True
                )
            self._door.addresses.joined(address, now)
        except ProtocolError as full:
            self._errors[full.code] += 1
            self._out.error(conn, full)
            self._out.close(conn, CLOSE_FULL, full.code)
            return
        # Strangers are heard a little; the rest comes with the registration.
        allowance = Allowance(1.0, self._limits.newcomer_messages, now)
        self._clients.add(Client(conn, now, allowance, address))
        self._deadlines.set(conn, now + self._limits.register_s)

    def register(self, client: Client, asked: m.Register, now: float) -> None:
        """It wants to be known. Raises ProtocolError: what is wrong with its key, its role or its id."""
        grant = self._door.admit(asked.key, client.address, now, self._out.wall(now))
        role = role_of(asked)
        grant.check(asked.client_id, role)
        if client.state is State.REGISTERED:
            if (asked.client_id, role) != (client.id, client.role):
                raise ProtocolError(
                    "already-registered",
                    f"this connection is {client.id}: open another one for another id",
                    "register",
                )
            client.asked = asked
            client.key, client.grant = asked.key, grant
            self._registry.put(self._lease(client, now), now)
            self._wait_for_silence(client, now)
            self._confirm(client, now)
            return
        client.key, client.grant = asked.key, grant
        holder = self._clients.holder(asked.client_id)
        remote = self._registry.find(asked.client_id, now) if holder is None else None
        if holder is not None and _proves(asked.resume, proof_of(holder.resume)):
            self._take_over(client, asked, holder, now)
        elif asked.client_id in self._waiting or (holder is not None and not _same_household(client, holder)):
            raise self._taken(asked)
        elif holder is not None:
            # Perhaps the same client after a network blink, which knows nothing of `resume`. Ask whether its old
            # connection still lives; the newcomer waits so long. Somebody from elsewhere, or with a token only, would
            # take the id of a stranger that way.
            self._wait(client, asked, State.WAITING, now + self._timing.probe_s)
            self._out.probe(holder.conn)
        elif remote is None or remote.place.node == self._place.node:
            self._enter(client, asked, now, self._make_secret())
        elif asked.resume and _proves(asked.resume, remote.proof):
            self._enter(client, asked, now, asked.resume, over=remote.ws_id)
        elif grant.token or remote.home != _home(client):
            raise self._taken(asked)
        else:
            self._name(client, asked, self._make_secret())
            self._contest(client, remote, now)

    def hold(self, client: Client, message: m.Signaling | m.Unknown) -> None:
        """Keep what a waiting client says until it is in. Raises ProtocolError "too-fast"."""
        if len(client.held) >= self._limits.held:
            raise ProtocolError("too-fast", "wait for `registered` before sending more", m.wire_name(message))
        client.held.append(message)

    def joined(self, lease: Lease, now: float) -> None:
        """The registry has granted a lease: if it is one of ours, its client is in."""
        client = self._waiting.get(lease.id)
        if client is None or client.ws_id != lease.ws_id or client.state is State.REGISTERED:
            return
        self._stop_waiting(client)
        client.state = State.REGISTERED
        self._clients.register(client)
        client.allowance = Allowance(self._limits.rate_per_s, self._limits.burst, now)
        self._wait_for_silence(client, now)
        self._confirm(client, now)
        self._out.event("info", f"{client.role} registered", id=client.id)
        held, client.held = client.held, []
        for message in held:
            if client.conn not in self._clients:
                break
            try:
                self._handle(client, message, now)
            except ProtocolError as error:
                self.refuse(client, error, now)

    # --- between edges ---------------------------------------------------------------------------------------------

    def disputed(self, notice: Disputed, now: float) -> None:
        """An id that a client of ours asks for, or has, is held at another edge."""
        client = self._mine(notice.id, notice.ws_id)
        if client is None:
            self._registry.delete(notice.id, notice.ws_id, now)
        elif _proves(client.asked.resume if client.asked else None, notice.holder.proof):
            self._registry.put(self._lease(client, now), now, over=notice.holder.ws_id)
        elif client.state is not State.REGISTERED and client.asked and notice.holder.home != _home(client):
            self._registry.delete(client.id, client.ws_id, now)
            self._send_back(client, self._taken(client.asked), now)
        else:
            self._contest(client, notice.holder, now)

    def lost(self, notice: Lost, now: float) -> None:
        """Another edge has taken over a client of ours: the same one, or another that proved to be the one alive."""
        client = self._mine(notice.id, notice.ws_id)
        if client is None:
            return
        self._out.event("info", f"{client.role} taken over", id=client.id, by=notice.holder.edge)
        self._send_away(client)
        other = self._waiting.get(client.id)
        if other is not None and other.asked is not None:
            self._send_back(other, self._taken(other.asked), now)

    def claimed(self, claim: bus.Claim, now: float) -> None:
        """Another edge wants to know whether the holder of an id lives."""
        holder = self._clients.holder(claim.id)
        if holder is None:
            self._answer(claim, free=True)
        elif claim.id in self._waiting or claim.id in self._asked:
            self._answer(claim, free=False)  # somebody else asks already, and will know first
        else:
            self._asked[claim.id] = claim
            self._deadlines.set(("asked", claim.id), now + self._timing.probe_s)
            self._out.probe(holder.conn)

    def verdict(self, verdict: bus.Verdict, now: float) -> None:
        """The answer to a claim of ours."""
        client = self._mine(verdict.id, verdict.ws_id)
        if client is None or verdict.id not in self._claims:
            return
        if verdict.free:
            self._settle(verdict.id, client, now)
            return
        self._forget_claim(verdict.id)
        if client.state is State.REGISTERED:
            asked = client.asked or m.Register(client_id=client.id)
            taken = self._taken(asked)
            self.refuse(client, ProtocolError(taken.code, taken.message, taken.about, fatal=True), now)
        elif client.asked is not None:
            self._registry.delete(client.id, client.ws_id, now)
            self._send_back(client, self._taken(client.asked), now)

    def unreachable(self, node: str, now: float) -> None:
        """A run of an edge is gone: nothing that is asked of it will be answered. Costs the number of open claims."""
        for id in [id for id, holder in self._claims.items() if holder.place.node == node]:
            self._claim_is_over("claim", id, now)

    # --- staying ---------------------------------------------------------------------------------------------------

    def alive(self, client: Client, now: float) -> None:
        """A sign of life."""
        client.seen = now
        if client.state is not State.REGISTERED:
            return
        self._wait_for_silence(client, now)
        self._registry.touch(client.id, client.ws_id, now)
        waiting = self._waiting.get(client.id) if self._waiting else None
        if waiting is not None and waiting.asked is not None and waiting.state is State.WAITING:
            self._send_back(waiting, self._taken(waiting.asked), now)
        if self._asked and client.id in self._asked:
            self._answer(self._asked[client.id], free=False)

    def next_deadline(self) -> float | None:
        """When `on_deadline` has something to do, or None."""
        return self._deadlines.next()

    def on_deadline(self, now: float) -> None:
        """The unregistered are sent away, the silent are probed and then dropped, those who wait are let in."""
        for key in self._deadlines.due(now):
            if isinstance(key, tuple):
                self._claim_is_over(*key, now)
                continue
            client = self._clients.get(key)
            if client is None:
                continue
            if self._over(client, now):
                self.refuse(client, _EXPIRED, now)
            elif client.state is State.NEW:
                late = ProtocolError("register-timeout", "nothing was registered in time: connect again", fatal=True)
                self.refuse(client, late, now)
            elif client.state is State.WAITING:
                self._let_in(client, now)
            elif client.state is State.REGISTERED:
                self._check_silence(client, now)

    def on_access(self, now: float) -> None:
        """Keys were changed: whoever came in by one that is no longer valid has to go."""
        for client in list(self._clients.registered()):
            if client.conn in self._clients and not self._door.access.still(client.key, self._out.wall(now)):
                self.refuse(client, _WITHDRAWN, now)

    # --- going -----------------------------------------------------------------------------------------------------

    def remove(self, client: Client, now: float) -> None:
        """Forget a connection; whoever waits for its id gets it."""
        self._clients.drop(client)
        self._door.addresses.left(client.address)
        self._deadlines.discard(client.conn)
        if client.state in UNDECIDED:
            self._stop_waiting(client)
            self._registry.delete(client.id, client.ws_id, now)
        if client.state is State.REGISTERED:
            self._forget_claim(client.id)
            if client.id in self._asked:
                self._answer(self._asked[client.id], free=True)
            newcomer = self._waiting.get(client.id)
            if newcomer is not None and newcomer.state is State.WAITING:
                self._let_in(newcomer, now, over=client.ws_id)
            # After the newcomer: if it took the lease over there is nothing to end, and synths hear of no gap.
            self._registry.delete(client.id, client.ws_id, now)

    def refuse(self, client: Client, error: ProtocolError, now: float) -> None:
        """Say what was wrong, and close the connection if the error is fatal."""
        self._errors[error.code] += 1
        if error.code == "too-fast" and not error.fatal:  # answering each would double the flood
            if client.warned_at is not None and now - client.warned_at < 1.0:
                return
            client.warned_at = now
        self._out.error(client.conn, error)
        self._out.event(
            "warning" if error.fatal else "debug",
            "client refused" if error.fatal else "message refused",
            id=client.id or None, code=error.code, about=error.about or None, reason=error.message,
        )  # fmt: skip
        if error.fatal:
            if error.code == "too-fast":
                self._door.addresses.flooded(client.address, now)
            self._out.close(client.conn, CLOSE_REFUSED, error.code)
            self.remove(client, now)

    # --- inside: registering ---------------------------------------------------------------------------------------

    def _taken(self, asked: m.Register) -> ProtocolError:
        return ProtocolError(
            "id-taken",
            f"{asked.client_id} is connected and answers: register under another id, or close the other one",
            "register",
        )

    def _wait(self, client: Client, asked: m.Register, state: State, until: float | None) -> None:
        """`client` asks for an id, and it is not decided yet."""
        client.state = state
        client.asked = asked
        self._waiting[asked.client_id] = client
        if until is None:
            self._deadlines.discard(client.conn)
        else:
            self._deadlines.set(client.conn, until)

    def _stop_waiting(self, client: Client) -> None:
        if client.asked is not None and self._waiting.get(client.asked.client_id) is client:
            del self._waiting[client.asked.client_id]
            if client.state is State.CLAIMING:
                self._forget_claim(client.asked.client_id)

    def _name(self, client: Client, asked: m.Register, resume: str) -> None:
        """What the client will be called once it is in."""
        client.asked = asked
        client.id, client.role, client.resume = asked.client_id, role_of(asked), resume
        client.ws_id = f"{self._place.node}-{client.conn}"

    def _enter(self, client: Client, asked: m.Register, now: float, resume: str, *, over: str | None = None) -> None:
        """Ask the registry for the id. The answer comes as a notice: `joined` or `disputed`."""
        self._name(client, asked, resume)
        self._wait(client, asked, State.ENTERING, None)
        self._registry.put(self._lease(client, now), now, over=over)

    def _lease(self, client: Client, now: float) -> Lease:
        meta = (client.asked.meta if client.asked else None) or {}
        proof, home = proof_of(client.resume), _home(client)
        return Lease(client.id, client.role, client.ws_id, self._place, meta, proof, since=now, home=home)

    def _take_over(self, client: Client, asked: m.Register, holder: Client, now: float) -> None:
        """`client` gets the id of `holder`, which is sent away without a `controller-left`."""
        self._out.event("debug", "connection replaced", id=holder.id)
        self._send_away(holder)
        if holder.role == "controller" and role_of(asked) != "controller":
            self._registry.delete(holder.id, holder.ws_id, now)
        other = self._waiting.get(holder.id)
        if other is not None and other is not client and other.asked is not None:
            self._send_back(other, self._taken(other.asked), now)
        # The secret stays: if this answer is lost with the connection, the client can still prove itself.
        self._enter(client, asked, now, holder.resume, over=holder.ws_id)

    def _let_in(self, client: Client, now: float, *, over: str | None = None) -> None:
        """The holder of the id that `client` waits for gave no sign of life: the id is free."""
        asked = client.asked
        if asked is None:
            return
        self._stop_waiting(client)
        holder = self._clients.holder(asked.client_id)
        if holder is None:
            self._enter(client, asked, now, self._make_secret(), over=over)
        else:
            holder.resume = self._make_secret()  # whoever comes without the old secret does not get to know it
            self._take_over(client, asked, holder, now)

    def _send_back(self, client: Client, error: ProtocolError, now: float) -> None:
        """The id that `client` waits for stays with its holder."""
        self._stop_waiting(client)
        client.state = State.NEW
        client.id = client.ws_id = ""
        client.asked = None
        client.held = []
        self._deadlines.set(client.conn, now + self._limits.register_s)
        self.refuse(client, error, now)

    def _send_away(self, client: Client) -> None:
        """Another connection has its id now."""
        self._out.send(client.conn, m.Kicked(reason=f"another connection has registered {client.id}"))
        self._out.close(client.conn, CLOSE_DONE, "replaced")
        self._clients.drop(client)
        self._door.addresses.left(client.address)
        self._deadlines.discard(client.conn)
        self._forget_claim(client.id)
        if client.id in self._asked:
            self._answer(self._asked[client.id], free=False)

    def _confirm(self, client: Client, now: float) -> None:
        self._out.send(
            client.conn,
            m.Registered(
                client_id=client.id,
                edge=self._place.edge,
                resume=client.resume,
                ice_servers=self._relays.told(client, now),
                heartbeat_s=self._timing.heartbeat_s,
                ttl_s=self._timing.ttl_s,
                location=self._place.location or UNSET,
                servers=[f"ws{url.removeprefix('http')}ws" for url in self._registry.urls()[:16]] or UNSET,
            ),
        )

    # --- inside: between edges -------------------------------------------------------------------------------------

    def _mine(self, id: str, ws_id: str) -> Client | None:
        """The client of ours with that socket, in or on its way in."""
        for client in (self._waiting.get(id), self._clients.holder(id)):
            if client is not None and client.ws_id == ws_id:
                return client
        return None

    def _contest(self, client: Client, holder: Lease, now: float) -> None:
        """Find out whether the holder of the id, at another edge, lives."""
        self._claims[client.id] = holder
        if client.state is not State.REGISTERED and client.asked is not None:
            self._wait(client, client.asked, State.CLAIMING, None)
        if not self._registry.online:  # nobody can be asked; when edges meet again it comes up once more
            self._settle(client.id, client, now)
            return
        self._deadlines.set(("claim", client.id), now + self._timing.probe_s + CLAIM_S)
        claim = bus.Claim(id=client.id, ws_id=client.ws_id, node=self._place.node)
        self._out.post(holder.place.node, bus.encode(claim))

    def _settle(self, id: str, client: Client, now: float) -> None:
        """The holder at the other edge is gone: the id is ours."""
        holder = self._claims[id]
        self._forget_claim(id)
        if client.state is not State.REGISTERED:
            client.state = State.ENTERING
        self._registry.put(self._lease(client, now), now, over=holder.ws_id)

    def _answer(self, claim: bus.Claim, *, free: bool) -> None:
        self._asked.pop(claim.id, None)
        self._deadlines.discard(("asked", claim.id))
        self._out.post(claim.node, bus.encode(bus.Verdict(id=claim.id, ws_id=claim.ws_id, free=free)))

    def _forget_claim(self, id: str) -> None:
        if self._claims.pop(id, None) is not None:
            self._deadlines.discard(("claim", id))

    def _claim_is_over(self, kind: str, id: str, now: float) -> None:
        """Nothing was heard in time: neither of the edge that was asked, nor of the client."""
        if kind == "asked" and id in self._asked:
            self._answer(self._asked[id], free=True)
        elif kind == "claim" and id in self._claims:
            waiting = self._waiting.get(id)
            client = waiting if waiting and waiting.state is State.CLAIMING else self._clients.holder(id)
            if client is not None:
                self._settle(id, client, now)

    # --- inside: silence -------------------------------------------------------------------------------------------

    def _check_silence(self, client: Client, now: float) -> None:
        end = client.seen + self._timing.ttl_s
        if now > end:
            self._out.event("info", f"{client.role} silent", id=client.id, after_s=round(now - client.seen, 1))
            self._out.close(client.conn, CLOSE_AWAY, "no sign of life")
            self.remove(client, now)
        else:
            self._out.probe(client.conn)
            self._wait_for_silence(client, now, end)

    def _wait_for_silence(self, client: Client, now: float, end: float = math.inf) -> None:
        """Look at this client again when it has been silent for a while, at `end`, or when its token runs out."""
        until = client.grant.until
        over = math.inf if until is None else until - self._out.wall_offset_s
        self._deadlines.set(client.conn, min(now + self._quiet_s, end, over))

    def _over(self, client: Client, now: float) -> bool:
        """Whether the token of a registered client has run out."""
        until = client.grant.until
        return client.state is State.REGISTERED and until is not None and self._out.wall(now) > until


def _same_household(client: Client, holder: Client) -> bool:
    """Whether a newcomer without the secret may be who holds the id: same address, and both know the join key."""
    return not client.grant.token and _home(client) == _home(holder)


def _home(client: Client) -> str:
    """What other edges know of where a client is. Short: it tells households apart, and is no address."""
    if client.grant.token:
        return "token"
    return hashlib.sha256(group_of(client.address).encode()).hexdigest()[:12] if client.address else ""


def role_of(asked: m.Register) -> m.Role:
    """The role a registration asks for, by its `role` or by the prefix of its id. Raises ProtocolError "bad-role"."""
    by_id = next((role for prefix, role in PREFIXES if asked.client_id.startswith(prefix)), None)
    if by_id is None and asked.role is None:
        raise ProtocolError(
            "bad-role",
            f"{asked.client_id} tells no role: begin the id with synth-, ctrl- or touch-ctrl-, or send `role`",
            "register",
        )
    if by_id is not None and asked.role is not None and asked.role != by_id:
        raise ProtocolError(
            "bad-role", f"{asked.client_id} is the id of a {by_id}, not of a {asked.role}: change one", "register"
        )
    return asked.role or by_id or "controller"


def proof_of(resume: str) -> str:
    """What other edges know of a secret. It has 256 random bits: a plain hash tells nothing."""
    return hashlib.sha256(resume.encode()).hexdigest() if resume else ""


def _proves(resume: str | None, proof: str) -> bool:
    return bool(resume and proof) and hmac.compare_digest(proof_of(resume or ""), proof)
