"""Which connections live: who must still register, who has fallen silent, whose token has run out.

Only its own edge ends a client. A client that gives no sign of life for the TTL is removed here together with its
lease. The registry's TTL is only for the clients of other edges that have died.

Out of scope: what a sign of life means for somebody who wants the same id (id_contest.py).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.timing import Timing
from formant_net.server.access.limits import Limits
from formant_net.server.clients import Client, Clients, State
from formant_net.server.outputs import Outbox
from formant_net.timers.deadlines import Deadlines

LOOKS = 25
"""Moments in `1.25 * heartbeat_s` at which clients that have been silent are looked for, many at a time. With a moment
for each client, a timer fired for each: a third of the processor time of 10,000 idle clients."""
_LATE = ProtocolError("register-timeout", "this connection did not register in time: connect again", fatal=True)
_EXPIRED = ProtocolError(
    "token-expired", "your invitation has expired: ask for a new code or a new join URL", fatal=True
)


@dataclass(frozen=True, slots=True)
class Over:
    """The time of `client` is up. `error` is why, None for one that has been silent for the TTL."""

    client: Client
    error: ProtocolError | None


class Liveness:
    """One deadline a connection. A sign of life does not move it: who has been heard is found when it passes."""

    def __init__(self, clients: Clients, outbox: Outbox, timing: Timing, limits: Limits) -> None:
        self._clients = clients
        self._out = outbox
        self._ttl_s = timing.ttl_s
        # A client that beats in time is never pinged; one that is silent is asked twice before its time is up.
        self._quiet_s = 1.25 * timing.heartbeat_s
        self._together_s = self._quiet_s / LOOKS
        self._register_s = limits.register_s
        self._deadlines: Deadlines[int] = Deadlines()

    def __len__(self) -> int:
        return len(self._deadlines)

    def must_register(self, client: Client, now: float) -> None:
        """It has `register_s` from now on."""
        self._deadlines.set(client.conn, now + self._register_s)

    def undecided(self, client: Client) -> None:
        """Somebody else decides when its waiting is over."""
        self._deadlines.discard(client.conn)

    def registered(self, client: Client, now: float) -> None:
        """It is in, perhaps anew by another token."""
        client.seen = now
        self._look_again(client, self._together(now + self._quiet_s))

    def left(self, client: Client) -> None:
        """The connection is gone."""
        self._deadlines.discard(client.conn)

    def next_deadline(self) -> float | None:
        """When `due` has something, or None."""
        return self._deadlines.next()

    def due(self, now: float) -> Iterator[Over]:
        """Those whose time is up, each looked at when its turn comes; the silent are probed before it is."""
        for conn in self._deadlines.due(now):
            client = self._clients.get(conn)
            if client is None:
                continue
            if client.state is State.NEW:
                yield Over(client, _LATE)
            elif client.state is State.REGISTERED:
                until = client.grant.until
                if until is not None and self._out.wall(now) > until:
                    yield Over(client, _EXPIRED)
                elif now > client.seen + self._ttl_s:
                    yield Over(client, None)
                elif now <= client.seen + self._quiet_s:
                    self._look_again(client, self._together(client.seen + self._quiet_s))
                else:
                    self._out.probe(conn)
                    self._look_again(client, min(now + self._quiet_s, client.seen + self._ttl_s))

    def _together(self, when: float) -> float:
        """The next moment at which many clients are looked at, a little later than `when`."""
        return math.ceil(when / self._together_s) * self._together_s

    def _look_again(self, client: Client, when: float) -> None:
        """At `when`, or when its token runs out."""
        until = client.grant.until
        over = math.inf if until is None else until - self._out.wall_offset_s
        self._deadlines.set(client.conn, min(when, over))
