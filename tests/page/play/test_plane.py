"""The plane of vowels as a surface: one finger moves the vowel of all notes, or sings the last pitch."""

from __future__ import annotations

from typing import Any

import pytest
from page.conftest import ask
from support.browser.chromium import Tab

STAGE = """
const { Touches } = await import('/play/touches.js');
const { Instrument } = await import('/play/instrument.js');
const { viewOf } = await import('/play/view.js');
const { PLAIN_CHOICE } = await import('/play/choice.js');
const { TWELVE } = await import('/tuning/shipped.js');
const plane = [['a', 0.5, 1], ['e', 1, 0.4], ['i', 1, 0], ['o', 0, 0.4], ['u', 0, 0], ['ø', 0.6, 0.4]]
  .map(([name, front, open]) => ({ name, front, open }));
const range = { lowHz: 110, octaves: 3, vowels: ['a', 'e', 'i', 'o', 'u'], plane };
const view = (choice) => viewOf({ ...PLAIN_CHOICE, ...choice }, { scale: TWELVE, map: null }, range, 1200);
const touches = new Touches(bounds);
const i = new Instrument(touches, view({}),
  { clock: () => 0, size: () => ({ width: 1200, height: 600 }), heldChanged: () => {} });
const p = new m.Playing(i, touches);
const places = () => touches.points().map(({ place }) => place ?? null);
const show = (vowels) => i.use(view({ vowels }), 1);
"""


def played(tab: Tab, body: str) -> Any:
    return ask(tab, "play/plane", STAGE + body)


def test_front_is_left_and_close_is_up_as_on_the_vowel_chart(tab: Tab) -> None:
    body = (
        "return [m.placeAt(0, 1), m.placeAt(1, 0), m.placeAt(0.25, 0.5), m.placeAt(-3, NaN), m.pointOf([0.75, 0.5])];"
    )
    assert played(tab, body) == [[1, 0], [0, 1], [0.75, 0.5], [1, 1], {"x": 0.25, "y": 0.5}]


def test_who_has_no_plane_gets_the_nearest_vowel_of_the_path(tab: Tab) -> None:
    body = """
    const near = (front, open) => m.pathY([front, open], range);
    return [near(1, 0), near(0.4, 1), near(0.1, 0.1), near(0.6, 0.4), m.nearestOn([0.6, 0.4], plane).name,
      m.pathY([0, 0], { ...range, vowels: ['x', 'y'] }), m.pathY([0, 0], { ...range, plane: undefined })];
    """
    assert played(tab, body) == [0.5, 0, 1, 0.25, "ø", 0, 0]


def test_one_finger_moves_the_vowel_of_held_notes_and_of_keys(tab: Tab) -> None:
    body = """
    i.hold(true); i.up(i.down(0.2, 0)); i.press(60, 0); show('plane');
    const seen = [places()]; // nothing has moved yet
    const id = p.down(0, 1); seen.push(places(), touches.size, p.move(id, 0.5, 0.5), places());
    i.press(64, 0.3); seen.push(places(), p.up(id), touches.size);
    show('path'); seen.push(places()); // they stay where they are, until they are moved
    seen.push(i.hold(false), touches.size);
    return seen;
    """
    front, middle = [1, 0], [0.5, 0.5]
    assert played(tab, body) == [
        [None] * 2, [front] * 2, 2, True, [middle] * 2, [middle] * 3, False, 3, [middle] * 3, True, 2
    ]  # fmt: skip


def test_a_finger_sings_the_last_pitch_where_nothing_sounds(tab: Tab) -> None:
    body = """
    const notes = () => touches.points().map(({ note }) => note ?? null); const seen = [];
    i.up(i.down(1 / 3, 0)); show('plane');
    const id = p.down(0.1, 0.9, 0.6); seen.push(notes(), places());
    const second = p.down(0.9, 0.9); seen.push(touches.size, places(), p.up(second), touches.size);
    seen.push(p.up(id), touches.size); // lifting it ends its voice
    i.hold(true); p.up(p.down(0.5, 0.5)); seen.push(touches.size, i.held);
    return seen;
    """
    assert played(tab, body) == [
        [57], [[0.9, pytest.approx(0.1)]], 1, [[pytest.approx(0.1), pytest.approx(0.1)]], False, 1, True, 0, 1, 1
    ]  # fmt: skip


def test_fingers_that_were_down_before_go_on_as_they_began(tab: Tab) -> None:
    body = """
    const before = p.down(0.5, 0.2); show('plane');
    const on = p.down(0.1, 0.9); show('path'); const seen = [];
    seen.push(p.move(on, 0.5, 0.5), p.move(before, 0.6, 0.2), places(), p.up(on), p.up(before), touches.size);
    show('plane'); const lost = p.down(0.1, 0.9); p.forget(); // the window lost its pointers
    return [...seen, places(), p.move(lost, 0.5, 0.5), touches.size];
    """
    first = [pytest.approx(0.9), pytest.approx(0.1)]
    assert played(tab, body) == [False, True, [first], False, True, 0, [first], False, 1]
