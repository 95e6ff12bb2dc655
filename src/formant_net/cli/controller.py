"""`formant-node controller`: plays a gesture file, a demo, or lines from standard input, without a screen."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from formant_net.cli.guard import client_options, trust_of
from formant_net.cli.synth import check_id, fail_if_refused, servers_of
from formant_net.gesture import GestureError, TimedTouch, read_gesture
from formant_net.log import LEVELS, configure


@click.command(short_help="Plays a gesture without a screen.")
@click.argument("urls", nargs=-1, metavar="[URL]...")
@click.option("--gesture", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Play this file.")
@click.option("--demo", is_flag=True, help="Play a built-in phrase of ten seconds.")
@click.option("--loop", is_flag=True, help="Play it again and again.")
@click.option("--wait-synths", default=1, show_default=True, type=click.IntRange(0, 64), help="Begin with so many.")
@click.option("--key", metavar="KEY", help="Join key where the URL has none (better: FORMANT_KEY).")
@client_options
@click.option("--in-order", is_flag=True, help="Try several URLs as given, not the nearest first.")
@click.option("--id", metavar="ID", help="Default: ctrl-HOST- and four random digits.")
@click.option("--name", default="", metavar="TEXT", help="What others see.")
@click.option("--log-format", default="text", show_default=True, type=click.Choice(["text", "json"]))
@click.option("--log-level", default="info", show_default=True, type=click.Choice(LEVELS))
def command(urls: tuple[str, ...], gesture: Path | None, demo: bool, loop: bool, **options: Any) -> None:
    """Play every synth of the ensemble at URL (default http://localhost:8080).

    Without --gesture and --demo, lines are read from standard input and played as they come, for example
    {"x": 0.5, "y": 0.0} and {"active": false} (see docs/gestures.md).
    """
    if gesture and demo:
        raise click.UsageError("--gesture plays a file and --demo the built-in phrase: give one of them")
    if loop and not (gesture or demo):
        raise click.UsageError("--loop needs --gesture FILE or --demo")
    configure(options["log_format"], options["log_level"])
    from formant_net.aio.client import SentAway
    from formant_net.aio.controller import ControllerOptions
    from formant_net.aio.run import run_until_signal

    touches = _touches(gesture, demo)
    controller = ControllerOptions(
        client_id=check_id(options["id"], ("ctrl-", "touch-ctrl-")),
        servers=servers_of(urls, options["key"], trust_of(options["tls_ca"], options["tls_fingerprints"])),
        name=options["name"][:64],
    )
    try:
        run_until_signal(
            _play(controller, touches, loop=loop, **{name: options[name] for name in ("wait_synths", "in_order")})
        )
    except SentAway as error:
        fail_if_refused(error)


SHORTEST_LOOP_S = 0.25
"""A gesture shorter than this is followed by a rest when it is looped."""


def _touches(gesture: Path | None, demo: bool) -> list[TimedTouch] | None:
    if demo:
        from formant_net.demo import demo as phrase

        return phrase()
    if gesture is None:
        return None
    try:
        with gesture.open("rb") as file:
            touches = read_gesture(file)
    except OSError as error:
        raise click.BadParameter(f"cannot read {gesture}: {error.strerror}", param_hint="--gesture") from error
    except GestureError as error:
        raise click.BadParameter(f"{gesture}, {error}", param_hint="--gesture") from error
    if not touches:
        raise click.BadParameter(f"{gesture} holds no touch: see docs/gestures.md", param_hint="--gesture")
    return touches


async def _play(
    options: Any, touches: list[TimedTouch] | None, *, loop: bool, wait_synths: int, in_order: bool
) -> None:
    from formant_net.aio.controller import ControllerNode
    from formant_net.aio.nearest import nearest_first

    if not in_order:
        options = replace(options, servers=await nearest_first(options.servers))
    node = ControllerNode(options)
    node.start()
    _say(f"Formant controller {options.client_id}: connecting to {options.servers[0].ws_url}.")
    try:
        await node.wait_for_synths(wait_synths)
        linked = sum(synth.open for synth in node.synths())
        _say(f"Ready: {linked} synth{'' if linked == 1 else 's'} linked.")
        if touches is None:
            await node.play_lines(_standard_input())
        else:
            await node.play(touches)
            while loop:
                # A gesture without length would otherwise be played as fast as the processor can.
                await asyncio.sleep(max(0.0, SHORTEST_LOOP_S - touches[-1].t))
                await node.play(touches)
        for synth in node.synths():
            rtt = "no answer yet" if synth.rtt_s is None else f"round trip {1000 * synth.rtt_s:.1f} ms"
            _say(f"{synth.state.get('name', synth.id)}: {rtt}, {synth.loss:.0%} lost" + (", stale" * synth.stale))
    finally:
        await node.finish()


async def _standard_input() -> AsyncIterator[bytes]:
    """Lines of standard input as they come. A thread reads them: a file cannot be waited for."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[bytes] = asyncio.Queue(1000)

    def read() -> None:
        try:
            for line in sys.stdin.buffer:
                asyncio.run_coroutine_threadsafe(queue.put(line), loop).result()
            asyncio.run_coroutine_threadsafe(queue.put(b""), loop).result()
        except Exception:
            return  # the loop has ended before the input did

    threading.Thread(target=read, name="formant-standard-input", daemon=True).start()
    while line := await queue.get():
        yield line


def _say(text: str) -> None:
    click.echo(text)
    sys.stdout.flush()
