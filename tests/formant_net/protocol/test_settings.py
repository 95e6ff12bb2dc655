"""Settings as NAME=VALUE: names, types and ranges."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from formant_net.protocol.settings import SettingError, check_range, read_settings


@dataclass(frozen=True)
class Tea:
    cups: int = 2
    steep_s: float = 180.0


def test_values_have_the_type_of_the_default_and_a_dash_is_an_underscore() -> None:
    assert read_settings(Tea(), ["cups=3", " steep-s = 90"]) == {"cups": 3, "steep_s": 90.0}
    assert read_settings(Tea(), []) == {}


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("cups", "not NAME=VALUE with one of cups, steep_s"),
        ("cpus=1", "not NAME=VALUE with one of cups, steep_s"),
        ("cups=1.5", "cups takes a whole number, not '1.5'"),
        ("steep_s=long", "steep_s takes a number, not 'long'"),
    ],
)
def test_a_wrong_setting_is_refused_with_what_is_allowed(setting: str, words: str) -> None:
    with pytest.raises(SettingError, match=words):
        read_settings(Tea(), [setting])


@pytest.mark.parametrize("value", [0, -1, 11, float("nan"), float("inf"), True, "5"])
def test_a_value_out_of_range_is_refused(value: object) -> None:
    with pytest.raises(SettingError, match="must be above 0 and at most 10"):
        check_range("cups", value, 10.0)


def test_a_value_in_range_passes() -> None:
    check_range("cups", 10, 10.0)
