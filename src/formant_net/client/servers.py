"""The list of servers that a client may use, with the one in use and the checks of better ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from formant_net.protocol.bounds import BOUNDS
from formant_net.protocol.trust import SYSTEM, Trust

MAX_SERVERS = BOUNDS.servers
MAX_FOUND = 8
"""The most servers that a client keeps of those found on the network."""
CHECKS = BOUNDS.home_checks
"""Checks in a row, spread over `Timing.home_s`, that must succeed before a client moves to a better server."""


@dataclass(frozen=True, slots=True)
class Server:
    """One server of the list: its WebSocket URL, the key it asks for (None: no key), and how it proves its identity."""

    ws_url: str
    key: str | None = field(default=None, repr=False)
    trust: Trust = SYSTEM
    address: str | None = None
    """Its address, if several machines have its name."""


class ServerList:
    """Servers in the order of preference. Each is identified by its place in the list.

    servers    the best first; at least one, else ValueError
    searching  the list may begin empty: servers are searched for on the network and added by `found`
    """

    def __init__(self, servers: Sequence[Server], *, searching: bool = False) -> None:
        if not servers and not searching:
            raise ValueError("at least one server is needed")
        self._servers = tuple(servers)
        self._well: dict[int, int] = {}
        """For each better server, how many checks in a row have succeeded."""
        self.place = 0
        """Place of the server in use, or tried next."""

    def __len__(self) -> int:
        return len(self._servers)

    def __iter__(self) -> Iterator[Server]:
        return iter(self._servers)

    def __getitem__(self, place: int) -> Server:
        return self._servers[place]

    @property
    def current(self) -> Server:
        """The server in use, or tried next."""
        return self._servers[self.place]

    @property
    def next_place(self) -> int:
        """The one after the current; after the last comes the first."""
        return (self.place + 1) % len(self._servers)

    def better(self) -> list[tuple[int, Server]]:
        """Those that come before the current one, with their places."""
        return list(enumerate(self._servers[: self.place]))

    def use(self, place: int) -> None:
        """The server at `place` is the current one from now on."""
        self.place = place

    def forget_checks(self) -> None:
        """Forget all checks: a server has registered the client, so the checks of better ones begin anew."""
        self._well.clear()

    def checked(self, place: int, ok: bool) -> bool:
        """Record a check of a better server. True when enough checks in a row have succeeded to move there."""
        if place >= self.place:
            return False
        self._well[place] = self._well.get(place, 0) + 1 if ok else 0
        return self._well[place] >= CHECKS

    def unwell(self, place: int) -> None:
        """Record that a move to that server failed: its checks begin anew."""
        self._well[place] = 0

    def __contains__(self, server: object) -> bool:
        return server in self._servers

    def found(self, server: Server, *, keep_current: bool) -> None:
        """Add a server that was found on the network. With `keep_current` it comes after the current one, else first.

        The list keeps at most `MAX_FOUND`: a server that changes its address is found again each time.
        """
        kept = [self.current] if keep_current else []
        merged = dict.fromkeys([*kept, server, *self._servers])
        self._servers = tuple(merged)[:MAX_FOUND]
        self._well.clear()
        self.place = 0

    def learn(self, urls: Sequence[str]) -> None:
        """Add other servers of the ensemble, after those that were given. They have the key of the current server.

        If the current server is secure, only secure ones are added.
        """
        here = self.current
        known = {server.ws_url for server in self._servers}
        schemes = ("wss://",) if here.ws_url.startswith("wss:") else ("ws://", "wss://")
        for url in dict.fromkeys(urls):
            if url.startswith(schemes) and url not in known and len(self._servers) < MAX_SERVERS:
                self._servers += (Server(url, here.key, here.trust),)
