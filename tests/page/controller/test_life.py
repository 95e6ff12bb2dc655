"""Where a link stands, as time passes. The rule itself is in tests/vectors/data/link_controller.json."""

from __future__ import annotations

from page.conftest import ask
from support.browser.chromium import Tab


def test_silence_counts_only_while_the_page_was_awake(tab: Tab) -> None:
    """A phone that slept for an hour has not heard its synths for an hour; they are not dead for that."""
    assert ask(
        tab, "controller/life",
        "const life = new m.Life(timing, 0); life.opened(0); life.tick(3600); const asleep = life.silent;"
        "life.tick(3601); life.tick(3602); return [asleep, life.silent];",
    ) == [False, True]  # fmt: skip


def test_a_state_that_is_two_seconds_old_is_stale(tab: Tab) -> None:
    seen = ask(
        tab, "controller/life",
        "const life = new m.Life(timing, 0); life.opened(0); const seen = [];"
        "for (const now of [1, 2, 2.5]) { life.tick(now); seen.push(life.stale); }"
        "life.answered(2.6); seen.push(life.stale); return seen;",
    )  # fmt: skip
    assert seen == [False, False, True, False]


def test_a_clock_that_is_set_back_makes_nothing_older(tab: Tab) -> None:
    assert ask(
        tab, "controller/life",
        "const life = new m.Life(timing, 100); life.opened(100); life.tick(50); return [life.silentS, life.silent];",
    ) == [0, False]  # fmt: skip
