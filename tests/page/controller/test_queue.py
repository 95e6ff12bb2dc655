"""Queue: a round trip that grows shows touches that wait on the way; one late pong and a longer path do not."""

from __future__ import annotations

from page.conftest import ask
from support.browser.chromium import Tab


def seen(tab: Tab, *rtts_ms: float) -> list[bool]:
    """Whether the queue grows after each round trip."""
    script = (
        f"const queue = new m.Queue(); return {list(rtts_ms)}.map((ms) => (queue.measured(ms / 1000), queue.grows));"
    )
    grows = ask(tab, "controller/queue", script)
    assert isinstance(grows, list)
    return grows


def test_two_round_trips_that_are_longer_in_a_row_are_a_queue_and_a_short_one_ends_it(tab: Tab) -> None:
    assert seen(tab, 5, 150, 5, 150, 300, 400, 20) == [False, False, False, False, True, True, False]


def test_a_path_that_has_become_longer_for_good_is_no_queue_after_a_while(tab: Tab) -> None:
    grows = seen(tab, 5, *[180] * 60)
    assert grows[2]
    assert not grows[-1]


def test_a_path_that_is_always_long_is_none(tab: Tab) -> None:
    assert not any(seen(tab, 250, 260, 255, 340, 330))
