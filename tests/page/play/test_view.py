"""What lies on the surface when a scale, a tuning or a range is chosen."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from page.conftest import ask
from support.browser.chromium import Tab


def view(tab: Tab, width: int, tuning: str = "equal", **choice: Any) -> dict[str, Any]:
    return dict(
        ask(
            tab, "play/view",
            "const { PLAIN_CHOICE } = await import('/play/choice.js');"
            "const { shipped } = await import('/tuning/shipped.js');"
            "const { PLAIN } = await import('/protocol/range.js'); const { midiOf } = await import('/play/notes.js');"
            f"const scale = await shipped('{tuning}');"
            f"const choice = {{ ...PLAIN_CHOICE, tuning: '{tuning}', ...{json.dumps(choice)} }};"
            f"const v = m.viewOf(choice, {{ scale, map: null }}, PLAIN, {width}); const low = midiOf(v.range.lowHz);"
            "return { low, semitones: 12 * v.range.octaves, lines: v.lines, own: v.own, narrow: v.narrow,"
            "steps: v.steps && v.steps.pitches };",
        )
    )  # fmt: skip


def test_without_a_choice_it_is_the_synths(tab: Tab) -> None:
    plain = view(tab, 390)
    assert (plain["own"], plain["lines"], plain["steps"]) == (False, None, None)
    assert (plain["low"], plain["semitones"]) == (45, 36)


def test_lines_lie_on_the_steps_from_root_to_root(tab: Tab) -> None:
    shown = view(tab, 1440, scale="major", root="D", octaves=2)
    assert [line["label"] for line in shown["lines"]][:8] == ["D3", "E3", "F♯3", "G3", "A3", "B3", "C♯4", "D4"]
    assert [line["note"] for line in shown["lines"] if line["chief"]] == [50, 62, 74]
    assert all(any(abs(line["note"] - step) < 1e-6 for step in shown["steps"]) for line in shown["lines"])
    assert 50 - shown["low"] == pytest.approx(shown["low"] + shown["semitones"] - 74), (
        "half a step of room at both ends"
    )


@pytest.mark.parametrize("scale", ["all", "major", "pentatonic", "whole-tone", "octatonic", "blues"])
@pytest.mark.parametrize("octaves", [0, 1, 4])
def test_upright_each_step_has_24_pixels(tab: Tab, scale: str, octaves: int) -> None:
    shown = view(tab, 390, scale=scale, octaves=octaves)
    per_semitone = 390 / shown["semitones"]
    steps = [step for step in shown["steps"] if shown["low"] - 12 < step < shown["low"] + shown["semitones"] + 12]
    places = [per_semitone * (steps[k + 1] - steps[k - 1]) / 2 for k in range(1, len(steps) - 1)]
    assert min(places) >= 24 or shown["semitones"] <= 14, (min(places), shown["semitones"])
    assert shown["narrow"] is (shown["semitones"] < 12 * (octaves or 3))


def test_dense_tunings_thin_their_lines_and_keep_the_roots(tab: Tab) -> None:
    shown = view(tab, 390, "equal-53")
    per_semitone = 390 / shown["semitones"]
    notes = [line["note"] for line in shown["lines"]]
    assert len(notes) < len([s for s in shown["steps"] if notes[0] <= s <= notes[-1]])
    assert min(b - a for a, b in itertools.pairwise(notes)) * per_semitone >= 12
    assert [line["note"] for line in shown["lines"] if line["chief"]] == [48, 60]


@pytest.mark.parametrize(("tuning", "labels"), [("slendro", ["C3", "1", "2", "3", "4", "C4"]), ("just", ["C3", "C♯3"])])
def test_degrees_have_names_where_there_are_twelve_and_numbers_elsewhere(
    tab: Tab, tuning: str, labels: list[str]
) -> None:
    assert [line["label"] for line in view(tab, 1440, tuning)["lines"]][: len(labels)] == labels


def test_a_shift_goes_by_octaves_and_stays_in_what_can_be_sung(tab: Tab) -> None:
    lows = [view(tab, 1440, octaves=1, shift=shift)["lines"][0]["note"] for shift in (-4, -1, 0, 1, 4)]
    assert lows[1:4] == [36, 48, 60]
    assert 12 <= lows[0] <= 24
    assert lows[-1] <= 95


def test_the_plane_of_vowels_is_shown_where_the_synth_has_one(tab: Tab) -> None:
    body = """
    const { PLAIN_CHOICE } = await import('/play/choice.js'); const { PLAIN } = await import('/protocol/range.js');
    const { TWELVE } = await import('/tuning/shipped.js');
    const planar = { ...PLAIN, plane: [{ name: 'a', front: 0.5, open: 1 }] }; const seen = [];
    for (const choice of [{}, { vowels: 'plane' }, { vowels: 'plane', scale: 'major' }]) {
      for (const range of [PLAIN, planar]) {
        const view = m.viewOf({ ...PLAIN_CHOICE, ...choice }, { scale: TWELVE, map: null }, range, 900);
        seen.push([view.plane, view.range.plane?.length ?? 0]);
      }
    }
    return seen;
    """
    no, yes = [False, 0], [True, 1]
    assert ask(tab, "play/view", body) == [no, [False, 1], no, yes, no, yes]


def test_a_period_that_is_no_octave(tab: Tab) -> None:
    shown = view(tab, 1440, "bohlen-pierce", octaves=4)
    roots = [line["note"] for line in shown["lines"] if line["chief"]]
    assert [round(b - a, 3) for a, b in itertools.pairwise(roots)] == [19.02] * (len(roots) - 1)


def test_lines_of_a_keyboard_mapping_are_those_of_the_range(tab: Tab) -> None:
    body = """
    const { PLAIN_CHOICE } = await import('/play/choice.js'); const { PLAIN } = await import('/protocol/range.js');
    const { parseKbm } = await import('/tuning/kbm.js'); const { TWELVE } = await import('/tuning/shipped.js');
    const { rangeWords } = await import('/strip/words.js');
    const { nearestNote, midiOf } = await import('/play/notes.js');
    const map = parseKbm('12\\n0\\n127\\n60\\n69\\n440.0\\n12\\n' + [...Array(12).keys()].join('\\n'));
    const v = m.viewOf({ ...PLAIN_CHOICE, tuning: 'file', octaves: 2 }, { scale: TWELVE, map }, PLAIN, 1440);
    const low = midiOf(v.range.lowHz);
    return [v.lines.map(({ note }) => note - low), 12 * v.range.octaves, rangeWords(v, (n) => nearestNote(n).label)];
    """
    places, semitones, words = ask(tab, "play/view", body)
    assert [0 <= place <= semitones for place in places] == [True] * 25
    assert words == "A2 – A4"
