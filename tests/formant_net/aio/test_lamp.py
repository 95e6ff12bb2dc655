"""The light: it blinks and is then as before, and a machine without one, or without the right, goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from formant_net.aio.lamp import Lamp


def light(folder: Path, name: str = "ACT") -> Path:
    (folder / name).mkdir()
    trigger = folder / name / "trigger"
    trigger.write_text("none rc-feedback timer [mmc0] heartbeat\n", "utf-8")
    return trigger


def test_a_light_blinks_and_is_then_as_before(tmp_path: Path) -> None:
    trigger = light(tmp_path)
    lamp = Lamp(tmp_path)
    assert lamp.show(on=True)
    assert lamp.show(on=True), "once more, while it blinks"
    assert trigger.read_text("utf-8") == "timer"
    assert lamp.show(on=False)
    assert trigger.read_text("utf-8") == "mmc0"
    assert lamp.show(on=False)
    assert trigger.read_text("utf-8") == "mmc0"


def test_only_the_light_of_the_board_is_used(tmp_path: Path) -> None:
    trigger = light(tmp_path, "mmc0::")
    assert not Lamp(tmp_path).show(on=True)
    assert "[mmc0]" in trigger.read_text("utf-8")
    assert not Lamp(tmp_path / "nowhere").show(on=True)


def test_a_light_that_may_not_be_switched_is_left_alone(tmp_path: Path) -> None:
    trigger = light(tmp_path)
    lamp = Lamp(tmp_path)
    trigger.unlink()
    trigger.mkdir()  # nobody can write into it, root neither
    assert not lamp.show(on=True)


@pytest.mark.parametrize(("offered", "then"), [("none [timer] mmc0 heartbeat\n", "mmc0"), ("none [timer]\n", "none")])
def test_a_light_that_a_killed_process_left_blinking_is_then_as_it_is_by_default(
    tmp_path: Path, offered: str, then: str
) -> None:
    trigger = light(tmp_path)
    trigger.write_text(offered, "utf-8")
    lamp = Lamp(tmp_path)
    assert lamp.show(on=True)
    assert lamp.show(on=False)
    assert trigger.read_text("utf-8") == then
