"""What a client needs to join an ensemble: the servers to try, or the search for one."""

from __future__ import annotations

from collections.abc import Iterable

from formant_net.aio.client.find import Search
from formant_net.aio.state_folder import state_dir
from formant_net.client.servers import Server
from formant_net.protocol.join import JoinUrl
from formant_net.protocol.trust import SYSTEM, Trust, TrustError

FOUND = "found-server.json"
"""File in the state folder with the places of the server that was found last."""


def servers_of(urls: Iterable[str], key: str | None, trust: Trust = SYSTEM) -> list[Server]:
    """The servers to try, in order. A key in a URL overrides `key`, and a fingerprint in it overrides `trust`.

    Raises JoinUrlError for what is no URL, TrustError for an http URL although `trust` asks for a certificate.
    """
    servers = []
    for url in urls:
        join = JoinUrl.parse(url)
        if trust != SYSTEM and not join.ws_url.startswith("wss:"):
            raise TrustError(f"a certificate is asked for, so the URL must begin with https: {join.http_url} does not")
        servers.append(Server(join.ws_url, join.key or (key or "").strip() or None, trust.also(join.pin)))
    return servers


def search_for(key: str | None, trust: Trust = SYSTEM, *, local: bool = True) -> Search:
    """A search on the network, beginning where a server was found last. `local`: on this machine, too."""
    return Search((key or "").strip() or None, trust, local=local, memory=state_dir() / FOUND)
