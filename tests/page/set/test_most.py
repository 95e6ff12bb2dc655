"""The number of synths that a page plays: usual for its device, set by a person, kept; and what is left out is said."""

from __future__ import annotations

import pytest
from page.conftest import ONE_OPEN, Stage, ask
from support.browser.chromium import Tab


@pytest.mark.parametrize(
    ("agent", "usual"),
    [("X11; Linux x86_64", 128), ("iPhone; CPU iPhone OS", 64), ("Linux; Android 14; Pixel", 64)],
)
def test_a_laptop_plays_128_and_a_phone_64(tab: Tab, agent: str, usual: int) -> None:
    made = f"""
    const element = () => document.createElement("input");
    return new m.Most({{ row: element(), field: element(), note: element() }}, bounds, "{agent}").value;
    """
    assert ask(tab, "set/most", made) == usual


def test_a_number_is_kept_over_a_reload_and_the_synth_left_out_is_named(stage: Stage) -> None:
    relay = stage.relay()
    tab = stage.tab(relay)
    tab.until("formant.server === 'registered'")
    tab.evaluate(
        "() => { const box = document.getElementById('most'); box.value = 1; box.dispatchEvent(new Event('change')); }"
    )
    tab.reload()
    tab.until("formant.server === 'registered' && formant.limits.synths === 1")
    stage.synth(relay, id="synth-a")
    tab.until(ONE_OPEN)
    stage.synth(relay, id="synth-b")
    tab.until("formant.limits.leftOut === 1")
    tab.click("#panel-toggle")
    tab.says("#most-note", "1 more synth is here. This page plays 1:")
    assert [link["synth"] for link in tab.evaluate("() => formant.links")] == ["synth-a"]
    tab.fill("#most", "2")
    tab.evaluate("() => document.getElementById('most').dispatchEvent(new Event('change'))")
    assert tab.evaluate("() => formant.limits.synths") == 2
    tab.fill("#most", "0")
    tab.evaluate("() => document.getElementById('most').dispatchEvent(new Event('change'))")
    assert tab.evaluate("() => [formant.limits.synths, document.getElementById('most').value]") == [2, "2"]
