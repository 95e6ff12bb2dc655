"""`formant-node devices`: lists the sound devices."""

from __future__ import annotations

import json
from dataclasses import asdict

import click


@click.command("devices")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
def command(as_json: bool) -> None:
    """List the sound devices, for --audio. * marks the default one. card:ID stays when the numbers change."""
    from formant_dsp.output.cards import PREFIX, card_number, cards
    from formant_dsp.output.stream import SinkError, devices

    try:
        found = devices()
    except SinkError as error:
        if as_json:
            click.echo("[]")
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps([asdict(device) for device in found]))
        return
    if not found:
        click.echo("There is no output device. `--audio none` runs without one, `--audio wav:PATH` records.")
    ids = {card.number: f", {PREFIX}{card.id}" for card in cards()}
    for device in found:
        number = card_number(device.name) if device.host_api == "ALSA" else None
        card = ids.get(number, "") if number is not None else ""
        mark = "*" if device.default else " "
        click.echo(
            f"{mark}{device.index:3d}  {device.name}  ({device.host_api}, {device.channels} channels, "
            f"{device.sample_rate} Hz, {1000 * device.latency_s:.1f} ms{card})"
        )
