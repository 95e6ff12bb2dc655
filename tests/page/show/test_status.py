"""The connection in words."""

from __future__ import annotations

from typing import Any

import pytest
from support.browser.chromium import Tab

OFF = {"name": "Kitchen", "why": "is switched off"}


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ({"server": "registered", "sounding": 2}, "Connected, 2 synths"),
        ({"server": "registered", "sounding": 1}, "Connected, 1 synth"),
        ({"server": "registered", "sounding": 14, "phones": 12}, "Connected, 2 synths and 12 phones"),
        ({"server": "registered", "sounding": 1, "phones": 1}, "Connected, 1 phone"),
        ({"server": "registered", "mute": [OFF]}, "No sound: Kitchen is switched off"),
        ({"server": "registered", "mute": [OFF, OFF]}, "No sound: each of the 2 synths is switched off"),
        ({"server": "registered", "mute": [OFF, {"name": "Attic", "why": "has volume 0"}]},
         "No sound: Kitchen is switched off, and 1 more cannot be heard"),
        ({"server": "registered", "sounding": 19, "mute": [OFF]}, "19 of 20 synths sound: Kitchen is switched off"),
        ({"server": "registered", "sounding": 1, "mute": [OFF, OFF]}, "1 of 3 synths sound: 2 cannot be heard"),
        ({"server": "waiting", "retryInS": 2.3, "mute": [OFF]}, "Server unreachable, trying again in 3 s"),
        ({"server": "registered"}, "Looking for synths…"),
        ({"server": "registered", "here": True}, "This device sings"),
        ({"server": "registered", "sounding": 2, "here": True}, "Connected, 2 synths and this device"),
        ({"server": "registered", "mute": [OFF], "here": True}, "No sound: Kitchen is switched off"),
        ({"server": "waiting", "retryInS": 2.3, "here": True},
         "Server unreachable, trying again in 3 s – sound keeps playing"),
        ({"server": "registered", "opening": 1}, "Connecting to a synth…"),
        ({"server": "waiting", "retryInS": 2.3}, "Server unreachable, trying again in 3 s"),
        ({"server": "waiting", "retryInS": 2.3, "sounding": 1},
         "Server unreachable, trying again in 3 s – sound keeps playing"),
        ({"server": "needs-key", "reason": "Wrong key"}, "Wrong key"),
        ({"server": "waiting", "reason": "full", "retryInS": 1}, "Server: full, trying again in 1 s"),
        ({"server": "kicked"}, "Disconnected by the server"),
        ({"server": "connecting"}, "Connecting…"),
    ],
)  # fmt: skip
def test_status_says_what_is_so_and_what_comes_next(tab: Tab, now: dict[str, Any], words: str) -> None:
    given = {"reason": "", "retryInS": 0, "sounding": 0, "mute": [], "opening": 0, **now}
    shown = tab.evaluate("async (now) => (await import('/show/status.js')).statusWords(now)", given)
    assert shown["text"] == words
    assert " in " not in shown["spoken"]  # a countdown read aloud every second helps nobody


@pytest.mark.parametrize(
    ("now", "tone"),
    [
        ({"sounding": 20}, "good"),
        ({"sounding": 19, "mute": [OFF]}, "busy"),
        ({"mute": [OFF] * 20}, "bad"),
    ],
)
def test_the_status_is_green_only_when_everybody_is_heard(tab: Tab, now: dict[str, Any], tone: str) -> None:
    given = {"server": "registered", "reason": "", "retryInS": 0, "sounding": 0, "mute": [], "opening": 0, **now}
    assert tab.evaluate("async (now) => (await import('/show/status.js')).statusWords(now).tone", given) == tone
