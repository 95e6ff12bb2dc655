"""An edge put together: hub, registry, key, page and sockets, from the options of a command."""

from __future__ import annotations

import gc
import random
import re
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from formant_net.aio.files import room_for
from formant_net.aio.gate import SPARE_SOCKETS, Proxies
from formant_net.aio.keys import KeyFiles
from formant_net.aio.lan import lan_address, own_names
from formant_net.aio.server import EdgeServer
from formant_net.aio.static import read_page
from formant_net.aio.tls import ServerTls, TlsOptions
from formant_net.aio.watch import Watched, watching
from formant_net.backoff import Backoff
from formant_net.engine_url import EngineUrl
from formant_net.hub import Hub
from formant_net.ice import IceServers
from formant_net.join import JoinUrl
from formant_net.leases import Place
from formant_net.limits import Limits
from formant_net.log import get_logger
from formant_net.origin import Origins
from formant_net.registry import MemoryRegistry
from formant_net.shared_registry import SharedRegistry
from formant_net.timing import Timing

if TYPE_CHECKING:
    from formant_net.aio.engine import Engine

ANY_ADDRESS = ("", "0.0.0.0", "::")


@dataclass(frozen=True, slots=True)
class EdgeOptions:
    """What an operator may choose. `key` None: open to everybody. `advertise` None: this machine's LAN address."""

    host: str = "0.0.0.0"
    port: int = 8080
    key: str | None = field(default=None, repr=False)
    edge_id: str | None = None
    location: str = ""
    registry: EngineUrl | None = None
    """The engine that several edges share; None: this edge is alone, and its registry is in memory."""
    advertise: str | None = None
    ice_servers: IceServers = field(default_factory=IceServers)
    limits: Limits = field(default_factory=Limits)
    allow_origins: tuple[str, ...] = ()
    proxies: Proxies = field(default_factory=Proxies)
    key_files: KeyFiles = field(default_factory=KeyFiles)
    tls: TlsOptions | None = None
    hsts: bool = False
    timing: Timing = field(default_factory=Timing)
    drain_s: float = 5.0
    """When it is told to end, clients have so long to go to another edge."""

    def origins(self) -> Origins:
        """Which pages may connect. Raises OriginError."""
        own = socket.gethostname()
        names = [own, own.partition(".")[0], *([self.advertise] if self.advertise else [])]
        return Origins.make(self.allow_origins, names, secure=self.tls is not None)


@dataclass(frozen=True, slots=True)
class RunningEdge:
    """A server that listens. `join` invites other devices, `local` is for processes of this machine.

    `certificate`: the file with the certificate in use, if it speaks TLS; what `local` is known by.
    """

    edge_id: str
    host: str
    port: int
    join: JoinUrl
    local: JoinUrl
    wind_down: Callable[[], Awaitable[None]]
    """Ask all clients to go to another edge, and wait until they have; returns at once where there is none."""
    certificate: Path | None = None


@asynccontextmanager
async def running_edge(options: EdgeOptions) -> AsyncIterator[RunningEdge]:
    """Serve while the block runs. Raises OSError if the address cannot be had; KeyFileError, TlsError, OriginError."""
    edge_id = options.edge_id or own_edge_id(socket.gethostname())
    access = options.key_files.access(options.key)
    limits = _fitting(options.limits)
    tls = ServerTls(options.tls, lambda: own_names(options.advertise)) if options.tls else None
    place = Place(edge_id, secrets.token_hex(4), options.location)
    ttl_s = options.timing.ttl_s
    shared = SharedRegistry(place, ttl_s) if options.registry is not None else None
    hub = Hub(
        shared or MemoryRegistry(place, ttl_s),
        access,
        make_secret=secrets.token_urlsafe,
        ice_servers=options.ice_servers,
        timing=options.timing,
        limits=limits,
    )
    server = EdgeServer(
        hub,
        assets=read_page(),
        version=metadata.version("formant-synth"),
        limits=limits,
        origins=replace(options.origins(), others=shared.urls) if shared is not None else options.origins(),
        proxies=options.proxies,
        secure=tls is not None,
        hsts=options.hsts,
    )
    watched = [Watched(options.key_files.paths, lambda: options.key_files.refresh(access, server.keys_changed))]
    if tls is not None:
        watched.append(Watched(tls.files, tls.refresh))
    carrier = _carrier(options, shared, hub, server)

    async def wind_down() -> None:
        if hub.edges() and options.drain_s > 0.0:
            await server.wind_down(options.drain_s)

    async with (
        carrier,  # ends after the sockets: that their clients have left is still to be told
        server.listening(options.host, options.port, tls.context if tls else None) as port,
        watching(watched),
    ):
        anywhere = options.host in ANY_ADDRESS
        pin = tls.pin if tls is not None and tls.self_signed else None
        make = partial(JoinUrl.make, port=port, key=options.key, secure=tls is not None, pin=pin)
        join = make(options.advertise or (lan_address() if anywhere else options.host))
        carrier.start(join.http_url)
        yield RunningEdge(
            edge_id=edge_id,
            host=options.host,
            port=port,
            join=join,
            wind_down=wind_down,
            local=make("127.0.0.1" if anywhere else options.host),
            certificate=tls.path if tls is not None else None,
        )


def _fitting(limits: Limits) -> Limits:
    """As many clients as the system lets us hold."""
    room = room_for(limits.clients + SPARE_SOCKETS) - SPARE_SOCKETS
    if room >= limits.clients:
        return limits
    clients = max(1, room)
    get_logger().warning("fewer clients, for the system allows too few open files (ulimit -n)", clients=clients)
    return replace(limits, clients=clients)


class _Alone:
    """There are no other edges."""

    async def __aenter__(self) -> None: ...

    async def __aexit__(self, *exc: object) -> None: ...

    def start(self, url: str) -> None: ...


def _carrier(options: EdgeOptions, registry: SharedRegistry | None, hub: Hub, server: EdgeServer) -> Engine | _Alone:
    """The way to the other edges; does nothing for an edge that is alone."""
    if registry is None or options.registry is None:
        return _Alone()
    from formant_net.aio.engine import Engine  # its library is an optional part

    engine = Engine(
        options.registry,
        registry,
        Backoff(options.timing, random.random),
        change=server.change,
        on_change=hub.on_registry,
        on_bus=hub.on_bus,
        on_unreachable=hub.on_unreachable,
    )
    server.attach(engine)
    return engine


def own_edge_id(host_name: str) -> str:
    """A name for an edge from a host name: `Attic.local` becomes `attic`."""
    return re.sub(r"[^a-z0-9-]+", "-", host_name.partition(".")[0].lower()).strip("-")[:64] or "edge"


def calm_collector() -> None:
    """Let the garbage collector pass over what is there for good. For processes that do nothing but serve.

    Full collections over 10,000 idle clients stopped a server for 420 ms; with this 9 ms.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
