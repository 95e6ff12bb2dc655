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


def test_synth_is_not_shown_the_same_state_twice(tab: Tab) -> None:
    assert ask(
        tab, "play/touches",
        "const t = new m.Touches(bounds); const id = t.down(0.5, 0.5);"
        "return [t.move(id, 0.5, 0.5), t.move(id, 0.6, 0.5)];",
    ) == [False, True]  # fmt: skip
