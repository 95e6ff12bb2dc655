"""Who is in: connecting, registering, taking an id over, being refused, and leaving.

An id belongs to one connection of one edge; the registry knows which. A second connection that asks for the same id
gets it at once if it knows the secret of the first, or if the first is a guest and it is none. Otherwise it waits while
a contest decides (id_contest.py).

Out of scope: what a registered client may say (hub.py), leases (registry.py), silence (liveness.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from msgspec import UNSET

from formant_net.protocol import codec
from formant_net.protocol import messages as m
from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.standing import Standing, is_phone
from formant_net.protocol.timing import Timing
from formant_net.server.access.door import Door
from formant_net.server.access.joins import Joins, too_many
from formant_net.server.access.limits import Limits
from formant_net.server.access.standing import standing_of
from formant_net.server.clients import RETURNS, RETURNS_PER_S, Client, Clients, State
from formant_net.server.id_contest import IdContest, Outcome, Won
from formant_net.server.liveness import Liveness, Over
from formant_net.server.meta import cut
from formant_net.server.outputs import CLOSE_AWAY, CLOSE_DONE, CLOSE_FULL, CLOSE_REFUSED, Outbox
from formant_net.server.places import Places, group_of_address
from formant_net.server.proof import home_of, proof_of, proves, role_of, same_household
from formant_net.server.registry.leases import Lease, Place
from formant_net.server.registry.registry import Disputed, Lost, Reason, Registry
from formant_net.server.relays import Relays
from formant_net.timers.allowance import Allowance

_WITHDRAWN = ProtocolError("bad-key", "your key is no longer valid: ask for the new one", fatal=True)


class Registration:
    """Who is in at one edge. Each step costs a few dict accesses and one call of the registry.

    errors      counts refusals by code
    the rest    as in `Hub`
    """

    def __init__(
        self,
        clients: Clients,
        registry: Registry,
        outbox: Outbox,
        contest: IdContest,
        liveness: Liveness,
        *,
        door: Door,
        place: Place,
        make_secret: Callable[[], str],
        relays: Relays,
        timing: Timing,
        limits: Limits,
        errors: Counter[str],
    ) -> None:
        self._clients = clients
        self._registry = registry
        self._out = outbox
        self._contest = contest
        self._liveness = liveness
        self._door = door
        self._place = place
        self._make_secret = make_secret
        self._relays = relays
        self._timing = timing
        self._limits = limits
        self._errors = errors
        self._joins = Joins(limits)
        self._places = Places(limits)
        self.closing = False
        """Nobody new is let in."""

    @property
    def full(self) -> bool:
        """All places of clients are taken."""
        return self._places.full

    # --- coming ----------------------------------------------------------------------------------------------------

    def connect(self, conn: int, address: str, now: float) -> None:
        """A socket has opened."""
        standing = group_of_address(address)
        try:
            if self.closing:
                raise ProtocolError("server-full", "this server is about to stop: go to another one", fatal=True)
            crowding = self._places.newcomer_to_end(standing)
            self._make_room(crowding, "other clients are waiting: register at once", now)
        except ProtocolError as full:
            self._errors[full.code] += 1
            self._out.error(conn, full)
            self._out.close(conn, CLOSE_FULL, full.code)
            return
        # A connection that has not registered may send a few messages; registering gives it the full allowance.
        allowance = Allowance(1.0, self._limits.newcomer_messages, now)
        client = Client(conn, now, allowance, address, standing=standing)
        self._clients.add(client)
        self._must_register(client, now)

    def register(self, client: Client, asked: m.Register, now: float) -> None:
        """A client asks to be registered. Raises ProtocolError for a wrong key, role or id."""
        grant = self._door.admit(asked.key, client.address, now, self._out.wall(now))
        role = role_of(asked)
        grant.check(asked.client_id, role)
        if client.state is State.REGISTERED and (asked.client_id, role) != (client.id, client.role):
            raise ProtocolError(
                "already-registered",
                f"this connection is registered as {client.id}: open another one for another id",
                "register",
            )
        holder = self._clients.holder(asked.client_id)
        standing = standing_of(None if self._door.access.open else asked.key, grant, role, client.address)
        if client.counted is not standing.guest:
            known = holder is not None and proves(asked.resume, proof_of(holder.resume))
            self._door.addresses.joined(client.address, now, guest=standing.guest, known=known)
            self._uncount(client)
            client.counted = standing.guest
        client.key, client.grant, client.standing = asked.key, grant, standing
        if client.state is State.REGISTERED:
            client.asked = asked
            self._registry.put(self._lease(client, now), now)
            self._liveness.registered(client, now)
            self._confirm(client, now)
        elif holder is not None:
            self._ask_here(client, asked, holder, now)
        else:
            self._ask_elsewhere(client, asked, now)

    def hold(self, client: Client, message: codec.Signaling | m.Unknown) -> None:
        """Keep the messages of an undecided client until it is registered. Raises ProtocolError "too-fast"."""
        if len(client.held) >= self._limits.held:
            raise ProtocolError("too-fast", "wait for `registered` before sending more", codec.wire_name(message))
        client.held.append(message)

    def granted(self, lease: Lease, now: float) -> Client | None:
        """The registry has granted a lease. If it is one of ours its client is in; what it `held` is to be done now."""
        client = self._contest.newcomer(lease.id)
        if client is None or client.ws_id != lease.ws_id:
            return None
        self._contest.leave(client)
        client.state = State.REGISTERED
        self._clients.register(client)
        client.allowance = Allowance(self._limits.rate_per_s, self._limits.burst, now)
        self._liveness.registered(client, now)
        self._confirm(client, now)
        self._out.event("info", f"{client.role} registered", id=client.id)
        return client

    # --- whose an id is --------------------------------------------------------------------------------------------

    def disputed(self, notice: Disputed, now: float) -> None:
        """An id that a client of ours asks for, or has, is held at another edge."""
        client = self._contest.find(notice.id, notice.ws_id)
        if client is None or client.asked is None:
            return  # it has gone meanwhile, and has given its lease back
        holder = notice.holder
        if proves(client.asked.resume, holder.proof) or _goes_first(client.standing, holder.standing):
            self._registry.put(self._lease(client, now), now, over=holder.ws_id)
        elif client.state is not State.REGISTERED and holder.home != home_of(client):
            self._send_back(client, now)
        else:
            self.decide(self._contest.claim(client, holder, now), now)

    def lost(self, notice: Lost, now: float) -> None:
        """Another edge has taken over a client of ours: the same one, or another that proved to be the one alive."""
        client = self._contest.find(notice.id, notice.ws_id)
        if client is None:
            return
        self._out.event("info", f"{client.role} taken over", id=client.id, by=notice.holder.edge)
        newcomer = self._contest.newcomer(client.id)
        self._send_away(client)
        if newcomer is not None and newcomer is not client:
            self._send_back(newcomer, now)

    def decide(self, outcome: Outcome | None, now: float) -> None:
        """Do what follows from how a contest has ended; nothing for None."""
        if outcome is None:
            return
        client = outcome.client
        if client.state is State.REGISTERED:
            if isinstance(outcome, Won):
                self._registry.put(self._lease(client, now), now, over=outcome.over)
            else:
                self.refuse(client, _taken(client.id, fatal=True), now)
        elif not isinstance(outcome, Won):
            self._send_back(client, now)
        elif client.asked is not None:
            holder = self._clients.holder(client.asked.client_id)
            if holder is None:
                self._enter(client, client.asked, now, client.resume or self._make_secret(), over=outcome.over)
            else:
                # A newcomer without the old secret gets a new one, never the old.
                self._take_over(client, client.asked, holder, now, self._make_secret())

    # --- going -----------------------------------------------------------------------------------------------------

    def remove(self, client: Client, now: float, reason: Reason = "closed") -> None:
        """Forget a connection; whoever waits for its id gets it."""
        self._drop(client)
        # Before the lease ends: if the newcomer takes it over, synths hear of no gap.
        self.decide(self._contest.gone(client), now)
        self._registry.delete(client.id, client.ws_id, now, reason)

    def end(self, over: Over, now: float) -> None:
        """The time of a connection is up."""
        client = over.client
        if over.error is not None:
            self.refuse(client, over.error, now)
            return
        self._out.event("info", f"{client.role} silent", id=client.id, after_s=round(now - client.seen, 1))
        self._out.close(client.conn, CLOSE_AWAY, "no sign of life")
        self.remove(client, now, "expired")

    @staticmethod
    def would_say(client: Client, now: float) -> bool:
        """Whether a client that is too fast is told so now: once a second, because answers would double the flood."""
        return client.warned_at is None or now - client.warned_at >= 1.0

    def refuse(self, client: Client, error: ProtocolError, now: float) -> None:
        """Send the error, and close the connection if it is fatal."""
        self._errors[error.code] += 1
        if error.code == "too-fast" and not error.fatal:
            if not self.would_say(client, now):
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
            full = error.code in ("server-full", "address-full")
            self._out.close(client.conn, CLOSE_FULL if full else CLOSE_REFUSED, error.code)
            self.remove(client, now)

    def on_access(self, now: float) -> None:
        """Keys were changed: clients whose key is no longer valid are sent away."""
        for client in list(self._clients.registered()):
            if client.conn in self._clients and not self._door.access.still(client.key, self._out.wall(now)):
                self.refuse(client, _WITHDRAWN, now)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _ask_here(self, client: Client, asked: m.Register, holder: Client, now: float) -> None:
        """It asks for the id of another connection of this edge."""
        if proves(asked.resume, proof_of(holder.resume)):
            if client.standing.guest:
                holder.returns = holder.returns or Allowance(RETURNS_PER_S, RETURNS, now)
                if not holder.returns.take(now):
                    raise too_many(f"{60 * RETURNS_PER_S:g} new connections a minute for one id")
                client.returns = holder.returns
            # The secret stays: if this answer is lost with the connection, the client can still prove itself.
            self._take_over(client, asked, holder, now, holder.resume)
        elif _goes_first(client.standing, holder.standing):
            self._take_over(client, asked, holder, now, self._make_secret())
        elif self._contest.newcomer(holder.id) is not None or not same_household(client, holder):
            # A client from elsewhere, or with only a token, could otherwise take the id of a stranger.
            raise self._taken_for(client, asked, now)
        else:
            # Perhaps the same client after a network blink, which knows nothing of `resume`.
            self._room_for(client, now)
            client.asked = asked
            self._contest.probe(client, holder, now)
            self._undecided(client)

    def _ask_elsewhere(self, client: Client, asked: m.Register, now: float) -> None:
        """It asks for an id that nobody of this edge has."""
        remote = self._registry.find(asked.client_id, now)
        if self._contest.newcomer(asked.client_id) is not None:
            raise self._taken_for(client, asked, now)
        if remote is None or remote.place.node == self._place.node:
            self._room_for(client, now)
            self._joins.take(client.standing, now)
            self._enter(client, asked, now, self._make_secret())
        elif asked.resume and proves(asked.resume, remote.proof):
            self._room_for(client, now)
            self._enter(client, asked, now, asked.resume, over=remote.ws_id)
        elif _goes_first(client.standing, remote.standing):
            self._room_for(client, now)
            self._enter(client, asked, now, self._make_secret(), over=remote.ws_id)
        elif client.grant.token or remote.home != home_of(client):
            raise self._taken_for(client, asked, now)
        else:
            self._room_for(client, now)
            self._name(client, asked, self._make_secret())
            self._undecided(client)
            self.decide(self._contest.claim(client, remote, now), now)

    def _taken_for(self, client: Client, asked: m.Register, now: float) -> ProtocolError:
        """The refusal of an id that another has. Raises ProtocolError "too-many-joins" instead.

        The answer tells that the id exists. For the holder of a token it counts as a new id, so that nobody can try
        more ids than may come in.
        """
        if client.grant.token:
            self._joins.take(client.standing, now)
        return _taken(asked.client_id)

    def _name(self, client: Client, asked: m.Register, resume: str) -> None:
        """What the client will be called once it is in."""
        client.asked = asked
        client.id, client.role, client.resume = asked.client_id, role_of(asked), resume
        client.ws_id = f"{self._place.node}-{client.conn}"

    def _enter(self, client: Client, asked: m.Register, now: float, resume: str, *, over: str | None = None) -> None:
        """Ask the registry for the id. The answer comes as a notice: `granted` or `disputed`."""
        self._name(client, asked, resume)
        self._contest.enter(client, asked.client_id)
        self._undecided(client)
        self._registry.put(self._lease(client, now), now, over=over)

    def _lease(self, client: Client, now: float) -> Lease:
        return Lease(
            client.id,
            client.role,
            client.ws_id,
            self._place,
            cut(client.asked.meta if client.asked else None, self._limits.meta_bytes),
            proof_of(client.resume),
            since=now,
            home=home_of(client),
            standing=client.standing,
        )

    def _take_over(self, client: Client, asked: m.Register, holder: Client, now: float, resume: str) -> None:
        """`client` gets the id of `holder`, which is sent away without a `controller-left`."""
        self._out.event("debug", "connection replaced", id=holder.id)
        newcomer = self._contest.newcomer(holder.id)
        client.callers = holder.callers
        self._send_away(holder)
        if holder.role == "controller" and role_of(asked) != "controller":
            self._registry.delete(holder.id, holder.ws_id, now)
        if newcomer is not None and newcomer is not client:
            self._send_back(newcomer, now)
        self._enter(client, asked, now, resume, over=holder.ws_id)

    def _send_back(self, client: Client, now: float) -> None:
        """The id that `client` asks for is somebody else's: it may ask for another."""
        id = client.asked.client_id if client.asked is not None else client.id
        self._contest.leave(client)
        self._registry.delete(client.id, client.ws_id, now)
        client.state = State.NEW
        client.id = client.ws_id = client.resume = ""
        client.asked = None
        client.held = []
        self._must_register(client, now)
        self.refuse(client, _taken(id), now)

    def _send_away(self, client: Client) -> None:
        """Another connection has its id now."""
        self._out.send(client.conn, m.Kicked(reason=f"another connection has registered {client.id}"))
        self._out.close(client.conn, CLOSE_DONE, "replaced")
        self._drop(client)
        self._contest.replaced(client)

    def _drop(self, client: Client) -> None:
        self._clients.drop(client)
        self._uncount(client)
        self._places.gone(client.conn)
        self._liveness.left(client)

    def _uncount(self, client: Client) -> None:
        if client.counted is not None:
            self._door.addresses.left(client.address, guest=client.counted)
            client.counted = None

    # --- inside: room ----------------------------------------------------------------------------------------------

    def _must_register(self, client: Client, now: float) -> None:
        """It is a newcomer, and has a while to register."""
        self._liveness.must_register(client, now)
        self._places.newcomer(client.conn, client.address)

    def _undecided(self, client: Client) -> None:
        """It has the place of a client, and waits for its id."""
        self._liveness.undecided(client)
        self._places.member(client.conn, client.standing)

    def _room_for(self, client: Client, now: float) -> None:
        """Make room among the clients, if need be. Raises ProtocolError "server-full" (fatal)."""
        crowding = self._places.member_to_end(client.conn, client.standing)
        self._make_room(crowding, f"{self._places.taken}, and others have priority", now)

    def _make_room(self, conn: int | None, why: str, now: float) -> None:
        """Refuse a connection that crowds out others; None: nobody does."""
        other = None if conn is None else self._clients.get(conn)
        if other is not None:
            self.refuse(other, ProtocolError("server-full", why, fatal=True), now)

    # --- inside: answers -------------------------------------------------------------------------------------------

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
                settings=UNSET if client.grant.settings else False,
                health_s=self._timing.health_s if client.role == "synth" and not is_phone(client.id) else UNSET,
            ),
        )


def _goes_first(newcomer: Standing, holder: Standing) -> bool:
    """Whether a newcomer gets the id that a holder has, whatever the holder says.

    A guest may sit down on the id that a player or a box is known by. It gives the id up when its owner comes.
    """
    return holder.guest and not newcomer.guest


def _taken(id: str, *, fatal: bool = False) -> ProtocolError:
    return ProtocolError(
        "id-taken",
        f"{id} is connected and answers: register under another id, or close the other one",
        "register",
        fatal=fatal,
    )
