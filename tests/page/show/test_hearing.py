"""Nobody hears the fingers, or not everybody: status, surface, marks and list say so, and why."""

from __future__ import annotations

import pytest
from page.conftest import ONE_OPEN, Stage

STATE = {"audio_enabled": True, "volume": 0.7, "powered_on": True, "silent": []}


@pytest.mark.parametrize(
    ("mute", "why"),
    [
        ({"audio_enabled": False}, "has no sound device"),
        ({"powered_on": False}, "is switched off"),
        ({"volume": 0.0}, "has volume 0"),
        ({"silent": ["zone Nave"]}, "is silenced at the desk"),
    ],
)
def test_a_page_that_nobody_hears_says_so_everywhere(stage: Stage, mute: dict[str, object], why: str) -> None:
    _, synth, tab = stage.playing(name="Kitchen", state={**STATE, **mute})
    tab.until(f"formant.status === 'No sound: Kitchen {why}'")
    tab.until("document.getElementById('status').dataset.tone === 'bad'")
    remedy = "To hear yourself, open Synths and switch on Hear it here."
    tab.says("#unheard", f"Nobody can hear you: Kitchen {why}. {remedy}")
    tab.becomes("document.getElementById('surface').dataset.heard", "nobody")
    tab.becomes("document.getElementById('hint').checkVisibility()", False)
    tab.click("#panel-toggle")
    tab.becomes("document.querySelector('#synths li').dataset.tone", "bad")
    synth.state |= STATE
    tab.until("formant.status === 'Connected, 1 synth'")
    tab.until("document.getElementById('surface').dataset.heard === 'all'")
    tab.becomes("document.getElementById('unheard').hidden", True)


def test_one_of_several_that_is_silent_is_named(stage: Stage) -> None:
    relay = stage.relay()
    stage.synth(relay, id="synth-a", name="Attic")
    off = stage.synth(relay, id="synth-b", name="Cellar", state={**STATE, "powered_on": False})
    tab = stage.tab(relay)
    tab.until("formant.status === '1 of 2 synths sound: Cellar is switched off'")
    tab.until("document.getElementById('status').dataset.tone === 'busy'")
    tab.until("document.getElementById('surface').dataset.heard === 'some'")
    assert tab.evaluate("document.getElementById('unheard').hidden") is True
    off.state["powered_on"] = True
    tab.until("formant.status === 'Connected, 2 synths'")


def test_marks_look_different_for_all_some_and_nobody(stage: Stage) -> None:
    """Nothing is told by colour alone: the ring is dashed, the label says it."""
    tab = stage.tab(stage.relay())
    drawn = tab.evaluate(
        """async () => {
          const { drawMark, labelOf } = await import('/show/marks.js');
          const { PLAIN } = await import('/protocol/range.js');
          const ctx = document.createElement('canvas').getContext('2d');
          const dashes = [];
          ctx.setLineDash = (dash) => dashes.push(dash.length);
          return ['all', 'some', 'nobody'].map((heard) => {
            dashes.length = 0;
            drawMark(ctx, { width: 300, height: 300 }, { x: 0.5, y: 0.5 }, 1, PLAIN, heard);
            return [Math.max(...dashes), labelOf(ctx, { y: 0 }, { label: "A2", cents: 0 }, PLAIN, heard).fine];
          });
        }"""
    )
    assert drawn == [[0, "in tune"], [2, "in tune"], [2, "not heard"]]


def test_synths_are_listed_as_people_count(stage: Stage) -> None:
    relay = stage.relay()
    for number in (10, 2, 1):
        stage.synth(relay, id=f"synth-{number}", name=f"Pi {number}")
    tab = stage.tab(relay)
    tab.until("formant.links.filter((link) => link.told).length === 3")
    tab.click("#panel-toggle")
    tab.until("[...document.querySelectorAll('#synths h2')].map((e) => e.textContent).join() === 'Pi 1,Pi 2,Pi 10'")


def test_settings_that_would_not_be_taken_are_shown_as_not_ones_own(stage: Stage) -> None:
    relay = stage.relay()
    relay.may_set = False
    stage.synth(relay, state={**STATE, "preset": "tenor", "presets": ["tenor", "zing"]})
    tab = stage.tab(relay)
    tab.until(ONE_OPEN)
    tab.click("#panel-toggle")
    tab.until("document.querySelectorAll('#synths h2').length === 1")
    tab.until("document.getElementById('settings-note').checkVisibility()")
    tab.says("#settings-note", "You may play, but not change")
    fields = "[...document.querySelectorAll('#synths button, #synths input, #preset')]"
    tab.becomes(f"{fields}.map((e) => e.disabled)", [True, True, True])


def test_whoever_may_set_is_told_nothing(stage: Stage) -> None:
    _, _, tab = stage.playing()
    tab.click("#panel-toggle")
    assert tab.evaluate("document.getElementById('settings-note').hidden") is True


@pytest.mark.parametrize("size", [(390, 844), (844, 390), (820, 1180), (1440, 900)])
def test_everything_that_is_touched_is_large_enough_for_a_finger(stage: Stage, size: tuple[int, int]) -> None:
    relay = stage.relay()
    stage.synth(relay, state={**STATE, "preset": "tenor", "presets": ["tenor", "zing"]})
    tab = stage.tab(relay, viewport={"width": size[0], "height": size[1]})
    tab.until(ONE_OPEN)
    tab.click("#panel-toggle")
    tab.until("document.getElementById('presets').checkVisibility()")
    small = tab.evaluate(
        """() => [...document.querySelectorAll('button, input, select, a')].filter((e) => e.checkVisibility())
          .map((e) => [e.id || e.className || e.type, e.getBoundingClientRect()])
          .map(([name, { width, height }]) => [name, width, height])
          .filter(([, width, height]) => width < 44 || height < 44)"""
    )
    assert small == []


def test_nothing_is_sent_that_nobody_chose(stage: Stage) -> None:
    """A page that sends its own volume when it links would set it for everybody."""
    _, synth, tab = stage.playing()
    pings = len(synth.of_type("ping"))
    stage.until(lambda: len(synth.of_type("ping")) >= pings + 2, "two pings")
    assert synth.of_type("param") == []
    assert synth.of_type("command") == []
    assert tab.errors == []
