"""`formant-node presets`: every preset, by name and in words."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from formant_dsp.model.presets import load, names
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


def test_ones_own_are_listed_and_what_is_wrong_with_them_is_said(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('title = "T"\ndescription = "My own."\n', encoding="utf-8")
    (tmp_path / "bass.toml").write_text('title = "T"\ndescription = "Another bass."\n', encoding="utf-8")
    result = CliRunner().invoke(main, ["presets", "--presets", str(tmp_path)])
    assert result.exit_code == 0, result.output
    lines = dict(line.split(maxsplit=1) for line in result.output.splitlines())
    assert (lines["mine"], lines["bass"]) == ("My own.", "Another bass.")
    assert lines.keys() == {*names(), "mine"}
    (tmp_path / "odd.toml").write_text('title = "T"\ndescription = "D"\n[voice]\nskirt = 7\n', encoding="utf-8")
    result = CliRunner().invoke(main, ["presets", "--presets", str(tmp_path), "--json"])
    assert result.exit_code == 1
    assert "odd.toml: voice.skirt=7" in result.stderr
    assert {entry["name"] for entry in json.loads(result.stdout)} == {*names(), "mine"}
    assert CliRunner().invoke(main, ["presets", "--presets", str(tmp_path / "nowhere")]).exit_code == 2
