"""What a board says without `vcgencmd`: weak power, held back, hot; and silence is unknown, never fine."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.machine.boards import THROTTLED, VOLTS, machine

from formant_net.health.board import Throttled, model, temperature, throttled, undervoltage


@pytest.mark.parametrize(
    ("bits", "now", "before"),
    [
        ("0\n", (), ()),
        ("50005\n", ("voltage", "thermal"), ("voltage", "thermal")),
        ("0x50000\n", (), ("voltage", "thermal")),
        ("f000f\n", ("voltage", "frequency", "thermal", "soft"), ("voltage", "frequency", "thermal", "soft")),
        ("80008", ("soft",), ("soft",)),
    ],
)
def test_the_bits_of_the_firmware_say_why_it_is_held_back(
    tmp_path: Path, bits: str, now: tuple[str, ...], before: tuple[str, ...]
) -> None:
    sys = machine(tmp_path, {THROTTLED: bits}) / "sys"
    assert throttled(sys) == Throttled(now, before)
    assert undervoltage(sys) is ("voltage" in now)


def test_a_board_with_the_file_elsewhere_is_read_as_well(tmp_path: Path) -> None:
    place = "sys/devices/platform/axi/axi:firmware-1/get_throttled"
    assert throttled(machine(tmp_path, {THROTTLED: None, place: "1"}) / "sys") == Throttled(("voltage",), ())


def test_the_driver_of_the_supply_says_it_where_the_firmware_is_silent(tmp_path: Path) -> None:
    sys = machine(tmp_path, {THROTTLED: None, f"{VOLTS}/in0_lcrit_alarm": "1\n"}) / "sys"
    assert undervoltage(sys) is True
    assert throttled(sys) is None


@pytest.mark.parametrize("content", ["", "not a number", "nan"])
def test_what_cannot_be_read_is_unknown(tmp_path: Path, content: str) -> None:
    changed = {THROTTLED: content, f"{VOLTS}/in0_lcrit_alarm": content, "sys/class/thermal/thermal_zone0/temp": content}
    sys = machine(tmp_path, changed) / "sys"
    assert (throttled(sys), undervoltage(sys), temperature(sys)) == (None, None, None)


def test_a_machine_that_says_nothing_is_unknown_in_everything(tmp_path: Path) -> None:
    assert (throttled(tmp_path), undervoltage(tmp_path), temperature(tmp_path), model(tmp_path)) == (None,) * 4


def test_the_model_and_the_temperature_of_the_processor(tmp_path: Path) -> None:
    zones = {"sys/class/thermal/thermal_zone1/type": "nvme\n", "sys/class/thermal/thermal_zone1/temp": "90000\n"}
    sys = machine(tmp_path, zones) / "sys"
    assert model(sys) == "Raspberry Pi 4 Model B Rev 1.4"
    assert temperature(sys) == pytest.approx(48.312)


def test_of_several_zones_that_of_the_processor_counts(tmp_path: Path) -> None:
    zones = {
        "sys/class/thermal/thermal_zone0/type": "acpitz\n",
        "sys/class/thermal/thermal_zone1/type": "x86_pkg_temp\n",
        "sys/class/thermal/thermal_zone1/temp": "71000\n",
        "sys/class/thermal/thermal_zone2/type": "acpitz\n",
    }
    assert temperature(machine(tmp_path, zones) / "sys") == 71.0
