"""Wi-Fi: how well each radio that is in use hears."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.machine.boards import WIRELESS, machine

from formant_net.health.radio import radios, signals


def test_a_radio_that_is_up_and_its_signal(tmp_path: Path) -> None:
    root = machine(tmp_path, {})
    assert radios(root / "sys") == ["wlan0"]
    assert signals(root / "proc") == {"wlan0": -56.0}


def test_a_radio_that_is_off_is_none(tmp_path: Path) -> None:
    assert radios(machine(tmp_path, {"sys/class/net/wlan0/operstate": "down\n"}) / "sys") == []


@pytest.mark.parametrize("level", ["-256.", "0.", "54.", "200."])
def test_a_level_that_is_no_dbm_is_unknown(tmp_path: Path, level: str) -> None:
    root = machine(tmp_path, {"proc/net/wireless": WIRELESS.replace("-56.", level)})
    assert signals(root / "proc") == {}


def test_a_machine_without_wifi(tmp_path: Path) -> None:
    assert (radios(tmp_path / "sys"), signals(tmp_path / "proc")) == ([], {})
