"""`formant-node midi`: plays MIDI controllers and MIDI files on every synth of the ensemble."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from formant_files import read_bytes, read_text, shown
from formant_net.cli.options.gestures import progress, read_midi
from formant_net.cli.options.players import controller_of, linked, node_of, player_options, run, tell, tell_left_out
from formant_net.cli.options.ranges import FloatRange
from formant_net.cli.options.servers import urls_argument
from formant_net.cli.options.tunings import tuning_of, tuning_options
from formant_net.midi.file.chunks import MOST_BYTES as MOST_FILE_BYTES
from formant_net.midi.file.playback import for_file
from formant_net.midi.file.song import MOST_S, Song
from formant_net.midi.mapping import MPE_CHOICES, WIDEST_BEND, Mapping, MappingError, parse
from formant_net.ops.log import configure

if TYPE_CHECKING:
    from formant_net.aio.client.controller import ControllerNode, ControllerOptions
    from formant_net.aio.midi.bridge import Bridge
    from formant_net.midi.player import MidiPlayer

BACKENDS = ("auto", "alsa", "jack", "rtmidi")
MOST_BYTES = 100_000
"""Size limit of a mapping file."""
STATUS_S = 5.0
"""Seconds between two looks at what could not be played."""


@click.command("midi", short_help="Play MIDI keyboards, MPE controllers and MIDI files.")
@urls_argument
@click.option("--list", "list_ports", is_flag=True, help="List the MIDI ports of this machine, and end.")
@click.option(
    "--port",
    "ports",
    metavar="NAME",
    multiple=True,
    help="Listen to the ports whose names contain this. May be repeated.  [default: all devices]",
)
@click.option(
    "--backend", default="auto", show_default=True, type=click.Choice(BACKENDS), help="Where ports come from."
)
@click.option(
    "--mpe",
    type=click.Choice(MPE_CHOICES),
    help="MPE zone. auto: as the controller says, by its name, or by how it plays.  [default: auto]",
)
@click.option(
    "--bend",
    type=FloatRange(0.0, WIDEST_BEND),
    metavar="SEMITONES",
    help="Semitones of a full bend.  [default: 48 with MPE, else 2, or as the controller says]",
)
@click.option(
    "--mapping",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="TOML file that says what knobs and pedals do (docs/play/midi.md).",
)
@tuning_options
@click.option(
    "--learn",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Ask for the knobs and pedals of a controller, write them as a mapping file, and end.",
)
@click.option(
    "--file", "path", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Play this MIDI file, and end."
)
@click.option(
    "--from", "begin_s", type=FloatRange(0.0, MOST_S), metavar="SECONDS", help="Start at this time of the file."
)
@click.option("--loop", is_flag=True, help="Repeat the file without end.")
@player_options("Start")
def command(urls: tuple[str, ...], list_ports: bool, **options: Any) -> None:
    """Play every synth of the ensemble at URL with MIDI. Without a URL, search the network for the server.

    Every MIDI device of this machine plays, also one that is plugged in later. Other programs can connect to a port
    called Formant. Ctrl-C lifts all keys and ends.
    """
    if options["path"] is None and (options["loop"] or options["begin_s"] is not None):
        raise click.UsageError("--loop and --from need --file FILE")
    if options["path"] is not None and (list_ports or options["ports"]):
        raise click.UsageError("leave out --port and --list with --file: no port is opened")
    keys, snap = tuning_of(options)
    configure(options["log_format"], options["log_level"])
    if list_ports:
        _list(options["backend"])
        return
    if options["learn"] is not None:
        from formant_net.cli.play.learn import learn

        learn(options["learn"], options["backend"], options["ports"])
        return
    from formant_net.midi.player import MidiPlayer

    mapping = mapping_of(options["mapping"], options["mpe"], options["bend"])
    song = None if options["path"] is None else _song(options["path"])
    if song is not None:
        mapping = for_file(song, mapping)
    player = partial(MidiPlayer, mapping, keys=keys, snap=snap)
    run(_play(controller_of(urls, options), player, song, options))


def mapping_of(path: Path | None, mpe: str | None, bend: float | None) -> Mapping:
    """The mapping of a file, overridden by options. Raises click.BadParameter."""
    mapping = Mapping()
    if path is not None:
        try:
            mapping = parse(read_text(path, MOST_BYTES))
        except OSError as error:
            raise click.BadParameter(f"cannot read {shown(path)}: {error.strerror}", param_hint="--mapping") from error
        except MappingError as error:
            raise click.BadParameter(f"{shown(path)}: {error}", param_hint="--mapping") from error
    if mpe is not None:
        mapping = replace(mapping, mpe=mpe)
    return mapping if bend is None else replace(mapping, bend=bend)


def _song(path: Path) -> Song:
    try:
        return read_midi(read_bytes(path, MOST_FILE_BYTES), shown(path), "--file")
    except OSError as error:
        raise click.BadParameter(f"cannot read {shown(path)}: {error.strerror}", param_hint="--file") from error


def _list(backend: str) -> None:
    from formant_net.aio.midi.backend import VIRTUAL, MidiError, open_backend
    from formant_net.aio.midi.watcher import wanted

    async def look() -> None:
        opened = open_backend(backend, lambda port, data: None)
        try:
            sources = opened.sources()
            played = wanted(sources, ())
            click.echo(f"MIDI ports ({opened.name}); those with * play without --port:")
            for source in sources:
                click.echo(f"{' *' if source.name in played else '  '} {source.name}")
            if not sources:
                click.echo("   none")
            if opened.virtual:
                click.echo(f"While it plays, other programs can connect to {VIRTUAL}.")
        finally:
            opened.close()

    try:
        asyncio.run(look())
    except MidiError as error:
        raise click.ClickException(f"no MIDI: {error}") from error


async def _play(
    controller: ControllerOptions, player: Callable[..., MidiPlayer], song: Song | None, options: dict[str, Any]
) -> None:
    from formant_net.aio.midi.bridge import Bridge

    node = await node_of(controller, in_order=options["in_order"])
    bridge = Bridge(node, player(now=node.client.driver.now), tell)
    node.start()
    try:
        if song is None:
            await _play_ports(node, bridge, options)
        else:
            await linked(node, options["wait_synths"], "MIDI")
            await _play_song(node, bridge, song, options)
    finally:
        bridge.close()
        await node.finish()


async def _play_ports(node: ControllerNode, bridge: Bridge, options: dict[str, Any]) -> None:
    """Play ports until the server sends us away."""
    from formant_net.aio.midi.backend import MidiError, open_backend
    from formant_net.aio.midi.inbox import Inbox
    from formant_net.aio.midi.watcher import Watcher

    inbox = Inbox(bridge.take)
    watcher = Watcher(
        lambda: open_backend(options["backend"], inbox.put), options["ports"],
        plugged=bridge.plugged, unplugged=bridge.unplugged, say=tell,
    )  # fmt: skip
    try:
        watcher.start()
    except MidiError as error:
        raise click.ClickException(f"no MIDI: {error}") from error
    watching = asyncio.create_task(watcher.run())
    try:
        await linked(node, options["wait_synths"], "MIDI")
        await _until_ended(node, bridge, watching)
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


async def _play_song(node: ControllerNode, bridge: Bridge, song: Song, options: dict[str, Any]) -> None:
    """Play a song to its end, or again and again."""
    from formant_net.aio.midi.song import SongPlayer

    player = SongPlayer(song, bridge)
    told: dict[str, int] = {}
    begin_s = options["begin_s"] or 0.0
    while True:
        with progress(round(song.length_s), shown(options["path"].name)) as advance:
            playing = asyncio.create_task(player.play(begin_s, advance))
            try:
                await node.until(playing.done)
            finally:
                playing.cancel()
                with suppress(asyncio.CancelledError):
                    await playing
        _tell_unplayed(node, bridge, told)
        if not options["loop"]:
            return
        begin_s = 0.0


async def _until_ended(node: ControllerNode, bridge: Bridge, watching: asyncio.Task[None]) -> None:
    """Play until the server sends us away. Say what could not be played, but not more than every few seconds."""
    told: dict[str, int] = {}
    while not watching.done():
        look_at = bridge.now + STATUS_S
        await node.until(lambda at=look_at: watching.done() or bridge.now >= at)  # type: ignore[misc]
        _tell_unplayed(node, bridge, told)
    watching.result()


def _tell_unplayed(node: ControllerNode, bridge: Bridge, told: dict[str, int]) -> None:
    """Say what was left out since the last call, and which synths do not reach what is down."""
    tell_left_out(bridge.player.counters, told)
    for synth in node.synths():
        if synth.open and synth.unreached:
            tell(f"{synth.state.get('name', synth.id)} does not reach {len(synth.unreached)} of the notes", True)
