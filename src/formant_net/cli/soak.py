"""`formant-node soak`: a whole ensemble played at random for hours, and what became of memory and sound."""

from __future__ import annotations

import json
import sys
from typing import Any, TextIO

import click

from formant_net.cli.audio import Latency
from formant_net.cli.ranges import FloatRange
from formant_net.log import configure


@click.command("soak", short_help="Plays at random for a long time and watches memory, drops and underflows.")
@click.option("--minutes", default=30.0, show_default=True, type=FloatRange(0.05, 100_000.0), help="How long.")
@click.option("--every", default=10.0, show_default=True, type=FloatRange(0.1, 3600.0), help="Seconds between samples.")
@click.option(
    "--peers", default=3, show_default=True, type=click.IntRange(0, 50), help="Players on real links; 0: no network."
)
@click.option("--touches", default=60.0, show_default=True, type=FloatRange(1.0, 240.0), help="A second and player.")
@click.option("--stay", default=60.0, show_default=True, type=FloatRange(1.0), help="Mean seconds until one leaves.")
@click.option("--seed", default=1, show_default=True, type=int, help="The same seed plays the same.")
@click.option("--audio", default="auto", show_default=True, metavar="auto|none|NAME|INDEX|wav:PATH")
@click.option("--voices", default=32, show_default=True, type=click.IntRange(1, 256))
@click.option("--preset", metavar="NAME|FILE.toml", default="plain", show_default=True)
@click.option("--latency", default="low", show_default=True, type=Latency(), metavar="low|high|MS")
@click.option("--realtime", default="auto", show_default=True, type=click.Choice(["auto", "on", "off"]))
@click.option("-o", "--output", type=click.File("w"), help="Samples as JSON lines; default: standard output.")
def command(output: TextIO | None, **options: Any) -> None:
    """Run a server, a synth and players in one process, play at random, and report.

    One JSON line a sample, and one with the summary as the last; a table for people on standard error. Exit code 1 when
    memory grew (in runs of 5 minutes and more) or sound that is not finite was made. SIGINT ends it early, with a
    summary of what there is.
    """
    configure("text", "warning")
    from formant_dsp.preset_file import PresetError
    from formant_dsp.stream import SinkError
    from formant_net.aio.run import run_until_signal
    from formant_net.aio.soak import Soak, SoakOptions
    from formant_net.soak import Sample, line, summarise

    lines = output or sys.stdout
    samples: list[Sample] = []

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
            on_note=lambda text: click.echo(text, err=True),
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
    if not summary["ok"]:
        sys.exit(1)
