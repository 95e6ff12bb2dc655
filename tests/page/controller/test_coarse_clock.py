"""A browser may give time in steps (privacy settings): touches, pings and the server's timers work all the same."""

from __future__ import annotations

from typing import Any

import pytest
from page.conftest import ONE_OPEN, Stage
from page.offerer import Offerer
from support.browser.chromium import Finger, Tab

COARSE = (
    "{{ const now = performance.now.bind(performance); performance.now = () => Math.floor(now() / {step}) * {step}; }}"
)


def opened(stage: Stage, step: float) -> tuple[Offerer, Tab]:
    """A synth and a page that plays it, whose clock moves in steps, ms."""
    relay = stage.relay()
    synth = stage.synth(relay)
    tab = stage.tab(stage.relay())
    stage.thread.run(tab.page.add_init_script(COARSE.format(step=step)))
    tab.goto(relay.url)
    tab.until(ONE_OPEN)
    return synth, tab


@pytest.mark.parametrize("step", [1.0, 16.7, 100.0])
def test_a_resting_finger_is_sent_as_often_as_with_a_fine_clock(stage: Stage, step: float) -> None:
    synth, tab = opened(stage, step)
    tab.fingers(Finger(0, 0.5, 0.5))
    second = stage.steady_second(lambda: [heard for heard in synth.heard if heard.message["type"] == "touch"])
    touches = [heard.message for heard in second]
    stamps = [touch["t"] for touch in touches]
    assert stamps == sorted(stamps)
    assert len(set(stamps)) <= (stamps[-1] - stamps[0]) / step + 1.5, "the clock did move in steps"
    assert len({touch["seq"] for touch in touches}) == len(touches), "what the clock cannot tell apart the number can"


@pytest.mark.parametrize("step", [16.7, 100.0])
def test_pings_and_echoes_keep_their_sense(stage: Stage, step: float) -> None:
    synth, tab = opened(stage, step)

    def four() -> list[dict[str, Any]]:
        pings = synth.of_type("ping")
        return pings if len(pings) >= 4 and "echo" in pings[-1] else []

    pings = stage.until(four, "four pings, the last of which sends a stamp back")
    assert len({ping["timestamp"] for ping in pings}) == len(pings)
    assert all(ping["held"] >= 0.0 for ping in pings if "held" in ping)
    tab.until(f"formant.links[0].rttMs >= 0 && formant.links[0].rttMs <= {2 * step + 50.0}")
    assert tab.evaluate("formant.links[0].silent") is False


def test_a_lost_server_is_found_again(stage: Stage) -> None:
    """Timers may fire before a clock in steps says that they are due."""
    relay = stage.relay()
    tab = stage.tab(stage.relay())
    stage.thread.run(tab.page.add_init_script(COARSE.format(step=100.0)))
    tab.goto(relay.url)
    for number in (1, 2, 3):
        tab.until(f"formant.registrations === {number} && formant.server === 'registered'")
        stage.thread.run(relay.drop())
    assert tab.errors == []
