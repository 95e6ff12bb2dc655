"""`formant-node presets`: every preset, by name and in words."""

from __future__ import annotations

import json

from click.testing import CliRunner

from formant_dsp.presets import load, names
from formant_net.cli import main


def test_every_preset_is_listed_with_what_it_is() -> None:
    result = CliRunner().invoke(main, ["presets"])
    assert result.exit_code == 0, result.output
    lines = dict(line.split(maxsplit=1) for line in result.output.splitlines())
    assert lines == {name: load(name).description for name in names()}


def test_machines_get_one_json_list() -> None:
    result = CliRunner().invoke(main, ["presets", "--json"])
    assert result.exit_code == 0, result.output
    found = {entry["name"]: entry for entry in json.loads(result.output)}
    assert tuple(found) == names()
    assert found["choir"]["singers"] == 6
    assert found["zing"]["title"] == "Zing"
