"""`formant-node controller`: plays a gesture file, a demo, or lines from standard input, without a screen."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from formant_files import shown
from formant_net.cli.options.gestures import read_touches
from formant_net.cli.options.servers import check_id, client_options, fail_if_refused, search_of, servers_of, trust_of
from formant_net.cli.options.tunings import tuning_of, tuning_options
from formant_net.ops.console import say
from formant_net.ops.log import LEVELS, configure
from formant_net.protocol.bounds import BOUNDS
from formant_net.protocol.gesture import TimedTouch, lines_of


@click.command(short_help="Play a gesture, a demo or JSON lines, without a screen.")
@click.argument("urls", nargs=-1, metavar="[URL]...")
@click.option(
    "--gesture", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Play this gesture or MIDI file."
)
@click.option("--demo", is_flag=True, help="Play a built-in phrase of ten seconds.")
@click.option("--loop", is_flag=True, help="Repeat it without end.")
@tuning_options
@click.option(
    "--wait-synths",
    default=1,
    show_default=True,
    type=click.IntRange(0, BOUNDS.most_synths),
    help="Start when this many synths are linked.",
)
@click.option(
    "--most-synths",
    default=BOUNDS.synths_of_headless,
    show_default=True,
    type=click.IntRange(1, BOUNDS.most_synths),
    help="Play no more synths than this.",
)
@click.option("--key", metavar="KEY", help="Join key, if the URL has none (better: FORMANT_KEY).")
@client_options
@click.option("--in-order", is_flag=True, help="Try the URLs in this order, not the nearest first.")
@click.option("--id", metavar="ID", help="Id. Default: ctrl-HOST- and four random digits.")
@click.option("--name", default="", metavar="TEXT", help="Name that others see.")
@click.option(
    "--log-format",
    default="text",
    show_default=True,
    type=click.Choice(["text", "json"]),
    help="Log for people or programs.",
)
@click.option(
    "--log-level",
    default="info",
    show_default=True,
    type=click.Choice(LEVELS),
    help="Least severe lines to log.",
)
def command(urls: tuple[str, ...], gesture: Path | None, demo: bool, loop: bool, **options: Any) -> None:
    """Play every synth of the ensemble at URL. Without a URL, search the network for the server.

    Without --gesture and --demo it reads lines from standard input and plays each when it arrives, for example
    {"x": 0.5, "y": 0.0} and {"active": false} (docs/play/gestures.md).
    """
    if gesture and demo:
        raise click.UsageError("give --gesture FILE or --demo, not both")
    if loop and not (gesture or demo):
        raise click.UsageError("--loop needs --gesture FILE or --demo")
    _, snap = tuning_of(options, keyboard=False)
    configure(options["log_format"], options["log_level"])
    from formant_net.aio.client.client import SentAway
    from formant_net.aio.client.controller import ControllerOptions
    from formant_net.aio.run import run_until_signal

    touches = _touches(gesture, demo)
    trust = trust_of(options["tls_ca"], options["tls_fingerprints"])
    controller = ControllerOptions(
        client_id=check_id(options["id"], ("ctrl-", "touch-ctrl-")),
        servers=servers_of(urls, options["key"], trust),
        search=search_of(urls, options["key"], trust),
        name=options["name"][:64],
        snap=snap,
        most_synths=options["most_synths"],
    )
    try:
        run_until_signal(
            _play(controller, touches, loop=loop, **{name: options[name] for name in ("wait_synths", "in_order")})
        )
    except SentAway as error:
        fail_if_refused(error)


SHORTEST_LOOP_S = 0.25
"""Seconds that one round of a looped gesture lasts at least. A shorter gesture is followed by a rest."""


def _touches(gesture: Path | None, demo: bool) -> list[TimedTouch] | None:
    if demo:
        from formant_net.controller.demo import demo as phrase

        return phrase()
    if gesture is None:
        return None
    try:
        with gesture.open("rb") as file:
            return read_touches(file, str(gesture))
    except OSError as error:
        raise click.BadParameter(f"cannot read {shown(gesture)}: {error.strerror}", param_hint="--gesture") from error


async def _play(
    options: Any, touches: list[TimedTouch] | None, *, loop: bool, wait_synths: int, in_order: bool
) -> None:
    from formant_net.aio.client.controller import ControllerNode
    from formant_net.aio.client.nearest import nearest_first

    if not in_order:
        options = replace(options, servers=await nearest_first(options.servers))
    node = ControllerNode(options)
    node.start()
    where = f"connecting to {options.servers[0].ws_url}" if options.servers else "searching the network for a server"
    say(f"Formant controller {options.client_id}: {where}.")
    try:
        await node.ready(wait_synths)
        linked = sum(synth.open for synth in node.synths())
        say(f"Ready: {linked} synth{'' if linked == 1 else 's'} linked.")
        if touches is None:
            await node.play_lines(_standard_input())
        else:
            await node.play(touches)
            while loop:
                # Without the rest, a gesture of no length would be repeated as fast as the processor can.
                await asyncio.sleep(max(0.0, SHORTEST_LOOP_S - touches[-1].t))
                await node.play(touches)
        for synth in node.synths():
            rtt = "no answer yet" if synth.rtt_s is None else f"round trip {1000 * synth.rtt_s:.1f} ms"
            say(f"{synth.state.get('name', synth.id)}: {rtt}, {synth.loss:.0%} lost" + (", stale" * synth.stale))
    finally:
        await node.finish()


async def _standard_input() -> AsyncIterator[bytes]:
    """Lines of standard input as they arrive. A thread reads them, because the event loop cannot wait for a file."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[bytes] = asyncio.Queue(1000)

    def read() -> None:
        with suppress(Exception):  # the loop may end before the input does
            with suppress(OSError, ValueError, AttributeError):  # a closed terminal, or no standard input
                for line in lines_of(sys.stdin.buffer):
                    asyncio.run_coroutine_threadsafe(queue.put(line), loop).result()
            asyncio.run_coroutine_threadsafe(queue.put(b""), loop).result()

    threading.Thread(target=read, name="formant-standard-input", daemon=True).start()
    while line := await queue.get():
        yield line
