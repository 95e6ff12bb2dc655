"""`formant-node server`: the meeting place. It introduces synths and controllers and serves the touch page."""

from __future__ import annotations

import errno
import importlib.util
import secrets
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from formant_net import location as places
from formant_net.access import make_key
from formant_net.cli.guard import SERVER_OPTIONS, guard_fields
from formant_net.cli.ranges import FloatRange
from formant_net.engine_url import EngineUrl, EngineUrlError
from formant_net.ice import IceServerError, parse_ice_server
from formant_net.log import LEVELS, configure
from formant_net.messages import MAX_CREDENTIAL_CHARS
from formant_net.timing import Timing

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
    """`memory`, or where the engine is."""

    name = "registry"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> EngineUrl | None:
        if isinstance(value, EngineUrl) or value == "memory":
            return value if isinstance(value, EngineUrl) else None
        try:
            return EngineUrl.parse(str(value))
        except EngineUrlError as error:
            self.fail(str(error), param, ctx)


def server_options(function: Function) -> Function:
    """The options that `server` and `up` share."""
    for option in reversed(
        [
            click.option("--host", default="0.0.0.0", show_default=True, help="Address to listen on."),
            click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="0: any free."),
            click.option("--key", metavar="KEY", help="Join key (better: FORMANT_KEY). Default: a new random one."),
            click.option("--open", "open_", is_flag=True, help="No key: whoever reaches the server may join."),
            click.option("--edge-id", metavar="ID", help="Name of this server. Default: the host name."),
            click.option(
                "--location", type=Location(), metavar="NAME|LAT,LON", help="Where it is: synths prefer what is near."
            ),
            click.option(
                "--registry",
                type=RegistryUrl(),
                metavar="memory|URL",
                help="nats://HOST: one ensemble over several servers (docs/edges.md).  [default: memory]",
            ),
            click.option("--advertise", metavar="HOST", help="Host of the join URL. Default: the LAN address."),
            click.option(
                "--ice-server",
                "ice_servers",
                multiple=True,
                type=IceServer(),
                metavar="URL",
                envvar="FORMANT_ICE_SERVER",
                help="stun:HOST:PORT, turn:USER:PASSWORD@HOST:PORT, or turn:HOST:PORT with --turn-secret; may be "
                "repeated. Not needed on a LAN.",
            ),
            *SERVER_OPTIONS,
            click.option(
                "--drain", default=5.0, show_default=True, type=FloatRange(0.0), help="Seconds to move clients."
            ),
            click.option("--ttl", default=60.0, show_default=True, type=FloatRange(1.0), help="Lease, seconds."),
            click.option("--log-format", default="text", show_default=True, type=click.Choice(["text", "json"])),
            click.option("--log-level", default="info", show_default=True, type=click.Choice(LEVELS)),
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
    ice_servers: tuple[dict[str, Any], ...],
    ttl: float,
    drain: float,
    log_format: str,
    log_level: str,
    **guard: Any,
) -> Any:
    """`EdgeOptions` of the shared options; sets logging up on the way."""
    from formant_net.aio.edge import EdgeOptions

    key = (key or "").strip()
    if open_ and key:
        raise click.UsageError("--open means that there is no key: give --open or --key (FORMANT_KEY), not both")
    if len(key) > MAX_CREDENTIAL_CHARS:
        raise click.UsageError(f"a key has at most {MAX_CREDENTIAL_CHARS} characters")
    if registry is not None:
        if not (open_ or key):
            raise click.UsageError("all servers of an ensemble have one key: give --key (FORMANT_KEY), or --open")
        if importlib.util.find_spec("nats") is None:
            raise click.UsageError("several servers need more: pip install 'formant-synth[edges]'")
    guarded = guard_fields(ice_servers, open_=open_, **guard)
    configure("json" if log_format == "json" else "text", log_level)
    return EdgeOptions(
        host=host,
        port=port,
        key=None if open_ else key or make_key(secrets.choice),
        edge_id=edge_id,
        location=location or "",
        registry=registry,
        advertise=advertise,
        timing=Timing(heartbeat_s=ttl / 3, ttl_s=ttl),
        drain_s=drain,
        **guarded,
    )


def fail_to_listen(error: OSError, host: str, port: int) -> click.ClickException:
    """The reason in words, and what to do about it."""
    if error.errno == errno.EADDRINUSE:
        return click.ClickException(f"port {port} is in use on {host}: stop what uses it, or choose another --port")
    if error.errno == errno.EACCES:
        return click.ClickException(f"port {port} needs privileges: choose a --port from 1024 up")
    return click.ClickException(f"cannot listen on {host}:{port}: {error.strerror or error}: choose another --host")


@click.command(short_help="Meeting place of synths and controllers; serves the touch page.")
@server_options
def command(**options: Any) -> None:
    """Introduce synths and controllers to each other and serve the touch page.

    Prints one join URL, which browsers and `formant-node synth URL` both take. Touch data never passes through here:
    what is connected keeps playing while the server is down.
    """
    from formant_net.aio.edge import calm_collector, running_edge
    from formant_net.aio.keys import KeyFileError
    from formant_net.aio.notify import serving
    from formant_net.aio.run import run_until_signal, until_cancelled
    from formant_net.aio.tls import TlsError

    edge = edge_options(**options)

    async def serve() -> None:
        async with running_edge(edge) as running:
            calm_collector()
            click.echo(f"Formant server {running.edge_id} listens on {running.host} port {running.port}.")
            click.echo(f"Join: {running.join}" + ("" if edge.key else "  (open: no key needed)"))
            if running.join.pin:
                click.echo(f"Certificate: its own, {running.join.pin}. Phones ask once whether to trust it.")
            sys.stdout.flush()
            try:
                async with serving(f"listening on {running.host} port {running.port}"):
                    await until_cancelled()
            finally:
                await running.wind_down()

    try:
        run_until_signal(serve())
    except OSError as error:
        raise fail_to_listen(error, edge.host, edge.port) from error
    except (KeyFileError, TlsError) as error:
        raise click.UsageError(str(error)) from error
