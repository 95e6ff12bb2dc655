"""Notes that stuck on pages and apps of others, as their users have reported in public, tried on ours.

Each test names the report.
"""

from __future__ import annotations

from page.conftest import ONE_OPEN, Stage
from page.play.test_touch import active, released
from support.browser.chromium import Finger

SINGS = {"audio_enabled": True, "volume": 0.7, "powered_on": True, "preset": "tenor", "presets": ["tenor", "zing"]}
MIDDLE = "(({left, top, width, height}) => [left + width / 2, top + height / 2])"


def test_a_key_that_is_held_while_a_menu_opens_is_lifted(stage: Stage) -> None:
    """bismuthsoft/fazeoid#28: a key held while an input takes the focus. An open menu tells of no key that goes up."""
    relay = stage.relay()
    synth = stage.synth(relay, state=SINGS)
    tab = stage.tab(relay, viewport={"width": 1200, "height": 700}, has_touch=False, is_mobile=False)
    tab.until(ONE_OPEN)
    tab.click("#panel-toggle")
    tab.evaluate("document.getElementById('surface').focus()")
    tab.key_down("KeyA")
    stage.until(lambda: active(synth, 1), "the key")
    tab.until("document.getElementById('preset').checkVisibility()")
    x, y = tab.evaluate(f"{MIDDLE}(document.getElementById('preset').getBoundingClientRect())")
    stage.thread.run(tab.page.mouse.click(x, y))
    stage.until(lambda: released(synth), "a release")
    tab.key_up("KeyA")
    assert tab.evaluate("formant.fingers") == []


def test_a_key_sounds_on_while_a_slider_moves(stage: Stage) -> None:
    """Nor does a chord end because somebody turns the volume."""
    relay = stage.relay()
    stage.synth(relay, state=SINGS)
    tab = stage.tab(relay, viewport={"width": 1200, "height": 700}, has_touch=False, is_mobile=False)
    tab.until(ONE_OPEN)
    tab.click("#panel-toggle")
    tab.evaluate("document.getElementById('surface').focus()")
    tab.key_down("KeyA")
    tab.until("document.querySelector('input[type=range]')?.checkVisibility()")
    x, y = tab.evaluate(f"{MIDDLE}(document.querySelector('input[type=range]').getBoundingClientRect())")
    stage.thread.run(tab.page.mouse.click(x, y))
    assert tab.evaluate("[document.activeElement.type, formant.fingers.length]") == ["range", 1]
    tab.key_up("KeyA")
    assert tab.evaluate("formant.fingers") == []


def test_the_second_finger_that_is_dragged_is_released(stage: Stage) -> None:
    """nicolasbrailo/PianOli#40: hold one finger, drag a second from key to key, lift the second: a key stays down."""
    _, synth, tab = stage.playing()
    tab.fingers(Finger(0, 0.1, 0.5))
    tab.fingers(Finger(0, 0.1, 0.5), Finger(1, 0.5, 0.5))
    for x in (0.6, 0.75, 0.9):
        tab.fingers(Finger(0, 0.1, 0.5), Finger(1, x, 0.5))
    tab.fingers(Finger(0, 0.1, 0.5))
    stage.until(lambda: active(synth, 2) and len(synth.touches()[-1]["points"]) == 1, "the second is up")
    tab.fingers()
    stage.until(lambda: released(synth), "the first is up")
    assert tab.evaluate("formant.fingers") == []


def test_nine_fingers_that_the_system_takes_away_are_released(stage: Stage) -> None:
    """AudioKit/Keyboard#5: eight or nine keys are held, then somebody swipes down from the top of the screen."""
    _, synth, tab = stage.playing()
    tab.fingers(*(Finger(number, (number + 0.5) / 9, 0.5) for number in range(9)))
    stage.until(lambda: active(synth, 9), "nine fingers")
    tab.cancel_fingers()
    stage.until(lambda: released(synth), "a release")
    assert synth.touches()[-1]["points"] == []


def test_after_a_chord_of_several_fingers_buttons_still_take_a_tap(stage: Stage) -> None:
    """scratchfoundation/scratch-gui#7308: after a chord by touch no other part of the page takes a touch."""
    _, synth, tab = stage.playing()
    tab.fingers(*(Finger(number, 0.2 + 0.2 * number, 0.5) for number in range(3)))
    stage.until(lambda: active(synth, 3), "a chord")
    tab.fingers()
    stage.until(lambda: released(synth), "a release")
    stage.thread.run(tab.page.tap("#panel-toggle"))
    tab.until("document.getElementById('panel-toggle').getAttribute('aria-expanded') === 'true'")
