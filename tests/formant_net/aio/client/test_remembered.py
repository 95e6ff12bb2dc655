"""What players set outlives a restart with the same options, and nothing else does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.machine.small_disk import fill_up, small_disk

from formant_net.aio.client.remembered import Remembered, RememberedSteering, Settings
from formant_net.protocol.steering import BoxSettings

BEGAN = Settings(1.0, "plain")
SOFT = Settings(0.2, "bass", powered_on=False)


def test_what_was_set_is_there_again_and_what_began_is_nothing_new(tmp_path: Path) -> None:
    file = tmp_path / "state" / "synth-a.settings.json"
    first = Remembered(file, BEGAN)
    assert first.read() is None
    first.write(BEGAN, 0.0)
    assert not file.exists()
    first.write(SOFT, 0.0)
    assert Remembered(file, BEGAN).read() == SOFT
    Remembered(file, BEGAN).write(BEGAN, 0.0)  # not read: it is what began, so nothing is written
    again = Remembered(file, BEGAN)
    again.read()
    again.write(BEGAN, 0.0)
    assert Remembered(file, BEGAN).read() is None


@pytest.mark.parametrize("began", [Settings(0.5, "plain"), Settings(1.0, "tenor")], ids=str)
def test_other_options_at_the_start_are_a_decision(tmp_path: Path, began: Settings) -> None:
    Remembered(tmp_path / "s.json", BEGAN).write(SOFT, 0.0)
    assert Remembered(tmp_path / "s.json", began).read() is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "3",
        '{"began": 1}',
        '{"began":{"volume":1.0,"preset":"plain"},"now":{"volume":7,"preset":"bass"}}',
        "\udcff",
        "[" * 60_000,
        "\0" * 64,
    ],
    ids=ascii,
)
def test_a_broken_file_is_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "s.json"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert Remembered(file, BEGAN).read() is None


def test_a_disk_that_cannot_be_written_forgets_and_nothing_more(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    nowhere = Remembered(tmp_path / "file" / "s.json", BEGAN)
    nowhere.write(SOFT, 0.0)
    assert nowhere.read() is None
    nothing = Remembered(None, BEGAN)
    nothing.write(SOFT, 0.0)
    assert nothing.read() is None


def test_what_met_a_full_disk_is_written_when_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path) as disk:
        remembered = Remembered(disk / "state" / "s.json", BEGAN)
        fill = fill_up(disk)
        remembered.write(SOFT, 0.0)
        remembered.write(SOFT, 2.0)
        assert Remembered(disk / "state" / "s.json", BEGAN).read() is None
        fill.unlink()
        remembered.write(SOFT, 3.0)  # two failed tries make it wait
        assert Remembered(disk / "state" / "s.json", BEGAN).read() is None
        remembered.write(SOFT, 6.0)
        assert Remembered(disk / "state" / "s.json", BEGAN).read() == SOFT


def test_the_end_of_a_node_does_not_wait_for_the_next_try(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("", encoding="utf-8")
    remembered = Remembered(tmp_path / "state" / "s.json", BEGAN)
    remembered.write(SOFT, 0.0)
    (tmp_path / "state").unlink()
    remembered.write(SOFT, 0.1)
    assert Remembered(tmp_path / "state" / "s.json", BEGAN).read() is None
    remembered.write(SOFT, 0.2, last=True)
    assert Remembered(tmp_path / "state" / "s.json", BEGAN).read() == SOFT


@pytest.mark.parametrize("kind", ["pipe", "device", "huge"])
def test_what_is_no_file_of_settings_is_none_and_is_replaced(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "s.json"
    if kind == "pipe":
        os.mkfifo(file)
    elif kind == "device":
        file.symlink_to("/dev/zero")
    else:
        with file.open("wb") as huge:
            huge.truncate(5_000_000_000)
    remembered = Remembered(file, BEGAN)
    assert remembered.read() is None
    remembered.write(SOFT, 0.0)
    assert Remembered(file, BEGAN).read() == SOFT


def test_a_box_that_was_muted_is_muted_after_its_restart(tmp_path: Path) -> None:
    beside = tmp_path / "synth-a.settings.json"
    muted = BoxSettings(epoch="e", rev=3, because=["mute"])
    first = RememberedSteering(beside)
    assert first.read() is None
    first.write(None, 0.0)
    assert list(tmp_path.iterdir()) == []
    first.write(muted, 0.0)
    assert RememberedSteering(beside).read() == muted
    next(tmp_path.iterdir()).write_bytes(b'{"type":"settings","epoch":"e","rev":3,"gain_db":40}')
    assert RememberedSteering(beside).read() is None
    RememberedSteering(None).write(muted, 0.0)
    assert RememberedSteering(None).read() is None
