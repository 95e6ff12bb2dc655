"""`formant-node up`: a server and one synth in one process tree, and the address to play it at in big plain words."""

from __future__ import annotations

import io
import os
import random
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import segno

from formant_net.cli import synth as synth_cli
from formant_net.cli.server import edge_options, fail_to_listen, server_options
from formant_net.join import JoinUrl


@click.command(
    short_help="A server and one synth together: the whole instrument on one box.",
    context_settings={"ignore_unknown_options": True},
)
@server_options
@click.option(
    "--audio", default=None, metavar="auto|none|NAME|INDEX|wav:PATH", help="Where the synth sounds. [default: auto]"
)
@click.option("--qr/--no-qr", default=None, help="The join URL as a QR code. Default: in a terminal.")
@click.argument("synth_options", nargs=-1, type=click.UNPROCESSED, metavar="[SYNTH OPTIONS]...")
def command(audio: str | None, qr: bool | None, synth_options: tuple[str, ...], **options: Any) -> None:
    """Start a server and one synth, and print the join URL of the touch page.

    Further options go to the synth (see `formant-node synth --help`), for example `up --voice soprano`.
    """
    from formant_net.aio.child import ChildRefused, keep_running
    from formant_net.aio.edge import running_edge
    from formant_net.aio.keys import KeyFileError
    from formant_net.aio.notify import serving
    from formant_net.aio.run import run_until_signal
    from formant_net.aio.tls import TlsError
    from formant_net.backoff import Backoff
    from formant_net.timing import Timing

    ctx = click.get_current_context()
    # Before anything is announced: what the synth would refuse is refused here.
    synth_cli.command.make_context("synth", list(synth_options), parent=ctx.parent)
    edge = edge_options(**options)
    show_qr = sys.stdout.isatty() if qr is None else qr
    further = [*(("--audio", audio) if audio else ()), "--log-format", options["log_format"]]
    further += ["--log-level", options["log_level"], *synth_options]
    refused = False

    async def play() -> None:
        nonlocal refused
        async with running_edge(edge) as running:
            click.echo(invitation(str(running.join), qr=show_qr))
            sys.stdout.flush()
            try:
                async with serving(f"listening on {running.host} port {running.port}"):
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
    except OSError as error:
        raise fail_to_listen(error, edge.host, edge.port) from error
    if refused:
        ctx.exit(2)


def synth_command(server: JoinUrl, config: list[str], further: list[str]) -> list[str]:
    """The command line of the synth, without the key."""
    return [sys.executable, "-m", "formant_net", *config, "synth", server.http_url, *further]


def synth_environment(own: Mapping[str, str], key: str | None, certificate: Path | None = None) -> dict[str, str]:
    """The environment of the synth. The key goes this way because anybody on the box can read command lines.

    `certificate` is the file with our own, which does not fit 127.0.0.1 if an authority has signed it.
    """
    ours = {f"FORMANT_{of}{name}" for of in ("", "SYNTH_") for name in ("KEY", "TLS_CA", "TLS_FINGERPRINT")}
    environment = {name: value for name, value in own.items() if name not in ours}
    if certificate is not None:
        environment["FORMANT_TLS_FINGERPRINT"] = str(certificate)
    if key is not None:
        environment["FORMANT_KEY"] = key
    return environment


def config_of(ctx: click.Context) -> list[str]:
    """`--config FILE` as it was given to us, for the child."""
    config = ctx.find_root().params.get("config")
    return ["--config", str(config)] if isinstance(config, str | Path) else []


def invitation(join_url: str, *, qr: bool) -> str:
    """What people in the room have to do, in words, and as a code for their phones."""
    lines = ["", "  Formant is running. Open this on a phone or a computer of the same network and touch it:", ""]
    lines += [f"      {join_url}", ""]
    if qr:
        lines += [qr_code(join_url)]
    return "\n".join(lines)


def qr_code(text: str) -> str:
    """`text` as a QR code of block characters, two modules a character high."""
    out = io.StringIO()
    segno.make(text, error="l", micro=False).terminal(out, compact=True)
    return out.getvalue()
