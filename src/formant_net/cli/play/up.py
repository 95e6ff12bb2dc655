"""`formant-node up`: runs a server and one synth in one process tree, and prints how to join."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from formant_net.aio.state_folder import state_dir
from formant_net.aio.warnings_file import keep_warnings
from formant_net.cli.options.invitation import poster
from formant_net.cli.play import synth as synth_cli
from formant_net.cli.run.server import edge_options, fail_to_listen, server_options
from formant_net.lan.invitation import Invitation
from formant_net.ops.console import say
from formant_net.protocol.join import JoinUrl


@click.command(
    short_help="Run a server and one synth on this machine.",
    context_settings={"ignore_unknown_options": True},
)
@server_options
@click.option(
    "--audio", default=None, metavar="auto|none|NAME|INDEX|wav:PATH", help="Sound device of the synth. [default: auto]"
)
@click.option("--qr/--no-qr", default=None, help="Print a QR code. Default: in a terminal.")
@click.argument("synth_options", nargs=-1, type=click.UNPROCESSED, metavar="[SYNTH OPTIONS]...")
def command(audio: str | None, qr: bool | None, synth_options: tuple[str, ...], **options: Any) -> None:
    """Start a server and one synth, and print the join URL of the touch page.

    Further options go to the synth (see `formant-node synth --help`), for example `up --voice soprano`.
    """
    from formant_net.aio.child import ChildRefused, keep_running
    from formant_net.aio.notify import serving
    from formant_net.aio.run import run_until_signal
    from formant_net.aio.server.edge import running_edge
    from formant_net.aio.server.keys import KeyFileError
    from formant_net.aio.server.server import CannotListen
    from formant_net.aio.server.tls import TlsError
    from formant_net.protocol.timing import Timing
    from formant_net.timers.backoff import Backoff

    ctx = click.get_current_context()
    # Options that the synth would refuse are refused here, before anything is announced.
    synth_cli.command.make_context("synth", list(synth_options), parent=ctx.parent)
    edge = edge_options(**options)
    keep_warnings(state_dir(), "up")
    show_qr = sys.stdout.isatty() if qr is None else qr
    further = [*(("--audio", audio) if audio else ()), "--log-format", options["log_format"]]
    further += ["--log-level", options["log_level"], *synth_options]
    if options["play_out"]:
        further += ["--play-out", str(options["play_out"])]
    if options["preset_folder"] is not None:
        further += ["--presets", str(options["preset_folder"])]
    refused = False

    def invite(invitation: Invitation) -> None:
        say(poster(invitation, qr=show_qr))

    async def play() -> None:
        nonlocal refused
        async with running_edge(edge, invite) as running:
            invite(running.invitation)
            try:
                async with serving(f"listening on {running.place}"):
                    await keep_running(
                        synth_command(running.local, config_of(ctx), further),
                        environment=synth_environment(os.environ, edge.key, running.certificate),
                        backoff=Backoff(Timing(), random.random),
                        name="synth",
                    )
            except ChildRefused:
                refused = True

    try:
        run_until_signal(play())
    except (KeyFileError, TlsError) as error:
        raise click.UsageError(str(error)) from error
    except CannotListen as error:
        raise fail_to_listen(error, edge.host, edge.port) from error
    if refused:
        ctx.exit(2)


def synth_command(server: JoinUrl, config: list[str], further: list[str]) -> list[str]:
    """The command line of the synth, without the key."""
    return [sys.executable, "-m", "formant_net", *config, "synth", server.http_url, *further]


def synth_environment(own: Mapping[str, str], key: str | None, certificate: Path | None = None) -> dict[str, str]:
    """The environment of the synth. It contains the key, because anybody on the box can read command lines.

    `certificate` is the file with the server's certificate. The synth checks the server's key against that file,
    because a certificate of an authority does not name 127.0.0.1.
    """
    ours = {f"FORMANT_{of}{name}" for of in ("", "SYNTH_") for name in ("KEY", "TLS_CA", "TLS_FINGERPRINT")}
    environment = {name: value for name, value in own.items() if name not in ours}
    if certificate is not None:
        environment["FORMANT_TLS_FINGERPRINT"] = str(certificate)
    if key is not None:
        environment["FORMANT_KEY"] = key
    return environment


def config_of(ctx: click.Context) -> list[str]:
    """The option `--config FILE` as this process got it, for the child."""
    config = ctx.find_root().params.get("config")
    return ["--config", str(config)] if isinstance(config, str | Path) else []
