"""`formant-node controller`: plays a gesture file, a demo, or lines from standard input, without a screen."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from formant_files import shown
from formant_net.cli.options.gestures import read_touches
from formant_net.cli.options.players import controller_of, linked, node_of, player_options, run
from formant_net.cli.options.servers import urls_argument
from formant_net.cli.options.tunings import tuning_of, tuning_options
from formant_net.ops.console import say
from formant_net.ops.log import configure
from formant_net.protocol.gesture import TimedTouch, lines_of

if TYPE_CHECKING:
    from formant_net.aio.client.controller import ControllerOptions


@click.command(short_help="Play a gesture, a demo or JSON lines, without a screen.")
@urls_argument
@click.option(
    "--gesture", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Play this gesture or MIDI file."
)
@click.option("--demo", is_flag=True, help="Play a built-in phrase of ten seconds.")
@click.option("--loop", is_flag=True, help="Repeat it without end.")
@tuning_options
@player_options("Start")
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
    touches = _touches(gesture, demo)
    run(_play(controller_of(urls, options, snap), touches, options, loop=loop))


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
    controller: ControllerOptions, touches: list[TimedTouch] | None, options: Mapping[str, Any], *, loop: bool
) -> None:
    node = await node_of(controller, in_order=options["in_order"])
    node.start()
    try:
        await linked(node, options["wait_synths"], "controller")
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
