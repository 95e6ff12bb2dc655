"""What is said of a device that sings for others, and of what it may withhold."""

from __future__ import annotations

from typing import Any

import pytest
from page.conftest import ask
from support.browser.chromium import Tab

WELL = {"state": "on", "reason": "", "sounds": True, "threaded": True, "poweredOn": True}


def words(tab: Tab, **changes: Any) -> str:
    shown = {
        **{"on": True, "players": 1, "server": {"state": "registered", "reason": ""}, "name": "iPhone 12ab"},
        "unreached": {"count": 0, "relayed": False},
        **{"device": {**WELL, **changes.pop("device", {})}},
        **changes,
    }
    return str(
        ask(
            tab,
            "show/sing",
            f"return m.singWords({repr(shown).replace('True', 'true').replace('False', 'false')}).text",
        )
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "iPhone 12ab sings: 1 player plays on it."),
        ({"players": 3}, "3 players play on it"),
        ({"players": 0}, "It waits for a player."),
        (
            {"players": 0, "unreached": {"count": 2, "relayed": False}},
            "finds no path to 2 players: this network keeps browsers apart. The server needs a relay (--ice-server).",
        ),
        ({"players": 0, "unreached": {"count": 1, "relayed": True}}, "apart, also not over the relay of the server."),
        ({"players": 1, "unreached": {"count": 1, "relayed": True}}, "sings: 1 player plays on it."),
        ({"device": {"sounds": False}}, "paused: tap to go on"),
        ({"device": {"poweredOn": False}}, "switched this device off"),
        ({"device": {"threaded": False}}, "For better sound open https://"),
        ({"device": {"state": "failed", "reason": "no memory"}}, "cannot sing: no memory."),
        (
            {"server": {"state": "needs-key", "reason": "for a controller"}},
            "may not sing for others: for a controller.",
        ),
        ({"server": {"state": "waiting", "reason": ""}}, "1 player plays on it. Reconnecting to the server…"),
        ({"server": {"state": "waiting", "reason": ""}, "players": 0}, "Connecting to the server…"),
    ],
)
def test_each_state_is_one_sentence(tab: Tab, changes: dict[str, Any], said: str) -> None:
    assert said in words(tab, **changes)


@pytest.mark.parametrize(
    ("agent", "session", "warned"),
    [
        ("iPhone; CPU iPhone OS 15_0", False, True),
        ("iPhone; CPU iPhone OS 18_0", True, False),
        ("Android 14", False, False),
    ],
)
def test_the_silent_switch_is_told_of_where_it_mutes_pages(tab: Tab, agent: str, session: bool, warned: bool) -> None:
    given = f"{{secure: true, lock: true, session: {str(session).lower()}, agent: '{agent}'}}"
    said = " ".join(ask(tab, "show/sing", f"return m.adviceWords({given})"))
    assert ("silent mode" in said) is warned
    assert "stops singing" in said
    assert "https" not in said


def test_without_https_two_things_are_said(tab: Tab) -> None:
    said = ask(tab, "show/sing", "return m.adviceWords({secure: false, lock: false, session: false, agent: 'Android'})")
    assert sum("https" in line for line in said) == 2
