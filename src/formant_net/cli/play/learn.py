"""`formant-node midi --learn FILE`: asks for knobs and pedals, and writes what was moved as a mapping file."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import click

from formant_files import shown
from formant_net.aio.atomic_files import create_public
from formant_net.midi.learn import Learner
from formant_net.midi.mapping import Use, write

WAIT_S = 10.0
"""Seconds in which a knob has to be moved."""
ASKED = {
    Use.VOWEL: "the knob or wheel for the vowel",
    Use.EFFORT: "the knob or pedal for the effort",
    Use.VOLUME: "the knob for the volume of all boxes",
    Use.SUSTAIN: "the pedal that holds notes",
}


def learn(path: Path, backend: str, ports: tuple[str, ...], wait_s: float = WAIT_S) -> None:
    """Ask for each use, and write the file. Raises click errors; an existing file is left alone."""
    from formant_net.aio.midi.backend import MidiError

    if path.exists():
        raise click.BadParameter(f"{shown(path)} exists: choose another name, or remove it", param_hint="--learn")
    try:
        found = asyncio.run(_ask(backend, ports, wait_s))
    except MidiError as error:
        raise click.ClickException(f"no MIDI: {error}") from error
    except KeyboardInterrupt:
        raise click.Abort from None
    if not found:
        raise click.ClickException(
            "no knob or pedal was moved, so no file is written. `formant-node midi --list` shows the ports"
        )
    try:
        create_public(path, write(found).encode())
    except OSError as error:
        raise click.ClickException(f"cannot write {shown(path)}: {error.strerror}") from error
    click.echo(f"Written: {shown(path)}. Play with it: formant-node midi --mapping {shown(path)}")


async def _ask(backend: str, ports: tuple[str, ...], wait_s: float) -> dict[int, Use]:
    from formant_net.aio.midi.backend import open_backend
    from formant_net.aio.midi.inbox import Batch, Inbox
    from formant_net.aio.midi.watcher import Watcher

    found: dict[int, Use] = {}
    learner = Learner()
    moved: asyncio.Queue[int] = asyncio.Queue()

    def take(batch: Batch, lost: bool) -> None:
        for port, data in batch:
            if (number := learner.feed(port, data)) is not None:
                moved.put_nowait(number)

    inbox = Inbox(take)
    watcher = Watcher(
        lambda: open_backend(backend, inbox.put), ports,
        plugged=lambda port: None, unplugged=lambda port: None, say=lambda text, warning: click.echo(text, err=warning),
    )  # fmt: skip
    watcher.start()
    watching = asyncio.create_task(watcher.run())
    try:
        for use, words in ASKED.items():
            click.echo(f"Move {words} all the way; wait {wait_s:g} s if there is none.")
            learner = Learner(found)
            while not moved.empty():
                moved.get_nowait()
            try:
                number = await asyncio.wait_for(moved.get(), wait_s)
            except TimeoutError:
                click.echo("  none")
                continue
            found[number] = use
            click.echo(f"  controller {number}")
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
    return found
