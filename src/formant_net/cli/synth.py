"""`formant-node synth`: a box that sings what the controllers of its ensemble play."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import socket
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from formant_dsp.params import ALGORITHMS
from formant_dsp.vowels import SUNG_VOICES
from formant_net.aio.state import state_dir
from formant_net.cli.audio import check_channels, output_options
from formant_net.cli.guard import client_options, trust_of
from formant_net.cli.identity import numbered, take_place
from formant_net.cli.ranges import FloatRange
from formant_net.join import JoinUrl, JoinUrlError
from formant_net.limits import LimitError
from formant_net.log import LEVELS, configure
from formant_net.play_limits import PlayLimits
from formant_net.signaling import Server
from formant_net.timing import Timing
from formant_net.trust import SYSTEM, Trust

if TYPE_CHECKING:
    from formant_net.aio.client import SentAway

DEFAULT_URL = "http://localhost:8080"


def servers_of(urls: tuple[str, ...], key: str | None, trust: Trust = SYSTEM) -> list[Server]:
    """The servers to try, in order; a key in a URL counts before `key`, a fingerprint in it before `trust`."""
    servers = []
    for url in urls or (DEFAULT_URL,):
        try:
            join = JoinUrl.parse(url)
        except JoinUrlError as error:
            raise click.BadParameter(str(error), param_hint="URL") from error
        if trust != SYSTEM and not join.ws_url.startswith("wss:"):
            raise click.UsageError(f"--tls-ca and --tls-fingerprint are for https: {join.http_url} is not")
        servers.append(Server(join.ws_url, join.key or (key or "").strip() or None, trust.also(join.pin)))
    return servers


def make_id(prefix: str) -> str:
    """An id that tells the machine and is not another's: `synth-kitchen-3f9a`."""
    host = re.sub(r"[^A-Za-z0-9-]+", "-", socket.gethostname().split(".")[0])[:32].strip("-") or "box"
    return f"{prefix}{host}-{secrets.token_hex(2)}"


def check_id(value: str | None, prefixes: tuple[str, ...]) -> str:
    """An id that every server accepts for this role; a missing one is made. The prefix names the role."""
    if value is None:
        return make_id(prefixes[0])
    if not value.startswith(prefixes):
        value = prefixes[0] + value
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}", value):
        raise click.BadParameter("use up to 64 letters, digits and _ . : -", param_hint="--id")
    return value


def fail_if_refused(error: SentAway) -> None:
    """A wrong key is a usage error: whoever restarts us need not try again. Sent away later is a normal end."""
    if error.stop.refused:
        raise click.UsageError(str(error)) from error
    click.echo(str(error), err=True)


@click.command(short_help="A singing box: plays what controllers touch.")
@click.argument("urls", nargs=-1, metavar="[URL]...")
@click.option("--key", metavar="KEY", help="Join key where the URL has none (better: FORMANT_KEY).")
@client_options
@click.option(
    "--limit",
    "limits",
    multiple=True,
    metavar="NAME=VALUE",
    envvar="FORMANT_SYNTH_LIMIT",
    help="What one player may cost, such as voices=8 (docs/security.md); may be repeated.",
)
@click.option("--max-controllers", metavar="N", type=click.IntRange(1, 1000), help="Keep the nearest N. Default: 100.")
@click.option("--in-order", is_flag=True, help="Try several URLs as given, not the nearest first.")
@click.option("--id", metavar="ID", help="Default: made once and kept in the state folder.")
@click.option("--name", metavar="TEXT", help="What players see. Default: the host name (and a number).")
@output_options
@click.option("--voices", default=32, show_default=True, type=click.IntRange(1, 256), help="Most tones at a time.")
@click.option(
    "--preset",
    default="plain",
    show_default=True,
    metavar="NAME|FILE.toml",
    help="What to sing with (docs/presets.md).",
)
@click.option(
    "--presets",
    "preset_folder",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False),
    help="More presets to choose from, your own: FOLDER/NAME.toml, read again when written.",
)
@click.option("--algorithm", type=click.Choice(ALGORITHMS), help="Oscillator. Default: the preset's.")
@click.option("--voice", type=click.Choice(SUNG_VOICES), help="Whose vowels. Default: the preset's.")
@click.option("--vibrato", metavar="CENTS", type=FloatRange(0.0, 200.0), help="0 = off. Default: the preset's.")
@click.option("--volume", default=1.0, show_default=True, type=FloatRange(0.0, 1.0), help="At the start.")
@click.option(
    "--max-age",
    default=100.0,
    show_default=True,
    metavar="MS",
    type=FloatRange(10.0, 2000.0),
    help="Older touches are not played. More for players far away: the round trip has to fit.",
)
@click.option(
    "--play-out",
    default=0.0,
    show_default=True,
    metavar="MS",
    type=FloatRange(0.0, 100.0),
    help="Sound so long after the finger, as all boxes with the same do: 20 on wires, 40 on Wi-Fi. 0: at once.",
)
@click.option("--log-format", default="text", show_default=True, type=click.Choice(["text", "json"]))
@click.option("--log-level", default="info", show_default=True, type=click.Choice(LEVELS))
def command(urls: tuple[str, ...], **options: Any) -> None:
    """Join the ensemble at URL (default http://localhost:8080) and sing what its controllers play.

    URL is the address that the server printed. Several may be given: when one fails the next is tried.
    """
    configure(options["log_format"], options["log_level"])
    from formant_dsp.sink import RealtimeRefused, SinkError
    from formant_net.aio.client import SentAway
    from formant_net.aio.run import run_until_signal
    from formant_net.aio.synth import SynthOptions

    check_channels(options["channels"], options["channel_map"])
    place = None if options["id"] else take_place(state_dir(), "synth-", lambda: make_id("synth-"))
    if place and place.unkept:
        _say(f"This id cannot be kept ({place.unkept}): give --id, or let FORMANT_STATE_DIR name a folder for it.")
    client_id = place.id if place else check_id(options["id"], ("synth-",))
    synth = SynthOptions(
        client_id=client_id,
        name=(options["name"] or numbered(socket.gethostname(), place.number if place else 1))[:64],
        servers=servers_of(urls, options["key"], trust_of(options["tls_ca"], options["tls_fingerprints"])),
        audio=options["audio"],
        voices=options["voices"],
        **_preset(options),
        preset_folder=options["preset_folder"],
        volume=options["volume"],
        settings=state_dir() / f"{client_id}.settings.json",
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
        run_until_signal(_sing(synth, in_order=options["in_order"]))
    except RealtimeRefused as error:
        raise click.BadParameter(str(error), param_hint="--realtime") from error
    except SinkError as error:
        raise click.BadParameter(str(error), param_hint="--audio") from error
    except SentAway as error:
        fail_if_refused(error)
    except BeginAnew:
        _say("The JACK server has ended, which PortAudio never gets over in one process: beginning anew.")
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


class BeginAnew(Exception):
    """Only a new process can play again."""


def _preset(options: dict[str, Any]) -> dict[str, Any]:
    """The preset that was asked for, one's own before a shipped one, and what was asked for beside it."""
    from formant_dsp.preset_file import PresetError
    from formant_dsp.presets import load

    wanted = {"algorithm": options["algorithm"], "vibrato_cents": options["vibrato"]}
    voice = {key: value for key, value in wanted.items() if value is not None}
    vowels = {} if options["voice"] is None else {"table": "sung", "group": options["voice"]}
    beside = {"voice": voice, "vowels": vowels}
    name = options["preset"]
    if options["preset_folder"] is not None and (own := options["preset_folder"] / f"{name}.toml").is_file():
        name = own
    try:
        return {"preset": load(name, **beside), "beside": beside}
    except PresetError as error:
        raise click.BadParameter(str(error), param_hint="--preset") from error


def _limits(settings: tuple[str, ...], controllers: int | None) -> PlayLimits:
    if controllers is not None:
        settings = (*settings, f"controllers={controllers}")
    try:
        return PlayLimits.parse(settings)
    except LimitError as error:
        raise click.BadParameter(str(error), param_hint="--limit") from error


def _timing(max_age_ms: float, play_out_ms: float) -> Timing:
    if play_out_ms > max_age_ms:
        said = f"{play_out_ms:g} ms is more than --max-age ({max_age_ms:g} ms): such touches are not played"
        raise click.BadParameter(said, param_hint="--play-out")
    return Timing(touch_age_s=max_age_ms / 1000.0, play_out_s=play_out_ms / 1000.0)


async def _sing(options: Any, *, in_order: bool) -> None:
    from formant_net.aio.client import SentAway
    from formant_net.aio.nearest import nearest_first
    from formant_net.aio.notify import Advancing, Notifier, serving
    from formant_net.aio.synth import SynthNode

    if not in_order:
        options = replace(options, servers=await nearest_first(options.servers))
    ready = False

    def on_told(told: Any) -> None:
        nonlocal ready
        if told.event == "registered" and not ready:
            ready = True
            _say(f"Ready: waiting for players at {told.fields['server']}.")

    notifier: Notifier | None = None

    def on_note(line: str) -> None:
        _say(line)
        if notifier is not None:
            notifier.status(line)

    node = SynthNode(options, on_note=on_note, on_told=on_told)
    try:
        await node.start()
        _say(
            f"Formant synth {options.client_id}: {options.voices} voices, preset {options.preset.name}, "
            f"{node.bank.isa}; sound: {node.output.describe()}."
        )
        for grant in node.output.grants:
            _say(f"{grant.words[0].upper()}{grant.words[1:]}.")
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
        await node.stop()


def _say(text: str) -> None:
    """One line on standard output, at once even into a pipe."""
    with suppress(BrokenPipeError):  # nobody reads it any more: no reason to stop singing
        click.echo(text)
        sys.stdout.flush()
