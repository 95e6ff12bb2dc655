from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from formant_net.cli.options.tunings import tuning_of, tuning_options
from formant_net.tuning.kbm import Keys
from formant_net.tuning.snap import Snap

LINEAR = "0\n0\n127\n60\n69\n440.0\n12\n"


def _tuned(*arguments: str, keyboard: bool = True) -> tuple[Keys | None, Snap | None]:
    found: list[tuple[Keys | None, Snap | None]] = []

    @click.command
    @tuning_options
    def command(**options: Any) -> None:
        found.append(tuning_of(options, keyboard=keyboard))
        assert options == {}

    result = CliRunner().invoke(command, arguments, standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    print(result.stderr)
    return found[0]


def test_without_options_nothing_is_tuned() -> None:
    assert _tuned() == (None, None)
    assert _tuned("--root", "D") == (None, None)


def test_a_tuning_tunes_keys_from_its_root() -> None:
    keys, snap = _tuned("--tuning", "just", "--root", "D")
    assert keys is not None
    assert snap is None
    assert keys[62] == 62.0
    assert keys[66] == pytest.approx(65.863, abs=1e-3)


def test_a_scale_snaps_whole_unless_a_share_is_given() -> None:
    keys, snap = _tuned("--scale", "minor", "--root", "A")
    assert keys is None
    assert snap is not None
    assert snap.strength == 1.0
    assert [one for one in snap.steps.pitches if 57 <= one < 69] == [57, 59, 60, 62, 64, 65, 67]
    _, half = _tuned("--scale", "minor", "--snap", "0.5")
    assert half is not None
    assert half.strength == 0.5


def test_a_tuning_alone_snaps_fingers_that_are_no_keys() -> None:
    assert _tuned("--tuning", "slendro")[1] is None
    _, snap = _tuned("--tuning", "slendro", keyboard=False)
    assert snap is not None
    assert [round(one, 2) for one in snap.steps.pitches if 60 <= one < 73] == [60, 62.31, 64.74, 67.17, 69.55, 72.08]


def test_files_are_read_and_their_doubts_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "one.SCL").write_text("one\n2\n700\n2/1\n")
    (tmp_path / "one.kbm").write_text(LINEAR)
    keys, snap = _tuned("--tuning", str(tmp_path / "one.SCL"), "--kbm", str(tmp_path / "one.kbm"), "--snap", "1")
    assert "700/1" in capsys.readouterr().out
    assert keys is not None
    assert snap is not None
    assert keys[69] == pytest.approx(69.0)
    assert 69.0 in [round(one, 6) for one in snap.steps.pitches]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--tuning", "well"], "'well' is no tuning"),
        (["--tuning", "none.scl"], "cannot read none.scl"),
        (["--tuning", "PIPE.scl"], "it is a pipe, not a file"),
        (["--tuning", "HUGE.scl"], "more than 100 kB"),
        (["--kbm", "HUGE.scl"], "more than 100 kB"),
        (["--tuning", "BAD.scl"], "BAD.scl: the number of notes is missing"),
        (["--kbm", "BAD.kbm"], "BAD.kbm: the first key is missing"),
        (["--kbm", "GOOD.kbm", "--root", "D"], "leave out --root and --scale"),
        (["--scale", "majeur"], "'majeur' is no scale"),
        (["--scale", "major", "--tuning", "pelog"], "12 notes or more"),
        (["--root", "H"], "'H' is no root"),
        (["--snap", "1.5"], "1.5"),
        (["--snap", "nan"], "not a number"),
    ],
)
def test_what_cannot_be_used_is_refused_with_words(
    arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("BAD.scl").write_text("x\n")
    Path("HUGE.scl").write_bytes(bytes(100_001))
    os.mkfifo("PIPE.scl")
    Path("BAD.kbm").write_text("12\n")
    Path("GOOD.kbm").write_text(LINEAR)
    with pytest.raises(click.UsageError) as refused:
        _tuned(*arguments)
    assert words in refused.value.message
