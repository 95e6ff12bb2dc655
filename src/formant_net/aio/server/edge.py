"""Builds and runs an edge (hub, registry, keys, page, sockets) from the options of a command."""

from __future__ import annotations

import asyncio
import gc
import random
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from formant_net.aio.host import host_name
from formant_net.aio.lan.announce import Announcer
from formant_net.aio.lan.names import own_names
from formant_net.aio.lan.watch import readdressed
from formant_net.aio.open_files import room_for
from formant_net.aio.server import desk_file
from formant_net.aio.server.gate import READERS, SPARE_SOCKETS, Proxies
from formant_net.aio.server.keys import KeyFiles
from formant_net.aio.server.server import EdgeServer, Metrics
from formant_net.aio.server.static import read_page
from formant_net.aio.server.tls import ServerTls, TlsOptions
from formant_net.aio.server.watch import Watched, watching
from formant_net.fleet.agreed import Agreed
from formant_net.fleet.document import Document
from formant_net.fleet.wanted import Wanted
from formant_net.lan.addresses import Interface
from formant_net.lan.invitation import Invitation, invite, local_host
from formant_net.lan.record import Record
from formant_net.ops.log import get_logger
from formant_net.protocol.ice import IceServers
from formant_net.protocol.join import JoinUrl
from formant_net.protocol.timing import Timing
from formant_net.server.access.join_keys import weakness
from formant_net.server.access.limits import Limits
from formant_net.server.access.origin import Origins
from formant_net.server.hub import Hub
from formant_net.server.registry.engine_url import EngineUrl
from formant_net.server.registry.leases import Place
from formant_net.server.registry.memory import MemoryRegistry
from formant_net.server.registry.shared import SharedRegistry
from formant_net.timers.backoff import Backoff

if TYPE_CHECKING:
    from formant_net.aio.server.engine import Engine


@dataclass(frozen=True, slots=True)
class EdgeOptions:
    """The options of an edge. `key` None: open to everybody. `advertise` None: the best address of this machine.

    `host` "": all addresses of IPv4 and of IPv6.
    """

    host: str = ""
    port: int = 8080
    key: str | None = field(default=None, repr=False)
    edge_id: str | None = None
    location: str = ""
    registry: EngineUrl | None = None
    """The engine that several edges share; None: this edge is alone, and its registry is in memory."""
    advertise: str | None = None
    announce: str | None = None
    """The server's id on the local network, where clients find it by mDNS; None: it is not announced."""
    ice_servers: IceServers = field(default_factory=IceServers)
    limits: Limits = field(default_factory=Limits)
    allow_origins: tuple[str, ...] = ()
    proxies: Proxies = field(default_factory=Proxies)
    key_files: KeyFiles = field(default_factory=KeyFiles)
    tls: TlsOptions | None = None
    hsts: bool = False
    timing: Timing = field(default_factory=Timing)
    voice: Callable[[], Mapping[str, bytes]] = dict
    """Gives the files with which the page sings (formant_dsp/browser); none: the page only plays."""
    metrics: Metrics | None = None
    """Who may read GET /metrics; None: there is no such page."""
    desk: Path | None = None
    """The file of what boxes are to do; None: it is forgotten when the server ends."""
    drain_s: float = 5.0
    """Seconds that clients have to move to another edge after this one is told to stop."""

    def origins(self) -> Origins:
        """The origins of the pages that may connect. Raises OriginError."""
        own = host_name()
        names = [own, own.partition(".")[0], *([self.advertise] if self.advertise else [])]
        return Origins.make(self.allow_origins, names, secure=self.tls is not None)


@dataclass(frozen=True, slots=True)
class RunningEdge:
    """An edge that listens. `invitation` is for other devices, `local` for processes of this machine.

    hosts         the addresses that the edge listens on
    certificate   the file with the certificate in use, if the edge speaks TLS; a client at `local` can trust this file
    """

    edge_id: str
    hosts: tuple[str, ...]
    port: int
    invitation: Invitation
    local: JoinUrl
    wind_down: Callable[[], Awaitable[None]]
    """Ask all clients to move to another edge, and wait until they have. Returns at once if there is no other edge."""
    certificate: Path | None = None

    @property
    def place(self) -> str:
        """The addresses and the port that the edge listens on, in words."""
        hosts = (f"[{host}]" if ":" in host else host for host in self.hosts)
        return f"{' and '.join(hosts)}, port {self.port}"


@asynccontextmanager
async def running_edge(
    options: EdgeOptions, invited_anew: Callable[[Invitation], None] | None = None
) -> AsyncIterator[RunningEdge]:
    """Run an edge while the block runs. Raises CannotListen, KeyFileError, TlsError, OriginError.

    The edge calls `invited_anew` when the invitation has changed because this machine's addresses have.
    """
    edge_id = options.edge_id or own_edge_id(host_name())
    access = options.key_files.access(options.key)
    if weak := weakness(options.key):
        get_logger().warning(weak, instead="leave --key out: the server makes a key of 59 bits and keeps it")
    limits = _fitting(options.limits)
    tls = ServerTls(options.tls, lambda: own_names(options.advertise)) if options.tls else None
    place = Place(edge_id, secrets.token_hex(4), options.location)
    ttl_s = options.timing.ttl_s
    shared = SharedRegistry(place, ttl_s) if options.registry is not None else None
    kept = await asyncio.to_thread(desk_file.read_desk, options.desk, lambda: secrets.token_hex(8))
    desk_file.say(kept)
    agreed = None
    if shared is not None:  # a damaged copy is no loss where the others have the document
        agreed = Agreed(Wanted(document=kept.document or Document(epoch=secrets.token_hex(8))), place.node)
    hub = Hub(
        shared or MemoryRegistry(place, ttl_s),
        access,
        make_secret=secrets.token_urlsafe,
        ice_servers=options.ice_servers,
        timing=options.timing,
        limits=limits,
        fleet=kept.document,
        agreed=agreed,
    )
    server = EdgeServer(
        hub,
        assets=read_page(timing=options.timing, voice=await asyncio.to_thread(options.voice)),
        version=metadata.version("formant-synth"),
        limits=limits,
        origins=replace(options.origins(), others=shared.urls) if shared is not None else options.origins(),
        proxies=options.proxies,
        secure=tls is not None,
        hsts=options.hsts,
        metrics=options.metrics,
        health_s=options.timing.health_s,
    )
    watched = []
    if keys := options.key_files.paths():
        watched.append(Watched(lambda: keys, lambda: options.key_files.refresh(access, server.keys_changed)))
    if tls is not None:
        watched.append(Watched(tls.files, tls.refresh))
    carrier = _carrier(options, shared, hub, server, agreed)

    async def wind_down() -> None:
        if hub.edges() and options.drain_s > 0.0:
            await server.wind_down(options.drain_s)

    async with (
        desk_file.keeping(
            options.desk if kept.document is not None or agreed is not None else None,
            lambda: hub.steering.document,
            hub.steering.set_aside,
        ),
        carrier,  # ends after the sockets: the other edges must still hear that the clients have left
        server.listening(options.host, options.port, tls.context if tls else None) as port,
        watching(watched),
    ):
        pin = tls.pin if tls is not None and tls.self_signed else None
        make = partial(JoinUrl.make, port=port, key=options.key, secure=tls is not None, pin=pin)
        invitation: Invitation
        announcer = None
        if options.announce is not None:
            record = Record(options.announce, tls is not None, metadata.version("formant-synth"))
            announcer = Announcer(record, edge_id, server.hosts, port)
            server.announced = announcer.announced

        def invitation_at(interfaces: list[Interface]) -> Invitation:
            return invite(interfaces, server.hosts, make, options.advertise)

        def changed(interfaces: list[Interface]) -> None:
            nonlocal invitation
            if announcer is not None:
                announcer.update(interfaces)
            if tls is not None:
                tls.refresh()
            before, invitation = invitation, invitation_at(interfaces)
            if invitation == before:
                return
            if shared is not None:
                shared.pulse.url = invitation.join.http_url
            if invited_anew is not None:
                invited_anew(invitation)

        async with announcer or nullcontext(), readdressed(changed) as interfaces:
            invitation = invitation_at(interfaces)
            if announcer is not None:
                announcer.update(interfaces)
            carrier.start(invitation.join.http_url)
            yield RunningEdge(
                edge_id=edge_id,
                hosts=server.hosts,
                port=port,
                invitation=invitation,
                wind_down=wind_down,
                local=make(local_host(server.hosts)),
                certificate=tls.path if tls is not None else None,
            )


def _fitting(limits: Limits) -> Limits:
    """The limits, with clients and newcomers reduced in proportion if the system allows too few open files."""
    wanted = limits.clients + limits.newcomers
    room = room_for(wanted + SPARE_SOCKETS + READERS) - SPARE_SOCKETS - READERS
    if room >= wanted:
        return limits
    newcomers = min(limits.newcomers, max(1, room * limits.newcomers // wanted))
    clients = max(1, room - newcomers)
    get_logger().warning(
        "fewer clients can connect, because the system allows too few open files (ulimit -n)", clients=clients
    )
    return replace(limits, clients=clients, newcomers=newcomers)


class _Alone:
    """The carrier of an edge without other edges."""

    async def __aenter__(self) -> None: ...

    async def __aexit__(self, *exc: object) -> None: ...

    def start(self, url: str) -> None: ...


def _carrier(
    options: EdgeOptions, registry: SharedRegistry | None, hub: Hub, server: EdgeServer, agreed: Agreed | None
) -> Engine | _Alone:
    """The connection to the other edges. It does nothing for an edge without a shared registry."""
    if registry is None or options.registry is None:
        return _Alone()
    from formant_net.aio.server.engine import Engine  # nats-py is an optional dependency

    engine = Engine(
        options.registry,
        registry,
        Backoff(options.timing, random.random),
        change=server.change,
        on_change=hub.on_registry,
        on_bus=hub.on_bus,
        on_unreachable=hub.on_unreachable,
        agreed=agreed,
    )
    server.attach(engine)
    return engine


def own_edge_id(host_name: str) -> str:
    """A name for an edge from a host name: `Attic.local` becomes `attic`."""
    return re.sub(r"[^a-z0-9-]+", "-", host_name.partition(".")[0].lower()).strip("-")[:64] or "edge"


def calm_collector() -> None:
    """Make the garbage collector skip the objects that exist now, and run less often. For processes that only serve.

    With 10,000 idle clients, full collections stopped a server for 420 ms, and for 9 ms with this setting.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
