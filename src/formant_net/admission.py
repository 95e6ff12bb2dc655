"""Who is in: registering, taking an id over, staying alive, and leaving.

An id belongs to one connection. The same id from a second one is let in at once if it knows the first one's secret;
otherwise the first is asked for a sign of life while the second waits.

Out of scope: what a registered client may say (hub.py), leases (registry.py).
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Callable

from formant_net import messages as m
from formant_net.access import Access
from formant_net.allowance import Allowance
from formant_net.clients import Client, Clients, Limits, State
from formant_net.deadlines import Deadlines
from formant_net.errors import ProtocolError
from formant_net.hub_outputs import CLOSE_AWAY, CLOSE_DONE, CLOSE_FULL, CLOSE_REFUSED, Outbox
from formant_net.registry import Registry
from formant_net.timing import Timing

PREFIXES: tuple[tuple[str, m.Role], ...] = (("synth-", "synth"), ("ctrl-", "controller"), ("touch-ctrl-", "controller"))
"""The role of an id that names none."""


class Admission:
    """The life of every connection of one edge.

    handle    takes what a client had said before it was let in
    errors    counts refusals by code
    the rest  as in `Hub`
    """

    def __init__(
        self,
        clients: Clients,
        registry: Registry,
        access: Access,
        outbox: Outbox,
        *,
        edge: str,
        instance: str,
        make_secret: Callable[[], str],
        ice_servers: Callable[[], list[dict[str, object]]],
        timing: Timing,
        limits: Limits,
        errors: Counter[str],
        handle: Callable[[Client, m.Signaling | m.Unknown, float], None],
    ) -> None:
        self._clients = clients
        self._registry = registry
        self._access = access
        self._out = outbox
        self._edge = edge
        self._instance = instance
        self._make_secret = make_secret
        self._ice_servers = ice_servers
        self._timing = timing
        self._limits = limits
        self._errors = errors
        self._handle = handle
        # A client that beats in time is never pinged; one that is silent is asked twice before its time is up.
        self._quiet_s = 1.25 * timing.heartbeat_s
        self._waiting: dict[str, Client] = {}
        self._deadlines: Deadlines[int] = Deadlines()

    # --- coming ----------------------------------------------------------------------------------------------------

    def connect(self, conn: int, now: float) -> None:
        """A socket has opened."""
        if len(self._clients) >= self._limits.clients:
            full = ProtocolError(
                "server-full", f"this server has its {self._limits.clients} clients: try again later", fatal=True
            )
            self._out.error(conn, full)
            self._out.close(conn, CLOSE_FULL, full.code)
            return
        self._clients.add(Client(conn, now, Allowance(self._limits.rate_per_s, self._limits.burst, now)))
        self._deadlines.set(conn, now + self._timing.register_s)

    def register(self, client: Client, asked: m.Register, now: float) -> None:
        """It wants to be known. Raises ProtocolError ("bad-key", "bad-role", "already-registered", "id-taken")."""
        self._access.check(asked.key)
        role = role_of(asked)
        if client.state is State.REGISTERED:
            if (asked.client_id, role) != (client.id, client.role):
                raise ProtocolError(
                    "already-registered",
                    f"this connection is {client.id}: open another one for another id",
                    "register",
                )
            if role == "controller":
                self._registry.put(client.id, client.ws_id, asked.meta or {}, now)
            self._confirm(client)
            return
        holder = self._clients.holder(asked.client_id)
        if holder is None:
            self._admit(client, asked, now, self._make_secret())
        elif asked.resume and hmac.compare_digest(asked.resume.encode(), holder.resume.encode()):
            self._take_over(client, asked, holder, now)
        elif asked.client_id in self._waiting:
            raise self._taken(asked)
        else:
            # Perhaps the same client after a network blink, which knows nothing of `resume`. Ask whether its old
            # connection still lives; the newcomer waits so long.
            client.state = State.WAITING
            client.asked = asked
            self._waiting[asked.client_id] = client
            self._deadlines.set(client.conn, now + self._timing.probe_s)
            self._out.probe(holder.conn)

    def hold(self, client: Client, message: m.Signaling | m.Unknown) -> None:
        """Keep what a waiting client says until it is in. Raises ProtocolError "too-fast"."""
        if len(client.held) >= self._limits.held:
            raise ProtocolError("too-fast", "wait for `registered` before sending more", m.wire_name(message))
        client.held.append(message)

    # --- staying ---------------------------------------------------------------------------------------------------

    def alive(self, client: Client, now: float) -> None:
        """A sign of life."""
        client.seen = now
        if client.state is not State.REGISTERED:
            return
        self._deadlines.set(client.conn, now + self._quiet_s)
        if client.role == "controller":
            self._registry.touch(client.id, client.ws_id, now)
        waiting = self._waiting.pop(client.id, None) if self._waiting else None
        if waiting is not None and waiting.asked is not None:
            self._send_back(waiting, self._taken(waiting.asked), now)

    def next_deadline(self) -> float | None:
        """When `on_deadline` has something to do, or None."""
        return self._deadlines.next()

    def on_deadline(self, now: float) -> None:
        """The unregistered are sent away, the silent are probed and then dropped, those who wait are let in."""
        for conn in self._deadlines.due(now):
            client = self._clients.get(conn)
            if client is None:
                continue
            if client.state is State.NEW:
                late = ProtocolError("register-timeout", "nothing was registered in time: connect again", fatal=True)
                self.refuse(client, late, now)
            elif client.state is State.WAITING:
                self._let_in(client, now)
            else:
                self._check_silence(client, now)

    # --- going -----------------------------------------------------------------------------------------------------

    def remove(self, client: Client, now: float) -> None:
        """Forget a connection; whoever waits for its id gets it."""
        self._clients.drop(client)
        self._deadlines.discard(client.conn)
        if client.state is State.WAITING and client.asked is not None:
            del self._waiting[client.asked.client_id]
        if client.state is State.REGISTERED:
            newcomer = self._waiting.get(client.id)
            if newcomer is not None:
                self._let_in(newcomer, now)
            # After the newcomer: if it took the lease over there is nothing to end, and synths hear of no gap.
            self._registry.delete(client.id, client.ws_id)

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
            self._out.close(client.conn, CLOSE_REFUSED, error.code)
            self.remove(client, now)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _taken(self, asked: m.Register) -> ProtocolError:
        return ProtocolError(
            "id-taken",
            f"{asked.client_id} is connected and answers: register under another id, or close the other one",
            "register",
        )

    def _take_over(self, client: Client, asked: m.Register, holder: Client, now: float) -> None:
        """`client` gets the id of `holder`, which is sent away without a `controller-left`."""
        self._out.event("debug", "connection replaced", id=holder.id)
        self._out.send(holder.conn, m.Kicked(reason=f"another connection has registered {holder.id}"))
        self._out.close(holder.conn, CLOSE_DONE, "replaced")
        self._clients.drop(holder)
        self._deadlines.discard(holder.conn)
        if holder.role == "controller" and role_of(asked) != "controller":
            self._registry.delete(holder.id, holder.ws_id)
        other = self._waiting.pop(holder.id, None)
        # The secret stays: if this answer is lost with the connection, the client can still prove itself.
        self._admit(client, asked, now, holder.resume)
        if other is not None and other is not client and other.asked is not None:
            self._send_back(other, self._taken(other.asked), now)

    def _admit(self, client: Client, asked: m.Register, now: float, resume: str) -> None:
        client.state = State.REGISTERED
        client.id, client.role, client.resume = asked.client_id, role_of(asked), resume
        client.ws_id = f"{self._instance}-{client.conn}"
        client.asked = None
        self._clients.register(client)
        self._deadlines.set(client.conn, now + self._quiet_s)
        self._confirm(client)
        self._out.event("info", f"{client.role} registered", id=client.id)
        if client.role == "controller":
            self._registry.put(client.id, client.ws_id, asked.meta or {}, now)
        held, client.held = client.held, []
        for message in held:
            if client.conn not in self._clients:
                break
            try:
                self._handle(client, message, now)
            except ProtocolError as error:
                self.refuse(client, error, now)

    def _let_in(self, client: Client, now: float) -> None:
        """The holder of the id that `client` waits for gave no sign of life: the id is free."""
        asked = client.asked
        if asked is None:
            return
        self._waiting.pop(asked.client_id, None)
        holder = self._clients.holder(asked.client_id)
        if holder is None:
            self._admit(client, asked, now, self._make_secret())
        else:
            holder.resume = self._make_secret()  # whoever comes without the old secret does not get to know it
            self._take_over(client, asked, holder, now)

    def _send_back(self, client: Client, error: ProtocolError, now: float) -> None:
        """The id that `client` waits for stays with its holder."""
        client.state = State.NEW
        client.asked = None
        client.held = []
        self._deadlines.set(client.conn, now + self._timing.register_s)
        self.refuse(client, error, now)

    def _confirm(self, client: Client) -> None:
        self._out.send(
            client.conn,
            m.Registered(
                client_id=client.id,
                edge=self._edge,
                resume=client.resume,
                ice_servers=self._ice_servers(),
                heartbeat_s=self._timing.heartbeat_s,
                ttl_s=self._timing.ttl_s,
            ),
        )

    def _check_silence(self, client: Client, now: float) -> None:
        end = client.seen + self._timing.ttl_s
        if now > end:
            self._out.event("info", f"{client.role} silent", id=client.id, after_s=round(now - client.seen, 1))
            self._out.close(client.conn, CLOSE_AWAY, "no sign of life")
            self.remove(client, now)
        else:
            self._out.probe(client.conn)
            self._deadlines.set(client.conn, min(now + self._quiet_s, end))


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
