"""`formant-node presets`: lists the presets for --preset."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command("presets", short_help="List the presets, for --preset.")
@click.option(
    "--presets",
    "folder",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Also list and check your own, FOLDER/NAME.toml. Exit code 1 if one has an error.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
def command(folder: Path | None, as_json: bool) -> None:
    """List the presets for `synth --preset` and `render --preset`, each with its description."""
    from formant_dsp.model.preset_folder import PresetFolder
    from formant_dsp.model.presets import load, names

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
