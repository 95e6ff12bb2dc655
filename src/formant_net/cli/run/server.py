"""`formant-node server`: introduces synths and controllers to each other, and serves the touch page."""

from __future__ import annotations

import errno
import importlib.util
import secrets
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click

from formant_net.aio.state_folder import state_dir
from formant_net.aio.warnings_file import keep_warnings
from formant_net.cli.options.guard import SERVER_OPTIONS, guard_fields
from formant_net.cli.options.invitation import lines
from formant_net.cli.options.logs import log_options
from formant_net.cli.options.ranges import FloatRange
from formant_net.lan.invitation import Invitation
from formant_net.ops.console import say
from formant_net.ops.log import configure, get_logger
from formant_net.protocol import location as places
from formant_net.protocol.ice import IceServerError, parse_ice_server
from formant_net.protocol.join import DEFAULT_PORT, JoinUrl, JoinUrlError
from formant_net.protocol.messages import MAX_CREDENTIAL_CHARS
from formant_net.protocol.timing import Timing
from formant_net.server.access.join_keys import ALPHABET, make_key
from formant_net.server.registry.engine_url import EngineUrl, EngineUrlError

Function = TypeVar("Function", bound=Callable[..., Any])


class IceServer(click.ParamType[dict[str, Any]]):
    """`stun:HOST:PORT` or `turn:USER:PASSWORD@HOST:PORT`."""

    name = "url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        try:
            return parse_ice_server(str(value))
        except IceServerError as error:
            self.fail(str(error), param, ctx)


class Location(click.ParamType[str]):
    """A name, or degrees of latitude and longitude."""

    name = "location"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return places.check(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class RegistryUrl(click.ParamType[Any]):
    """`memory`, or the URL of the engine."""

    name = "registry"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> EngineUrl | None:
        if isinstance(value, EngineUrl) or value == "memory":
            return value if isinstance(value, EngineUrl) else None
        try:
            return EngineUrl.parse(str(value))
        except EngineUrlError as error:
            self.fail(str(error), param, ctx)


def server_options(function: Function) -> Function:
    """Add the options that `server` and `up` share."""
    for option in reversed(
        [
            click.option("--host", default="", metavar="HOST", help="Listen on this address only. Default: all."),
            click.option(
                "--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="0: any free port."
            ),
            click.option("--key", metavar="KEY", help="Join key (better: FORMANT_KEY). Default: made once and kept."),
            click.option("--open", "open_", is_flag=True, help="No key: everybody may join."),
            click.option("--edge-id", metavar="ID", help="Name of this server. Default: the host name."),
            click.option(
                "--location",
                type=Location(),
                metavar="NAME|LAT,LON",
                help="Place: synths prefer near players.",
            ),
            click.option(
                "--registry",
                type=RegistryUrl(),
                metavar="memory|URL",
                help="nats://HOST joins several servers to one ensemble (docs/install/edges.md).  [default: memory]",
            ),
            click.option("--announce/--no-announce", default=True, help="Announce it by mDNS.  [default: on]"),
            click.option("--advertise", metavar="HOST", help="Host in the join URL. Default: the best."),
            click.option(
                "--ice-server",
                "ice_servers",
                multiple=True,
                type=IceServer(),
                metavar="URL",
                envvar="FORMANT_ICE_SERVER",
                help="stun:HOST:PORT, turn:USER:PASSWORD@HOST:PORT, or turn:HOST:PORT with --turn-secret. Not needed "
                "on a LAN. May be repeated.",
            ),
            click.option(
                "--presets",
                "preset_folder",
                metavar="FOLDER",
                type=click.Path(path_type=Path, file_okay=False),
                help="Folder of your own presets, NAME.toml: browsers that sing have them, too.",
            ),
            click.option(
                "--play-out",
                default=0.0,
                show_default=True,
                metavar="MS",
                type=FloatRange(0.0, 100.0),
                help="Browsers that sing sound each touch this long after it was sent: the value of the boxes' "
                "--play-out.",
            ),
            *SERVER_OPTIONS,
            click.option(
                "--drain",
                default=5.0,
                show_default=True,
                type=FloatRange(0.0),
                help="Seconds for clients to move to another server when this one ends.",
            ),
            click.option(
                "--ttl",
                default=60.0,
                show_default=True,
                type=FloatRange(1.0),
                help="Seconds of silence until a client is dropped.",
            ),
            log_options,
        ]
    ):
        function = option(function)
    return function


def edge_options(
    *,
    host: str,
    port: int,
    key: str | None,
    open_: bool,
    edge_id: str | None,
    location: str | None,
    registry: EngineUrl | None,
    advertise: str | None,
    announce: bool,
    ice_servers: tuple[dict[str, Any], ...],
    preset_folder: Path | None,
    play_out: float,
    ttl: float,
    drain: float,
    log_format: str,
    log_level: str,
    **guard: Any,
) -> Any:
    """The `EdgeOptions` of the shared options. It also configures logging."""
    from formant_net.aio.lan.announce import kept_id
    from formant_net.aio.server.desk_file import desk_path
    from formant_net.aio.server.edge import EdgeOptions
    from formant_net.aio.server.own_key import own_key

    key = (key or "").strip()
    if open_ and key:
        raise click.UsageError("--open means no key: give --open or --key (FORMANT_KEY), not both")
    if len(key) > MAX_CREDENTIAL_CHARS:
        raise click.UsageError(f"the key has {len(key)} characters: at most {MAX_CREDENTIAL_CHARS} are allowed")
    if advertise is not None:
        try:
            JoinUrl.make(advertise, DEFAULT_PORT)
        except JoinUrlError as error:
            raise click.BadParameter(str(error), param_hint="--advertise") from error
    if registry is not None:
        if not (open_ or key):
            raise click.UsageError("servers with one --registry need the same key: give --key (FORMANT_KEY), or --open")
        if importlib.util.find_spec("nats") is None:
            raise click.UsageError(
                "--registry needs the package nats-py: type pip install '.[edges]' in the folder of the source"
            )
    guarded = guard_fields(ice_servers, open_=open_, **guard)
    configure("json" if log_format == "json" else "text", log_level)
    if not (open_ or key):
        kept = own_key(state_dir(), lambda: make_key(secrets.choice))
        key = kept.key
        if kept.warning:
            get_logger().warning(kept.warning)
    return EdgeOptions(
        host=host,
        port=port,
        key=key or None,
        edge_id=edge_id,
        location=location or "",
        registry=registry,
        advertise=advertise,
        announce=kept_id(state_dir(), make_id) if announce else None,
        timing=Timing(heartbeat_s=ttl / 3, ttl_s=ttl, play_out_s=play_out / 1000.0),
        desk=desk_path(state_dir(), port),
        drain_s=drain,
        voice=partial(voice, preset_folder),
        **guarded,
    )


def voice(preset_folder: Path | None = None) -> Mapping[str, bytes]:
    """The files with which the page sings, with the presets of a folder. They are read when the server starts."""
    from formant_dsp.browser.bundle import bundle

    if preset_folder is None:
        return bundle()
    from formant_dsp.model.preset_folder import PresetFolder

    folder = PresetFolder(preset_folder)
    for wrong in folder.read():
        get_logger().warning("preset of the server not usable", reason=wrong)
    return bundle(folder.presets.values())


def make_id() -> str:
    """An id for a server: six letters and digits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(6))


def fail_to_listen(error: OSError, host: str, port: int) -> click.ClickException:
    """The error of a server that cannot listen, with the reason and what to do."""
    where = host or error.filename or "any address"
    if error.errno == errno.EADDRINUSE:
        return click.ClickException(f"port {port} is in use on {where}: stop what uses it, or choose another --port")
    if error.errno == errno.EACCES:
        return click.ClickException(f"port {port} needs privileges: choose a --port from 1024 up")
    return click.ClickException(
        f"cannot listen on {where} port {port}: {error.strerror or error}: choose another --host"
    )


@click.command(short_help="Introduce synths and controllers; serve the touch page.")
@server_options
def command(**options: Any) -> None:
    """Introduce synths and controllers to each other and serve the touch page.

    It prints one join URL, for browsers and for `formant-node synth URL`. Touches never pass through the server: open
    links keep playing while it is down.
    """
    from formant_net.aio.notify import serving
    from formant_net.aio.run import run_until_signal, until_cancelled
    from formant_net.aio.server.edge import calm_collector, running_edge
    from formant_net.aio.server.keys import KeyFileError
    from formant_net.aio.server.server import CannotListen
    from formant_net.aio.server.tls import TlsError

    edge = edge_options(**options)
    keep_warnings(state_dir(), "server" if edge.port in (0, DEFAULT_PORT) else f"server-{edge.port}")

    def invite(invitation: Invitation) -> None:
        for line in lines(invitation, needs_key=edge.key is not None):
            say(line)

    async def serve() -> None:
        async with running_edge(edge, invite) as running:
            calm_collector()
            say(f"Formant server {running.edge_id} listens on {running.place}.")
            invite(running.invitation)
            if pin := running.invitation.join.pin:
                say(f"Certificate: self-signed, {pin}. Phones ask once whether to trust it.")
            try:
                async with serving(f"listening on {running.place}"):
                    await until_cancelled()
            finally:
                await running.wind_down()

    try:
        run_until_signal(serve())
    except CannotListen as error:
        raise fail_to_listen(error, edge.host, edge.port) from error
    except (KeyFileError, TlsError) as error:
        raise click.UsageError(str(error)) from error
