"""`formant-node bench`: measures how many voices this processor can sing."""

from __future__ import annotations

import json

import click

from formant_dsp import ALGORITHMS, isas
from formant_net.cli.options.ranges import FloatRange


@click.command("bench")
@click.option(
    "--algorithm", type=click.Choice(ALGORITHMS), default="voice", show_default=True, help="Oscillator to measure."
)
@click.option(
    "--isa", type=click.Choice(isas()), default=None, help="Instruction set. Default: the best one, or FORMANT_ISA."
)
@click.option("--voices", type=click.IntRange(1, 1024), default=32, show_default=True, help="Sounding voices.")
@click.option("--block", type=click.IntRange(1, 8192), default=64, show_default=True, help="Frames a block.")
@click.option("--rate", type=click.IntRange(8000, 192000), default=48000, show_default=True, help="Sample rate, Hz.")
@click.option("--seconds", type=FloatRange(0.1, 600.0), default=2.0, show_default=True, help="How long to measure.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line.")
def command(algorithm: str, isa: str | None, voices: int, block: int, rate: int, seconds: float, as_json: bool) -> None:
    """Measure how many voices this processor can sing, and how long a block takes."""
    from formant_dsp.bank.bench import measure

    try:
        result = measure(
            algorithm=algorithm, isa=isa, voices=voices, block_frames=block, sample_rate=rate, seconds=seconds
        )
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(result))
        return
    times, period = result["block_us"], result["block_period_us"]
    click.echo(
        f"{result['isa']}, {algorithm}, {rate} Hz: {result['formant_samples_per_s'] / 1e6:.0f} M formant samples/s"
    )
    share = f"{100 * result['budget']:.0f} % of the time of one core"
    click.echo(f"voices per core within {share}, measured on this machine: {result['voices_per_core']}")
    click.echo(f"a block of {block} frames lasts {period:.0f} µs; rendering {voices} voices takes")
    for name, value in times.items():
        click.echo(f"  {name:>6}  {value:9.1f} µs  {100 * value / period:6.1f} %")
