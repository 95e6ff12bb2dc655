"""`formant-node soak`: plays a whole ensemble at random for hours, and reports memory and faults of the sound."""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import Any, TextIO

import click

from formant_net.cli.options.audio import Latency
from formant_net.cli.options.ranges import FloatRange
from formant_net.ops.console import Lasting, say
from formant_net.ops.log import configure


@click.command("soak", short_help="Play at random for hours; watch memory, drops and underflows.")
@click.option("--minutes", default=30.0, show_default=True, type=FloatRange(0.05, 100_000.0), help="Minutes to play.")
@click.option("--every", default=10.0, show_default=True, type=FloatRange(0.1, 3600.0), help="Seconds between samples.")
@click.option(
    "--peers", default=3, show_default=True, type=click.IntRange(0, 50), help="Players on real links. 0: no network."
)
@click.option(
    "--touches", default=60.0, show_default=True, type=FloatRange(1.0, 240.0), help="Touches a second from each player."
)
@click.option(
    "--stay", default=60.0, show_default=True, type=FloatRange(1.0), help="Mean seconds until a player leaves."
)
@click.option("--seed", default=1, show_default=True, type=int, help="The same seed plays the same touches.")
@click.option(
    "--audio",
    default="auto",
    show_default=True,
    metavar="auto|none|NAME|INDEX|wav:PATH",
    help="Sound device of the synth.",
)
@click.option("--voices", default=32, show_default=True, type=click.IntRange(1, 256), help="Voices of the bank.")
@click.option("--preset", metavar="NAME|FILE.toml", default="plain", show_default=True, help="Preset of the synth.")
@click.option(
    "--latency", default="low", show_default=True, type=Latency(), metavar="low|high|MS", help="Buffer of the device."
)
@click.option(
    "--realtime",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", "on", "off"]),
    help="Real-time priority and locked memory.",
)
@click.option(
    "-o", "--output", type=click.File("w"), help="File for the samples, as JSON lines. Default: standard output."
)
def command(output: TextIO | None, **options: Any) -> None:
    """Run a server, a synth and players in one process, play at random, and report.

    It prints one JSON line for each sample and a last one with the summary, and a table on standard error. Exit code 1
    if memory grew (judged in runs of 5 minutes and more) or if samples were not finite. SIGINT ends it early, with a
    summary of what it has.
    """
    configure("text", "warning")
    from formant_dsp.model.preset_file import PresetError
    from formant_dsp.output.stream import SinkError
    from formant_net.aio.run import run_until_signal
    from formant_net.aio.soak import Soak, SoakOptions
    from formant_net.ops.soak import Sample, line, summarise

    samples: list[Sample] = []
    # A file that takes no more lines (a full disk) does not end the run.
    lines: TextIO = sys.stdout if output is None else Lasting(output.fileno(), "utf-8", line_buffering=True)

    def on_sample(sample: Sample) -> None:
        samples.append(sample)
        print(line(sample), file=lines, flush=True)

    soak = Soak(
        SoakOptions(
            seconds=60.0 * options["minutes"],
            every_s=options["every"],
            peers=options["peers"],
            touches_hz=options["touches"],
            stay_s=options["stay"],
            seed=options["seed"],
            audio=options["audio"],
            voices=options["voices"],
            preset=options["preset"],
            latency=options["latency"],
            realtime=options["realtime"],
            on_note=partial(say, err=True),
        )
    )
    try:
        run_until_signal(soak.run(on_sample))
    except SinkError as error:
        raise click.BadParameter(str(error), param_hint="--audio") from error
    except PresetError as error:
        raise click.BadParameter(str(error), param_hint="--preset") from error
    try:
        summary = summarise(samples)
    except ValueError as error:
        raise click.ClickException(f"no summary: {error}") from error
    print(json.dumps({"summary": summary}), file=lines, flush=True)
    for name, value in summary.items():
        click.echo(f"{name:>16}  {value}", err=True)
    if isinstance(lines, Lasting) and lines.file.error is not None and output is not None:
        raise click.ClickException(f"lines could not be written to {output.name}: {lines.file.error.strerror}")
    if not summary["ok"]:
        sys.exit(1)
