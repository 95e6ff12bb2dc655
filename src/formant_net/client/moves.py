"""When a client moves to another server, and whereto: its server asks for it, or a better server is well again.

The client registers at the new server before it leaves the present one. signaling.py holds both conversations; this
file knows the moments, the checks of better servers, and the move that is under way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from formant_net.client.effects import Check, Connect, Effect, Notice
from formant_net.client.servers import CHECKS, ServerList
from formant_net.protocol.timing import Timing


@dataclass(slots=True)
class Moving:
    """A conversation with another server, started while the present one goes on."""

    attempt: int
    place: int
    """Of that server in the list."""
    until: float
    """When that server must have registered the client, s."""
    opened: bool = False


class Moves:
    """The moves of one client among `servers`. `random` gives floats in 0…1."""

    def __init__(self, servers: ServerList, timing: Timing, random: Callable[[], float]) -> None:
        self.moving: Moving | None = None
        """The move that is under way."""
        self._servers = servers
        self._timing = timing
        self._random = random
        self._check_at: float | None = None
        self._go_at: float | None = None

    def registered(self, now: float) -> None:
        """The present server has registered the client: the checks of better ones begin anew."""
        self._servers.forget_checks()
        self._check_at = now + self._timing.home_s / CHECKS if self._servers.better() else None

    def asked(self, within_s: float, now: float) -> None:
        """The present server asks the client to leave.

        Clients move at random moments: otherwise the next server would get all registrations at once.
        """
        self._go_at = now + self._random() * min(within_s, self._timing.move_s) / 2.0

    def lost(self) -> None:
        """The present conversation has ended: no move begins. One that is under way goes on."""
        self._check_at = self._go_at = None

    def begin(self, attempt: int, place: int, now: float) -> Connect:
        """Begin to move to the server at `place`. `attempt` is the number of the new WebSocket."""
        server = self._servers[place]
        self.moving = Moving(attempt, place, now + self._timing.open_s)
        return Connect(server.ws_url, attempt, server.trust, server.address)

    def done(self, moving: Moving) -> None:
        """The conversation that the move has begun is the present one from now on."""
        self.moving = None
        self._servers.use(moving.place)

    def failed(self) -> list[Effect]:
        """The move under way has failed: the client stays. Returns the notice of it."""
        moving, self.moving = self.moving, None
        if moving is None:
            return []
        self._servers.unwell(moving.place)
        return [Notice("not moved", {"server": self._servers[moving.place].ws_url})]

    def next_deadline(self) -> float | None:
        """When `overdue`, `place_due` or `checks_due` has something to give, s, or None."""
        moments = (self._check_at, self._go_at, self.moving.until if self.moving else None)
        return min((moment for moment in moments if moment is not None), default=None)

    def overdue(self, now: float) -> Moving | None:
        """The move under way, if its time is up."""
        return self.moving if self.moving is not None and now >= self.moving.until else None

    def place_due(self, now: float, *, online: bool) -> int | None:
        """Where to move now, because the present server has asked for it; None for not now."""
        if self._go_at is None or now < self._go_at:
            return None
        self._go_at = None
        return self._servers.next_place if online and self.moving is None and len(self._servers) > 1 else None

    def checks_due(self, now: float) -> list[Effect]:
        """The checks of all better servers, if their time has come."""
        if self._check_at is None or now < self._check_at:
            return []
        self._check_at = now + self._timing.home_s / CHECKS * (0.75 + 0.5 * self._random())
        return [Check(server.ws_url, number, server.trust, server.address) for number, server in self._servers.better()]

    def checked(self, number: int, ok: bool) -> bool:
        """Record a check of a better server. True if the client should move there now."""
        return self._servers.checked(number, ok) and self.moving is None
