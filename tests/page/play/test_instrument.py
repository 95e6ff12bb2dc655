"""Simulated fingers on the surface: in tune from the first moment, and their own movement stays as it is. And hold."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
from page.conftest import ask
from support.browser.chromium import Tab

STAGE = """
const { Touches } = await import('/play/touches.js');
const { viewOf } = await import('/play/view.js');
const { PLAIN_CHOICE } = await import('/play/choice.js');
const { TWELVE } = await import('/tuning/shipped.js');
const { PLAIN } = await import('/protocol/range.js');
const { midiOf } = await import('/play/notes.js');
const view = (choice) => viewOf({ ...PLAIN_CHOICE, ...choice }, { scale: TWELVE, map: null }, PLAIN, 1200);
let now = 0;
const touches = new Touches(bounds);
const plain = view({});
const own = view({ scale: 'major', root: 'C' });
const make = (strength = 1, shown = own) => {
  const made = new m.Instrument(touches, shown,
    { clock: () => now, size: () => ({ width: 1200, height: 600 }), heldChanged: () => {} });
  made.use(shown, strength);
  return made;
};
const at = (note, { range } = own) => (note - midiOf(range.lowHz)) / (12 * range.octaves);
const notes = () => touches.points().map(({ note }) => note);
"""


def played(tab: Tab, body: str) -> Any:
    return ask(tab, "play/instrument", STAGE + body)


def sung(tab: Tab, pitches: list[float], strength: float = 1.0) -> list[float]:
    """The pitches that sound while a finger is at each of `pitches` for 20 ms; the page ticks in between."""
    return list(
        played(
            tab,
            f"const i = make({strength}); const out = []; let id = null;"
            f"for (const note of {pitches}) {{"
            "if (id === null) id = i.down(at(note), 0.5); else i.move(id, at(note), 0.5);"
            "out.push(notes()[0]); now += 0.01; i.tick(); now += 0.01; } return out;",
        )
    )


TICK_S = 0.02


def test_the_first_moment_is_in_tune(tab: Tab) -> None:
    assert sung(tab, [60.35])[0] == pytest.approx(60.0, abs=1e-3)
    assert sung(tab, [60.4], 0.5)[0] == pytest.approx(60.2, abs=1e-3)


def test_a_vibrato_keeps_its_depth_around_the_step(tab: Tab) -> None:
    vibrato = [60.35 + 0.3 * math.sin(2 * math.pi * 5.5 * k * TICK_S) for k in range(250)]
    out = sung(tab, vibrato)[50:]
    wanted = vibrato[50:]
    assert (max(out) - min(out)) / (max(wanted) - min(wanted)) == pytest.approx(1.0, abs=0.05)
    assert sum(out) / len(out) == pytest.approx(60.0, abs=0.03)


def test_a_glide_keeps_its_speed_and_ends_in_tune(tab: Tab) -> None:
    glide = [60.35 + 3.0 * TICK_S * k for k in range(116)]  # 300 cents a second, almost a seventh
    out = sung(tab, [*glide, *([glide[-1]] * 150)])
    speeds = [(after - before) / TICK_S for before, after in itertools.pairwise(out[5:116])]
    assert all(speed == pytest.approx(3.0, abs=0.15) for speed in speeds)
    assert out[-1] == pytest.approx(67.0, abs=0.02)


def test_without_strength_and_without_a_scale_nothing_is_moved(tab: Tab) -> None:
    assert sung(tab, [60.35, 60.5], 0.0) == pytest.approx([60.35, 60.5], abs=1e-3)
    body = "const i = make(1, plain); i.down(0.31234, 0.5); return touches.points();"
    assert played(tab, body) == [{"id": 1, "x": 0.31234, "y": 0.5}]


def test_held_fingers_sound_on_until_hold_ends(tab: Tab) -> None:
    body = """
    const i = make(); const seen = [];
    i.hold(true);
    const a = i.down(at(60), 0.5); seen.push(i.up(a), i.held);
    const b = i.down(at(64), 0.5); i.up(b); seen.push(i.held, notes().map(Math.round));
    const again = i.down(at(64) + 0.01, 0.51); // the held one is taken up
    seen.push(again === b, i.held);
    i.move(again, at(65), 0.5); i.up(again); seen.push(notes().map(Math.round));
    seen.push(i.hold(false), i.held, touches.size);
    const c = i.down(at(60), 0.5); seen.push(i.up(c), touches.size);
    return seen;
    """
    assert played(tab, body) == [False, 1, 2, [60, 64], True, 1, [60, 65], True, 0, 0, True, 0]


def test_hold_keeps_what_is_down_on_the_synths_own_surface(tab: Tab) -> None:
    body = """
    const i = make(1, plain); const seen = [];
    const id = i.down(0.25, 0.5, 0.4);
    i.hold(true); seen.push(i.move(id, 0.5, 0.6, 0.3), i.up(id), i.held, touches.points());
    i.use(own, 0); seen.push(notes().map(Math.round));
    seen.push(i.hold(false), touches.size);
    return seen;
    """
    place = {"id": 1, "x": 0.5, "y": 0.6, "z": 0.3}
    assert played(tab, body) == [True, False, 1, [place], [63], True, 0]


def test_a_key_that_is_held_is_taken_up_by_the_same_key(tab: Tab) -> None:
    body = """
    const i = make(); i.hold(true); const seen = [];
    const first = i.press(60, 0.2); i.up(first); i.up(i.press(64, 0.2));
    const again = i.press(60, 0.8); seen.push(again === first, i.held, touches.size, touches.points()[0].y);
    i.up(again); seen.push(i.held, i.press(60, 0.8) === first, i.press(60, 0.8) === first);
    return seen;
    """
    assert played(tab, body) == [True, 1, 2, 0.8, 2, True, False], "two that are down at once are two"


def test_a_held_note_is_taken_up_at_its_pitch_after_two_views(tab: Tab) -> None:
    body = """
    const i = make(); i.hold(true);
    const id = i.down(at(60), 0.5);
    const lower = view({ scale: 'major', root: 'C', shift: -1 });
    i.use(lower, 1); i.up(id); i.use(own, 1); // its place is that of its pitch from now on
    return [i.down(at(60), 0.5) === id, notes().map(Math.round)];
    """
    assert played(tab, body) == [True, [60]]


def test_the_seventeenth_ends_the_oldest_that_is_held(tab: Tab) -> None:
    body = """
    const i = make(); i.hold(true);
    for (let k = 0; k < 20; k += 1) i.up(i.down(k / 20, (k % 2) * 0.9));
    return [touches.size, i.held, touches.points()[0].id];
    """
    assert played(tab, body) == [16, 16, 5]


def test_another_view_leaves_the_pitches_of_fingers_as_they_are(tab: Tab) -> None:
    body = """
    const i = make(); const seen = [];
    i.hold(true); i.up(i.down(at(60), 0.5)); i.hold(true);
    const id = i.down(at(67), 0.9);
    const higher = view({ scale: 'major', root: 'C', shift: 1 });
    i.use(higher, 1); seen.push(notes().map(Math.round));
    i.move(id, at(67) + 0.001, 0.9); seen.push(Math.abs(notes()[1] - 67) < 0.2);
    i.use(plain, 1); i.move(id, at(67), 0.8); seen.push(Math.abs(notes()[1] - 67) < 0.2);
    seen.push(i.release(), touches.size, i.clear(), touches.size, i.holding);
    return seen;
    """
    assert played(tab, body) == [[60, 67], True, True, True, 1, True, 0, False]


def test_a_range_that_moves_leaves_fingers_on_the_synths_own_surface_at_their_pitch(tab: Tab) -> None:
    body = """
    const i = make(1, plain); const seen = [];
    const pitch = midiOf(plain.range.lowHz) + 36 * 0.25;
    const id = i.down(0.25, 0.5);
    i.use(plain, 1); seen.push(notes()[0] === undefined); // the same surface: its place says it, as before
    i.use(view({ shift: 1 }), 1); seen.push(notes()[0] - pitch);
    i.move(id, 0.25, 0.9); seen.push(Math.abs(notes()[0] - pitch) < 1e-3);
    i.move(id, 0.25 + 1 / 36, 0.9); seen.push(Math.abs(notes()[0] - pitch - 1) < 0.05);
    seen.push(i.up(id), touches.size);
    return seen;
    """
    assert played(tab, body) == [True, pytest.approx(0.0, abs=1e-3), True, True, True, 0]


def test_keys_play_the_degrees_of_a_tuning(tab: Tab) -> None:
    body = """
    const { shipped } = await import('/tuning/shipped.js');
    const nineteen = viewOf({ ...PLAIN_CHOICE, tuning: 'equal-19' },
      { scale: await shipped('equal-19'), map: null }, PLAIN, 1200);
    const i = make(1, nineteen); i.press(60, 0); i.press(79, 0);
    return notes();
    """
    assert played(tab, body) == [60, 72]
