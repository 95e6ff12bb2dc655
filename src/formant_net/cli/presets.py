"""`formant-node presets`: what there is to sing with, for --preset."""

from __future__ import annotations

import json

import click


@click.command("presets", short_help="The presets there are, for --preset.")
@click.option("--json", "as_json", is_flag=True, help="One JSON list for machines.")
def command(as_json: bool) -> None:
    """List the presets for `synth --preset` and `render --preset`, and what each of them is."""
    from formant_dsp.presets import load, names

    found = [load(name) for name in names()]
    if as_json:
        described = [
            {"name": p.name, "title": p.title, "description": p.description, "singers": p.singers} for p in found
        ]
        click.echo(json.dumps(described))
        return
    width = max(len(preset.name) for preset in found)
    for preset in found:
        click.echo(f"{preset.name:{width}}  {preset.description}")
