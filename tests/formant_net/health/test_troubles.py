"""What needs attention: each trouble by its figure, and nothing by a figure that is unknown."""

from __future__ import annotations

from typing import Any

import pytest

from formant_net.health.troubles import WORDS, breaks, troubles
from formant_net.protocol.steering import Health

WELL: dict[str, Any] = {
    "audible": True,
    "busy": 0.4,
    "temperature_c": 60.0,
    "undervoltage": False,
    "throttled": [],
    "wifi_dbm": -60.0,
    "wifi_power_save": False,
    "state_writable": True,
    "clock_synchronised": False,
}


def health(**fields: Any) -> Health:
    return Health(version="0.1.0", uptime_s=1.0, **fields)


@pytest.mark.parametrize(
    ("fields", "trouble"),
    [
        ({"audible": False}, "no-sound"),
        ({"busy": 0.81}, "busy"),
        ({"temperature_c": 78.1}, "hot"),
        ({"undervoltage": True}, "undervoltage"),
        ({"throttled": ["thermal"]}, "throttled"),
        ({"wifi_dbm": -76.0}, "wifi-weak"),
        ({"wifi_power_save": True}, "wifi-power-save"),
        ({"state_writable": False}, "state"),
    ],
)
def test_each_trouble_has_its_figure_and_words(fields: dict[str, Any], trouble: str) -> None:
    assert troubles(health(**WELL), None, 60.0) == []
    assert troubles(health(**{**WELL, **fields}), None, 60.0) == [trouble]
    assert all(WORDS[trouble])


def test_a_weak_supply_is_one_trouble_not_two() -> None:
    assert troubles(health(undervoltage=True, throttled=["voltage"]), None, 60.0) == ["undervoltage"]


def test_what_is_unknown_is_no_trouble() -> None:
    assert troubles(health(), None, 60.0) == []


def test_the_sound_breaks_by_its_rate_and_late_callbacks_alone_break_nothing() -> None:
    before = health(underflows=10, late=0)
    assert breaks(before) == 10
    assert troubles(health(underflows=11, late=50), before, 60.0) == []
    assert troubles(health(underflows=11, shed=1), before, 60.0) == ["breaks"]
    assert troubles(health(underflows=11, shed=1), None, 60.0) == [], "before the start of the count nothing broke"
