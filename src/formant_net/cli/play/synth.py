"""`formant-node synth`: a box that sings what the controllers of its ensemble play."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from formant_dsp.model.params import ALGORITHMS
from formant_dsp.model.vowels import SUNG_VOICES
from formant_files import shown
from formant_net.aio.host import host_name, make_id
from formant_net.aio.identity import Place, numbered, take_place
from formant_net.aio.state_folder import kept_name, state_dir
from formant_net.aio.warnings_file import keep_warnings
from formant_net.cli.options.audio import check_channels, output_options
from formant_net.cli.options.logs import log_options
from formant_net.cli.options.ranges import FloatRange
from formant_net.cli.options.refused import under_a_service_manager
from formant_net.cli.options.servers import (
    check_id,
    client_options,
    fail_if_refused,
    key_option,
    search_of,
    servers_of,
    trust_of,
    urls_argument,
)
from formant_net.cli.options.text import label
from formant_net.ops.console import say
from formant_net.ops.log import configure
from formant_net.protocol.settings import SettingError
from formant_net.protocol.timing import Timing
from formant_net.synth.play_limits import PlayLimits

if TYPE_CHECKING:
    pass


@click.command(short_help="Sing what controllers play.")
@urls_argument
@key_option
@client_options
@click.option(
    "--limit",
    "limits",
    multiple=True,
    metavar="NAME=VALUE",
    envvar="FORMANT_SYNTH_LIMIT",
    help="Limit for one player, such as voices=8. May be repeated.",
)
@click.option(
    "--max-controllers", metavar="N", type=click.IntRange(1, 1000), help="Link to the N nearest only. Default: 100."
)
@click.option("--search", is_flag=True, help="Search for the server, as without a URL.")
@click.option(
    "--retry-refused/--no-retry-refused",
    default=None,
    help="Ask again every 30 s when the server refuses the key. Default: as a service.",
)
@click.option("--in-order", is_flag=True, help="Try the URLs in this order.")
@click.option("--id", metavar="ID", help="Id. Default: made once and kept.")
@click.option("--name", metavar="TEXT", help="Name that players see. Default: the host name.")
@output_options
@click.option(
    "--voices", default=32, show_default=True, type=click.IntRange(1, 256), help="Voices that can sound at a time."
)
@click.option(
    "--preset",
    default="plain",
    show_default=True,
    metavar="NAME|FILE.toml",
    help="Preset to start with (docs/play/presets.md).",
)
@click.option(
    "--presets",
    "preset_folder",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of your own presets, NAME.toml; read again when changed.",
)
@click.option("--algorithm", type=click.Choice(ALGORITHMS), help="Oscillator. Default: the preset's.")
@click.option("--voice", type=click.Choice(SUNG_VOICES), help="Singer whose vowels are sung. Default: the preset's.")
@click.option("--vibrato", metavar="CENTS", type=FloatRange(0.0, 200.0), help="0: no vibrato. Default: the preset's.")
@click.option("--volume", default=1.0, show_default=True, type=FloatRange(0.0, 1.0), help="Volume at the start.")
@click.option(
    "--max-age",
    default=100.0,
    show_default=True,
    metavar="MS",
    type=FloatRange(10.0, 2000.0),
    help="Older touches are not played. Raise it for players whose round trip is longer.",
)
@click.option(
    "--play-out",
    default=0.0,
    show_default=True,
    metavar="MS",
    type=FloatRange(0.0, 100.0),
    help="Sound each touch this long after it was sent, together with boxes of the same value: 20 on wires, 40 on "
    "Wi-Fi.",
)
@log_options
def command(urls: tuple[str, ...], **options: Any) -> None:
    """Join the ensemble at URL and sing what its controllers play. Without a URL, search the network for the server.

    URL is the join URL that the server printed. Give several URLs to use another server when one fails.
    """
    configure(options["log_format"], options["log_level"])
    from formant_dsp.output.sink import RealtimeRefused, SinkError
    from formant_net.aio.client.shell import SentAway
    from formant_net.aio.client.synth import SynthOptions
    from formant_net.aio.run import run_until_signal

    check_channels(options["channels"], options["channel_map"])
    place = None if options["id"] else take_place(state_dir(), "synth-", lambda: make_id("synth-"))
    if place and place.unkept:
        say(
            f"The id cannot be kept ({place.unkept}), so it will be new at every start: give --id, or set "
            "FORMANT_STATE_DIR to a folder that can be written."
        )
    if place and place.damaged:
        say(f"{place.damaged}: this node has a new id, {place.id}.")
    client_id = place.id if place else check_id(options["id"], ("synth-",))
    kept = keep_warnings(state_dir(), kept_name(client_id))
    trust = trust_of(options["tls_ca"], options["tls_fingerprints"])
    urls = () if options["search"] else urls
    synth = SynthOptions(
        client_id=client_id,
        name=(options["name"] or numbered(label(host_name()), place.number if place else 1))[:64],
        servers=servers_of(urls, options["key"], trust),
        search=search_of(urls, options["key"], trust),
        audio=options["audio"],
        voices=options["voices"],
        **_preset(options),
        preset_folder=options["preset_folder"],
        volume=options["volume"],
        persistent=under_a_service_manager() if options["retry_refused"] is None else options["retry_refused"],
        settings=state_dir() / f"{kept_name(client_id)}.settings.json",
        limits=_limits(options["limits"], options["max_controllers"]),
        channels=options["channels"],
        channel_map=options["channel_map"],
        sample_rate=options["rate"],
        layout=options["layout"],
        width=options["width"],
        block_frames=options["block"],
        latency=options["latency"],
        realtime=options["realtime"],
        timing=_timing(options["max_age"], options["play_out"]),
    )
    try:
        run_until_signal(_sing(synth, place, in_order=options["in_order"]))
    except RealtimeRefused as error:
        raise click.BadParameter(str(error), param_hint="--realtime") from error
    except SinkError as error:
        raise click.BadParameter(str(error), param_hint="--audio") from error
    except SentAway as error:
        fail_if_refused(error)
    except BeginAnew:
        say("The JACK server has ended. PortAudio cannot recover from that in one process: the synth starts again.")
        kept.write()
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


class BeginAnew(Exception):
    """Raised when only a new process can play again."""


def _preset(options: dict[str, Any]) -> dict[str, Any]:
    """The preset options of the synth. A preset of the user overrides a shipped one of the same name."""
    from formant_dsp.model.preset_file import PresetError
    from formant_dsp.model.presets import load, names

    wanted = {"algorithm": options["algorithm"], "vibrato_cents": options["vibrato"]}
    voice = {key: value for key, value in wanted.items() if value is not None}
    vowels = {} if options["voice"] is None else {"table": "sung", "group": options["voice"]}
    overrides = {"voice": voice, "vowels": vowels}
    name = options["preset"]
    if options["preset_folder"] is not None:
        own = options["preset_folder"] / f"{name}.toml"
        try:
            os.stat(own)
            name = own
        except FileNotFoundError:
            pass
        except OSError as error:  # the folder is not needed yet, and it may be accessible later
            if name not in names():
                raise click.BadParameter(
                    f"cannot read {shown(own)}: {error.strerror}", param_hint="--presets"
                ) from error
    try:
        return {"preset": load(name, **overrides), "overrides": overrides}
    except PresetError as error:
        raise click.BadParameter(str(error), param_hint="--preset") from error


def _limits(settings: tuple[str, ...], controllers: int | None) -> PlayLimits:
    if controllers is not None:
        settings = (*settings, f"controllers={controllers}")
    try:
        return PlayLimits.parse(settings)
    except SettingError as error:
        raise click.BadParameter(str(error), param_hint="--limit") from error


def _timing(max_age_ms: float, play_out_ms: float) -> Timing:
    if play_out_ms > max_age_ms:
        said = f"{play_out_ms:g} ms is more than --max-age ({max_age_ms:g} ms): lower it, or raise --max-age"
        raise click.BadParameter(said, param_hint="--play-out")
    return Timing(touch_age_s=max_age_ms / 1000.0, play_out_s=play_out_ms / 1000.0)


KEEP_AGAIN_S = 10.0


async def _keep(place: Place) -> None:
    """Write the id to its file as soon as possible, if it could not be written at the start."""
    while not await asyncio.to_thread(place.keep):
        await asyncio.sleep(KEEP_AGAIN_S)
    say(f"The id is kept now: {place.id}.")


async def _sing(options: Any, place: Place | None, *, in_order: bool) -> None:
    from formant_net.aio.client.nearest import nearest_first
    from formant_net.aio.client.shell import SentAway
    from formant_net.aio.client.synth import SynthNode
    from formant_net.aio.notify import Advancing, Notifier, serving

    if not in_order:
        options = replace(options, servers=await nearest_first(options.servers))
    ready = False

    def on_notice(notice: Any) -> None:
        nonlocal ready
        if notice.event == "registered" and not ready:
            ready = True
            say(f"Ready: waiting for players at {notice.fields['server']}.")
        if notifier is not None and notice.event == "refused":
            notifier.status(f"refused by {notice.fields['server']}: {notice.fields['reason']}")
        elif notifier is not None and notice.event == "registered":
            notifier.status(f"sound: {node.output.describe()}")

    notifier: Notifier | None = None

    def on_note(line: str) -> None:
        say(line)
        if notifier is not None:
            notifier.status(line)

    keeping = asyncio.create_task(_keep(place)) if place is not None and place.unkept and place.lock else None
    gc.collect()
    gc.freeze()  # a full collection after links have ended looks at what is new, and stops the player for less
    node = SynthNode(options, on_note=on_note, on_notice=on_notice)
    try:
        await node.start()
        say(
            f"Formant synth {options.client_id}: {options.voices} voices, preset {options.preset.name}, "
            f"{node.bank.isa}; sound: {node.output.describe()}."
        )
        for grant in node.output.grants:
            say(f"{grant.words[0].upper()}{grant.words[1:]}.")
        async with serving(
            f"sound: {node.output.describe()}", Advancing(lambda: node.output.counters().get("frames", 0))
        ) as notifier:
            ends: list[asyncio.Future[Any]] = [asyncio.create_task(node.worn_out.wait()), node.client.stopped]
            try:
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            finally:
                ends[0].cancel()
            if node.client.stopped.done():
                raise SentAway(node.client.stopped.result())
            raise BeginAnew
    finally:
        if keeping is not None:
            keeping.cancel()
        await node.stop()
