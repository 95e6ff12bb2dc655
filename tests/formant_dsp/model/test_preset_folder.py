"""Presets of one's own in a folder: there when they are written, and nothing else changes when one is wrong."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from formant_dsp.model.preset_folder import MOST_FILES, PresetFolder
from formant_dsp.model.presets import names

TEXT = 'title = "T"\ndescription = "D"\n[voice]\nvibrato_cents = {}\n'


def write(file: Path, text: str, at: int) -> None:
    """As an editor does; `at` is its time in seconds, since two writes of a test may share one tick of the disk."""
    file.write_text(text, encoding="utf-8")
    os.utime(file, (at, at))


def test_files_come_change_and_go(tmp_path: Path) -> None:
    folder = PresetFolder(tmp_path)
    assert (folder.read(), folder.presets) == ([], {})
    write(tmp_path / "mine.toml", TEXT.format(10), 1)
    write(tmp_path / "notes.txt", "none", 1)
    assert folder.read() == []
    assert {name: each.voice["vibrato_cents"] for name, each in folder.presets.items()} == {"mine": 10}
    same = folder.presets["mine"]
    write(tmp_path / "other.toml", TEXT.format(20), 1)
    assert folder.read() == []
    assert folder.presets["mine"] is same
    write(tmp_path / "mine.toml", TEXT.format(30), 2)
    assert folder.read() == []
    assert folder.presets["mine"].voice["vibrato_cents"] == 30
    (tmp_path / "mine.toml").unlink()
    assert folder.read() == []
    assert list(folder.presets) == ["other"]


def test_a_wrong_file_is_said_once_and_stays_what_it_was(tmp_path: Path) -> None:
    folder = PresetFolder(tmp_path)
    write(tmp_path / "good.toml", TEXT.format(10), 1)
    write(tmp_path / "never.toml", "title = ", 1)
    write(tmp_path / f"{'x' * 33}.toml", TEXT.format(10), 1)
    said = folder.read()
    assert len(said) == 2
    assert "never.toml" in said[0]
    assert "32 characters" in said[1]
    assert list(folder.presets) == ["good"]
    write(tmp_path / "good.toml", TEXT.format(999), 2)
    (wrong,) = folder.read()
    assert "0 … 200" in wrong
    assert folder.presets["good"].voice["vibrato_cents"] == 10
    assert folder.read() == []
    write(tmp_path / "good.toml", TEXT.format(40), 3)
    assert folder.read() == []
    assert folder.presets["good"].voice["vibrato_cents"] == 40


def test_a_folder_that_is_not_there_is_said_once_and_one_that_is_gone_leaves_none(tmp_path: Path) -> None:
    later = tmp_path / "later"
    folder = PresetFolder(later)
    (said,) = folder.read()
    assert "does not exist" in said
    assert folder.read() == []
    later.mkdir()
    write(later / "mine.toml", TEXT.format(10), 1)
    assert folder.read() == []
    assert list(folder.presets) == ["mine"]
    (later / "mine.toml").unlink()
    later.rmdir()
    (said,) = folder.read()
    assert "does not exist" in said
    assert folder.presets == {}


def test_what_is_no_preset_is_named_and_never_waited_for(tmp_path: Path) -> None:
    """Links to nowhere, pipes, folders, huge files, names that no menu can show; what is hidden is not even named."""
    folder = PresetFolder(tmp_path)
    write(tmp_path / "good.toml", TEXT.format(10), 1)
    write(tmp_path / "with 😀 'quotes'.toml", TEXT.format(10), 1)
    (tmp_path / "nowhere.toml").symlink_to("/nowhere/at/all")
    (tmp_path / "loop.toml").symlink_to("loop.toml")
    (tmp_path / "folder.toml").mkdir()
    os.mkfifo(tmp_path / "pipe.toml")
    with (tmp_path / "huge.toml").open("w") as file:
        file.truncate(1 << 32)
    wrong_names = ["new\nline", " space", "\udcff", "😀" * 17]
    for name in wrong_names:
        write(tmp_path / f"{name}.toml", TEXT.format(10), 1)
    (tmp_path / ".#good.toml").symlink_to("someone@somewhere")
    said = folder.read()
    assert len(said) == 5 + len(wrong_names)
    for name in ("nowhere", "loop", "folder", "pipe", "huge"):
        assert any(f"{name}.toml" in line for line in said)
    assert all(line.isprintable() for line in said)
    assert sorted(folder.presets) == ["good", "with 😀 'quotes'"]
    assert folder.read() == []


def test_as_many_and_as_long_names_as_there_may_be_reach_every_player(tmp_path: Path) -> None:
    for i in range(MOST_FILES):
        write(tmp_path / f"{i:02}{'声' * 20}.toml", TEXT.format(10), 1)
    folder = PresetFolder(tmp_path)
    assert folder.read() == []
    assert len(msgspec.json.encode([*names(), *folder.presets])) < 6000  # of the 8 kB of a message


def test_a_file_is_read_with_what_was_asked_for_beside_it_each_time(tmp_path: Path) -> None:
    folder = PresetFolder(tmp_path, {"mine": {"voice": {"vibrato_cents": 5}}})
    for at in (1, 2):
        write(tmp_path / "mine.toml", "\ufeff" + TEXT.format(10 * at), at)
        write(tmp_path / "other.toml", TEXT.format(10 * at), at)
        assert folder.read() == []
        assert folder.presets["mine"].voice["vibrato_cents"] == 5
        assert folder.presets["other"].voice["vibrato_cents"] == 10 * at


def test_no_more_are_taken_than_players_can_be_told_of(tmp_path: Path) -> None:
    for i in range(MOST_FILES + 3):
        write(tmp_path / f"p{i:03}.toml", TEXT.format(10), 1)
    folder = PresetFolder(tmp_path)
    (said,) = folder.read()
    assert f"first {MOST_FILES}" in said
    assert len(folder.presets) == MOST_FILES
    assert folder.read() == []
