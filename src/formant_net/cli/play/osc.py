"""`formant-node osc`: programs that speak OSC play every synth of the ensemble."""

from __future__ import annotations

import re
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import click

from formant_net.cli.options.players import controller_of, linked, node_of, player_options, run, tell, tell_left_out
from formant_net.cli.options.ranges import FloatRange
from formant_net.cli.options.servers import urls_argument
from formant_net.cli.options.text import label
from formant_net.cli.options.tunings import tuning_of, tuning_options
from formant_net.ops.console import say
from formant_net.ops.log import configure

if TYPE_CHECKING:
    from formant_net.aio.client.controller import ControllerNode, ControllerOptions
    from formant_net.aio.osc.bridge import OscBridge
    from formant_net.lan.addresses import Interface
    from formant_net.tuning.snap import Snap

OFF = "off"
STATUS_S = 5.0
"""Seconds between two looks at what could not be played."""


@click.command("osc", short_help="Play from fader apps and programs that speak OSC.")
@urls_argument
@click.option(
    "--listen",
    default="127.0.0.1:9000",
    show_default=True,
    metavar="HOST:PORT",
    help="UDP port for OSC. Anyone who reaches it can play: OSC has no key.",
)
@click.option(
    "--query",
    metavar="HOST:PORT|off",
    help="TCP port of OSCQuery, which tells programs what can be played.  [default: as --listen]",
)
@click.option(
    "--silence",
    default=30.0,
    show_default=True,
    type=FloatRange(0.1, 86_400.0),
    metavar="SECONDS",
    help="Lift the notes of a sender that has been silent for so long.",
)
@click.option("--announce/--no-announce", default=True, help="Announce OSC and OSCQuery by mDNS.  [default: on]")
@tuning_options
@player_options("Say that it is ready")
def command(urls: tuple[str, ...], **options: Any) -> None:
    """Play every synth of the ensemble at URL by OSC. Without a URL, search the network for the server.

    For example /formant/note 1 60 begins a note and /formant/off 1 ends it (docs/play/osc.md).
    """
    listen = host_port(options["listen"], "--listen")
    query = options["query"] or options["listen"]
    options["query"] = None if query == OFF else host_port(query, "--query")
    _, snap = tuning_of(options, keyboard=False)
    configure(options["log_format"], options["log_level"])

    run(_play(controller_of(urls, options), listen, snap, options))


def host_port(text: str, option: str) -> tuple[str, int]:
    """HOST:PORT, with an IPv6 address in brackets; PORT 0 is any free one. Raises click.BadParameter."""
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.%\w]+)\]|([^:\[\]\s]+)):(\d{1,5})", text)
    if found is None or int(found[3]) > 65_535:
        raise click.BadParameter(f"{text!r}: write HOST:PORT, such as 127.0.0.1:9000 or [::1]:9000", param_hint=option)
    return found[1] or found[2], int(found[3])


async def _play(
    controller: ControllerOptions, listen: tuple[str, int], snap: Snap | None, options: dict[str, Any]
) -> None:
    from formant_net.aio.osc.bridge import OscBridge
    from formant_net.aio.osc.datagrams import ListenError
    from formant_net.aio.osc.query import OscQuery
    from formant_net.osc.player import OscPlayer

    node = await node_of(controller, in_order=options["in_order"])
    player = OscPlayer(
        secrets.token_bytes(16),
        silence_s=options["silence"],
        snap=snap,
        note_at=node.note_at,
        now=node.client.driver.now,
    )
    bridge, query = OscBridge(node, player, tell), None
    name = options["name"] or own_name()
    asked: tuple[str, int] | None = None
    node.start()
    try:
        try:
            heard = bridge.listen(*listen)
            say(f"OSC: UDP {_shown(heard)}")
            if options["query"] is not None:
                query = OscQuery(bridge, heard, name)
                asked = await query.start(*options["query"])
                say(f"OSCQuery: http://{_shown(asked)}/")
        except ListenError as error:
            raise click.ClickException(str(error)) from error
        async with _announced(name, heard, asked) if options["announce"] else nullcontext():
            await _until_ended(node, bridge, options["wait_synths"])
    finally:
        if query is not None:
            await query.close()
        bridge.close()
        await node.finish()


def own_name() -> str:
    """The name by which other programs see this one, if nobody gave it another: of this machine."""
    from formant_net.aio.host import host_name

    return f"Formant on {label(host_name())}"


@asynccontextmanager
async def _announced(name: str, osc: tuple[str, int], query: tuple[str, int] | None) -> AsyncIterator[None]:
    """Programs find the ports by mDNS while the block runs. Ports that this machine alone reaches are not announced."""
    from formant_net.aio.host import make_id
    from formant_net.aio.lan.announce import Announcer
    from formant_net.aio.lan.watch import readdressed
    from formant_net.lan.record import OSC, OSC_QUERY, Plain

    record = Plain(make_id("osc"))
    services = [(OSC, osc), *([(OSC_QUERY, query)] if query is not None else [])]
    async with AsyncExitStack() as stack:
        announcers = [
            await stack.enter_async_context(Announcer(record, name, [_listened(host)], port, service))
            for service, (host, port) in services
        ]

        def changed(interfaces: list[Interface]) -> None:
            for announcer in announcers:
                announcer.update(interfaces)

        changed(await stack.enter_async_context(readdressed(changed)))
        yield


def _listened(host: str) -> str:
    """The address of a port: of a name, where it leads."""
    return str(socket.getaddrinfo(host, None)[0][4][0])


async def _until_ended(node: ControllerNode, bridge: OscBridge, count: int) -> None:
    """Play until the server sends us away. Say what could not be played, but not more than every few seconds."""
    await linked(node, count, "OSC")
    told: dict[str, int] = {}
    while True:
        look_at = bridge.now + STATUS_S
        await node.until(lambda at=look_at: bridge.now >= at)  # type: ignore[misc]
        tell_left_out(bridge.player.left_out, told)


def _shown(address: tuple[str, int]) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
