"""Fingers as state."""

from __future__ import annotations

from page.conftest import ask
from support.browser.chromium import Tab


def test_more_fingers_than_a_message_may_carry_are_refused(tab: Tab) -> None:
    assert ask(
        tab, "play/touches",
        "const t = new m.Touches(bounds); const ids = Array.from({length: 40}, () => t.down(0.5, 0.5));"
        "return [t.size, ids.filter((id) => id === null).length];",
    ) == [32, 8]  # fmt: skip


def test_places_outside_the_surface_are_held_at_its_edge(tab: Tab) -> None:
    placed = ask(
        tab, "play/touches",
        "const t = new m.Touches(bounds); t.down(-3, NaN); const [p] = t.points(); return [p.x, p.y];",
    )  # fmt: skip
    assert placed == [0, 0]


STEERED = """
const { UNKNOWN, stateOf } = await import('/protocol/synth.js');
const surface = { low_hz: 110, octaves: 3, vowels: ['a', 'e', 'i'] };
const listener = (said) => ({ peer: 's', synth: stateOf(UNKNOWN, said) });
const planar = listener({ takes: ['note', 'place'], surface: { ...surface, plane: [['a', 0.5, 1], ['i', 1, 0]] } });
const along = listener({ takes: ['note', 'place'], surface });
const old = listener({ surface });
const t = new m.Touches(bounds);
const told = (to) => t.message(1, 0, to).points.map(({ y, place }) => [y, place ?? null]);
"""


def test_the_vowel_of_all_fingers_is_steered_and_only_a_plane_is_told_its_place(tab: Tab) -> None:
    body = (
        STEERED
        + """
    const id = t.down(0.5, 0); t.down(0.6, 0.25); const seen = [t.isCommon];
    t.steer({ place: [1, 0], y: 1 }); t.down(0.7, 0.1);
    seen.push(t.isCommon, told(planar), told(along), told(old), t.message(2, 0, planar).place);
    t.move(id, 0.55, 0); seen.push(told(planar)[0]); // another pitch, the same vowel
    t.move(id, 0.55, 0.5); seen.push(told(planar)[0]); // its vowel is moved by hand again
    t.steered = null; t.down(0.1, 0.3); seen.push(told(planar).slice(1));
    return seen;
    """
    )
    on, near = [1, [1, 0]], [1, None]
    assert ask(tab, "play/touches", body) == [
        True, False, [on] * 3, [near] * 3, [near] * 3, [1, 0], on, [0.5, None], [on, on, [0.3, None]]
    ]  # fmt: skip


def test_synth_is_not_shown_the_same_state_twice(tab: Tab) -> None:
    assert ask(
        tab, "play/touches",
        "const t = new m.Touches(bounds); const id = t.down(0.5, 0.5);"
        "return [t.move(id, 0.5, 0.5), t.move(id, 0.6, 0.5)];",
    ) == [False, True]  # fmt: skip
