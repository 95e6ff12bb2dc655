"""What a synth says of its surface, checked."""

from __future__ import annotations

import json

import pytest
from page.conftest import ask
from support.browser.chromium import Tab

from formant_dsp.model.preset_vowels import names_along
from formant_dsp.model.presets import load, names


@pytest.mark.parametrize(
    "said",
    ["null", "3", "{}", '{low_hz: 0, octaves: 3, vowels: ["a", "e"]}', '{low_hz: 110, octaves: "x", vowels: ["a"]}',
     '{low_hz: 110, octaves: 3, vowels: ["a"]}', '{low_hz: 110, octaves: 3, vowels: ["a", 7]}',
     '{low_hz: 110, octaves: 3, vowels: "aeiou"}', '{low_hz: NaN, octaves: 3, vowels: ["a", "e"]}'],
)  # fmt: skip
def test_what_is_no_surface_is_none(tab: Tab, said: str) -> None:
    assert ask(tab, "protocol/range", f"return m.rangeOf({said});") is None


@pytest.mark.parametrize("name", names())
def test_what_a_synth_says_of_any_preset_is_a_surface(tab: Tab, name: str) -> None:
    preset = load(name)
    said = preset.surface
    assert said is not None
    plane = [dict(zip(("name", "front", "open"), vowel, strict=True)) for vowel in said.get("plane", [])]
    assert ask(tab, "protocol/range", f"return m.rangeOf({json.dumps(said)});") == {
        "lowHz": preset.f0_low_hz, "octaves": preset.octaves, "vowels": list(names_along(preset.way)),
        **({"plane": plane} if plane else {}),
    }  # fmt: skip


@pytest.mark.parametrize("plane", ["[]", "7", '[["a", 0.5]]', '[["a", 0.5, 1.5]]', "[[1, 0, 0]]", '[["a", NaN, 0]]'])
def test_a_plane_that_makes_no_sense_is_none(tab: Tab, plane: str) -> None:
    said = f'{{low_hz: 110, octaves: 3, vowels: ["a", "e"], plane: {plane}}}'
    assert ask(tab, "protocol/range", f"return m.rangeOf({said}).plane ?? null;") is None
