"""What players set outlives a restart with the same options, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import pytest

from formant_net.aio.remembered import Remembered, Settings

BEGAN = Settings(1.0, "plain")
SOFT = Settings(0.2, "bass", powered_on=False)


def test_what_was_set_is_there_again_and_what_began_is_nothing_new(tmp_path: Path) -> None:
    file = tmp_path / "state" / "synth-a.settings.json"
    first = Remembered(file, BEGAN)
    assert first.read() is None
    first.write(BEGAN)
    assert not file.exists()
    first.write(SOFT)
    assert Remembered(file, BEGAN).read() == SOFT
    Remembered(file, BEGAN).write(BEGAN)  # not read: it is what began, so nothing is written
    again = Remembered(file, BEGAN)
    again.read()
    again.write(BEGAN)
    assert Remembered(file, BEGAN).read() is None


@pytest.mark.parametrize("began", [Settings(0.5, "plain"), Settings(1.0, "tenor")], ids=str)
def test_other_options_at_the_start_are_a_decision(tmp_path: Path, began: Settings) -> None:
    Remembered(tmp_path / "s.json", BEGAN).write(SOFT)
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
    nowhere.write(SOFT)
    assert nowhere.read() is None
    nothing = Remembered(None, BEGAN)
    nothing.write(SOFT)
    assert nothing.read() is None
