"""Options of the sound output, shared by every command that plays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from formant_dsp.model.placement import LAYOUTS, MOST_CHANNELS
from formant_dsp.output.devices import RATES
from formant_dsp.output.realtime import MODES
from formant_net.cli.options.ranges import FloatRange

Function = TypeVar("Function", bound=Callable[..., Any])


class Latency(click.ParamType[Any]):
    """`low`, `high` or milliseconds."""

    name = "latency"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str | float:
        if value in ("low", "high"):
            return str(value)
        try:
            latency_ms = float(value)
        except (TypeError, ValueError):
            latency_ms = -1.0
        if not 0.0 < latency_ms <= 5000.0:
            self.fail(f"{value!r}: use low, high, or milliseconds above 0 and up to 5000", param, ctx)
        return latency_ms / 1000.0


class ChannelMap(click.ParamType[Any]):
    """`2,1` or `1,-,2`: the channel, from 1, that each output of the device plays; `-` is silence."""

    name = "map"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        parts = [part.strip() for part in str(value).split(",")]
        known = {"-": -1} | {str(number): number - 1 for number in range(1, MOST_CHANNELS + 1)}
        if not 1 <= len(parts) <= MOST_CHANNELS or any(part not in known for part in parts):
            self.fail(
                f"{value!r}: give a channel (1 to {MOST_CHANNELS}) or - (silence) for each output of the device; "
                "2,1 swaps left and right",
                param,
                ctx,
            )
        if set(parts) == {"-"}:
            self.fail(f"{value!r} is silent on every output: name at least one channel", param, ctx)
        return tuple(known[part] for part in parts)


class Rate(click.ParamType[Any]):
    """One of the usual sample rates of sound devices, Hz; 0 is the device's own rate."""

    name = "hz"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if str(value) not in {"0", *map(str, RATES)}:
            self.fail(f"{value!r}: choose one of {', '.join(map(str, RATES))}", param, ctx)
        return int(value)


def check_channels(channels: int, channel_map: tuple[int, ...] | None) -> None:
    """Check that the map names only existing channels. Raises BadParameter."""
    if channels and channel_map and max(channel_map) >= channels:
        raise click.BadParameter(
            f"channel {max(channel_map) + 1} does not exist: --channels is {channels}", param_hint="--channel-map"
        )


def output_options(function: Function) -> Function:
    """Add the options of the sound output: its device, its latency and its channels."""
    for option in reversed(
        [
            click.option(
                "--audio",
                default="auto",
                show_default=True,
                metavar="auto|none|NAME|INDEX|card:ID|wav:PATH",
                help="Sound device: the default one, none, one of `formant-node devices`, or a recording.",
            ),
            click.option(
                "--rate", default=0, type=Rate(), metavar="HZ", help="Sample rate. Default: 48000, or the device's own."
            ),
            click.option(
                "--channels",
                default=0,
                type=click.IntRange(0, MOST_CHANNELS),
                help="Channels of the sound. 0: stereo if the device has it.",
            ),
            click.option(
                "--channel-map",
                type=ChannelMap(),
                metavar="1,2,…",
                help="Channel of each output; - is silence. 2,1 swaps left and right.",
            ),
            click.option(
                "--layout",
                default="line",
                show_default=True,
                type=click.Choice(LAYOUTS),
                help="How the loudspeakers stand.",
            ),
            click.option(
                "--width",
                default=0.5,
                show_default=True,
                type=FloatRange(0.0, 1.0),
                help="How far the surface is spread over the channels, low notes on the left.",
            ),
            click.option(
                "--block", default=0, type=click.IntRange(0, 8192), help="Frames a callback. 0: the device chooses."
            ),
            click.option(
                "--latency",
                default="low",
                show_default=True,
                type=Latency(),
                metavar="low|high|MS",
                help="Buffer of the device. Raise it if the sound breaks.",
            ),
            click.option(
                "--realtime",
                default="auto",
                show_default=True,
                type=click.Choice(MODES),
                help="Real-time priority and locked memory: if allowed, or required, or never.",
            ),
        ]
    ):
        function = option(function)
    return function
