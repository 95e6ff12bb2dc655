"""Which note lies where."""

from __future__ import annotations

import pytest
from page.conftest import ask
from support.browser.chromium import Tab

from formant_dsp.model.presets import DEFAULT, load


def test_pitch_on_screen_is_the_pitch_that_synths_play(tab: Tab) -> None:
    places = [0.0, 1 / 3, 0.5, 0.777, 1.0]
    shown = [ask(tab, "play/notes", f"return m.f0Hz({x});") for x in places]
    assert shown == [pytest.approx(load(DEFAULT).f0_hz(x)) for x in places]


@pytest.mark.parametrize(
    ("x", "label", "cents"),
    [(0, "A2", 0), (1 / 36, "A♯2", 0), (3 / 36, "C3", 0), (1, "A5", 0), (0.51, "D♯4", 36), (0.495, "D♯4", -18)],
)
def test_notes_are_named_with_their_cents(tab: Tab, x: float, label: str, cents: int) -> None:
    assert ask(tab, "play/notes", f"return m.noteAt({x});") == {"label": label, "cents": cents}


BASS = '{lowHz: 65, octaves: 2.4, vowels: ["u", "ɛ", "i"]}'


def test_another_surface_has_its_own_notes_and_vowels(tab: Tab) -> None:
    assert ask(tab, "play/notes", f"return m.noteAt(0, {BASS});") == {"label": "C2", "cents": -11}
    shown = ask(tab, "play/notes", f"return m.semitones({BASS});")
    assert [(each["name"], each["octave"]) for each in (shown[0], shown[-1])] == [("C", 2), ("E", 4)]
    for each in (shown[0], shown[-1]):
        assert 65 * 2 ** (2.4 * each["x"]) == pytest.approx(440 * 2 ** ((each["midi"] - 69) / 12))
    assert ask(tab, "play/notes", f"return m.lowestC({BASS});") == 36
    assert ask(tab, "play/notes", "return [m.lowestC(), m.xOf(48)];") == [48, pytest.approx(3 / 36)]
    assert [ask(tab, "play/vowels", f"return m.vowelAt({y}, {BASS});") for y in (0, 0.25, 0.5, 1)] == [
        "u",
        "u–ɛ",
        "ɛ",
        "i",
    ]
    assert [band["y"] for band in ask(tab, "show/colours", f"return m.bands({BASS});")] == [0, 0.5, 1]
