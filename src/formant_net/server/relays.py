"""Passwords of relays, sent to clients with `registered` and again before they expire."""

from __future__ import annotations

from typing import Any

from formant_net.protocol import messages as m
from formant_net.protocol.ice import IceServers
from formant_net.server.clients import Client, Clients
from formant_net.server.outputs import Outbox


class Relays:
    """The ICE servers of one edge, told to its clients."""

    def __init__(self, ice: IceServers, clients: Clients, outbox: Outbox) -> None:
        self._ice = ice
        self._clients = clients
        self._out = outbox
        self._renew_at: float | None = None

    def told(self, client: Client, now: float) -> list[dict[str, Any]]:
        """The list for `client`. The client gets a new list before the passwords expire."""
        if self._renew_at is None and self._ice.renew_s is not None:
            self._renew_at = now + self._ice.renew_s
        return self._ice.told(client.id, self._out.wall(now))

    def asked(self, knows_key: bool, now: float) -> list[dict[str, Any]]:
        """The list for somebody who asks over HTTP."""
        return self._ice.told("guest", self._out.wall(now)) if knows_key else self._ice.public()

    def next_deadline(self) -> float | None:
        """When `on_deadline` has something to do, or None."""
        return self._renew_at

    def on_deadline(self, now: float) -> None:
        """Send every client a new list, if it is time."""
        if self._renew_at is None or now < self._renew_at or self._ice.renew_s is None:
            return
        registered = list(self._clients.registered())
        self._renew_at = now + self._ice.renew_s if registered else None
        for client in registered:
            self._out.send(client.conn, m.IceServers(ice_servers=self._ice.told(client.id, self._out.wall(now))))
