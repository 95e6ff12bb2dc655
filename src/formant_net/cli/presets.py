"""`formant-node presets`: what there is to sing with, for --preset."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command("presets", short_help="The presets there are, for --preset.")
@click.option(
    "--presets",
    "folder",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Your own as well, FOLDER/NAME.toml: says what is wrong with them, and ends with 1 if anything is.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON list for machines.")
def command(folder: Path | None, as_json: bool) -> None:
    """List the presets for `synth --preset` and `render --preset`, and what each of them is."""
    from formant_dsp.preset_folder import PresetFolder
    from formant_dsp.presets import load, names

    own = PresetFolder(folder) if folder is not None else None
    wrong = own.read() if own is not None else []
    found = {name: load(name) for name in names()} | dict(own.presets if own is not None else {})
    if as_json:
        described = [
            {"name": name, "title": p.title, "description": p.description, "singers": p.singers}
            for name, p in sorted(found.items())
        ]
        click.echo(json.dumps(described))
    else:
        width = max(map(len, found))
        for name, preset in sorted(found.items()):
            click.echo(f"{name:{width}}  {preset.description}")
    for line in wrong:
        click.echo(line, err=True)
    if wrong:
        raise click.exceptions.Exit(1)
