"""`formant-node latency`: measures the time from an event to its sound, through a loop-back."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click

from formant_dsp.output.realtime import MODES
from formant_net.cli.options.audio import Latency, Rate


@click.command("latency", short_help="Measure the time from an event to its sound, through a loop-back.")
@click.option("--audio", default="auto", show_default=True, metavar="auto|NAME|INDEX", help="Output device.")
@click.option("--input", "input_", metavar="NAME|INDEX", help="Input device. Default: the same, or the default input.")
@click.option(
    "--notes",
    default=40,
    show_default=True,
    type=click.IntRange(5, 1000),
    help="Notes of each of two kinds: at once, and stamped.",
)
@click.option("--rate", default=48000, show_default=True, type=Rate(), metavar="HZ", help="Sample rate.")
@click.option("--block", default=0, type=click.IntRange(0, 8192), help="Frames a callback. 0: the device chooses.")
@click.option(
    "--latency", default="low", show_default=True, type=Latency(), metavar="low|high|MS", help="Buffer of the devices."
)
@click.option(
    "--realtime",
    default="auto",
    show_default=True,
    type=click.Choice(MODES),
    help="Real-time priority and locked memory.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line.")
def command(input_: str | None, as_json: bool, **options: Any) -> None:
    """Play short notes, record them, and report how late they come and how much that varies.

    The output has to reach the input: through a cable, through the monitor of a PulseAudio or PipeWire sink (as the
    default input, or `PULSE_SOURCE=…monitor`), or in JACK, where this command connects itself.
    """
    from formant_dsp.output.latency import measure
    from formant_dsp.output.sink import SinkError

    try:
        report = measure(
            options["audio"],
            input_audio=input_,
            notes=options["notes"],
            block_frames=options["block"],
            latency=options["latency"],
            realtime=options["realtime"],
            sample_rate=options["rate"] or 48000,
        )
    except SinkError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(asdict(report)))
        return
    click.echo(
        f"{report.device} → {report.input_device}, {report.sample_rate} Hz, {report.heard} of {report.played} heard"
    )
    click.echo(
        f"event to sound: median {report.latency_ms_median:.1f} ms, {report.latency_ms_min:.1f} … "
        f"{report.latency_ms_max:.1f} ms, jitter {report.jitter_ms:.1f} ms"
    )
    click.echo(f"the streams report: output {report.reported_ms:.1f} ms, input {report.reported_input_ms:.1f} ms")
    click.echo(
        f"stamped events: {report.stamped_heard} of {report.stamped_played} heard, "
        f"jitter {report.stamped_jitter_frames} samples"
    )
    if report.underflows or report.overflows or report.interruptions:
        click.echo(
            f"the sound was interrupted (underflows {report.underflows}, overflows {report.overflows}, jumps "
            f"{report.interruptions}): try a larger --latency, or `formant-node doctor`"
        )
