"""The question for the key: modal, with the focus, and clear about a second wrong answer."""

from __future__ import annotations

from page.conftest import Stage
from support.browser.chromium import Tab

ASKED = "formant.server === 'needs-key' && document.getElementById('gate').open"
FOCUS = "document.activeElement.id"


def asked(stage: Stage) -> Tab:
    relay = stage.relay(key="right")
    tab = stage.tab(stage.relay())
    tab.goto(f"http://127.0.0.1:{relay.port}/")
    tab.until(ASKED)
    return tab


def press(stage: Stage, tab: Tab, *keys: str) -> None:
    for key in keys:
        stage.thread.run(tab.page.keyboard.press(key))


def test_focus_is_in_the_question_and_stays_there(stage: Stage) -> None:
    tab = asked(stage)
    assert tab.evaluate(FOCUS) == "gate-key"
    inside = (
        "document.activeElement === document.body || document.getElementById('gate').contains(document.activeElement)"
    )
    for key in ("Tab", "Tab", "Tab", "Shift+Tab", "Shift+Tab"):
        press(stage, tab, key)
        assert tab.evaluate(inside), key
    assert tab.evaluate("document.getElementById('gate').matches(':modal')") is True


def test_it_cannot_be_left_without_an_answer_and_an_empty_one_is_none(stage: Stage) -> None:
    tab = asked(stage)
    press(stage, tab, "Escape", "Escape", "Enter")
    tab.until(f"{ASKED} && {FOCUS} === 'gate-key'")


def test_fingers_and_keys_do_not_play_through_it(stage: Stage) -> None:
    tab = asked(stage)
    tab.evaluate("document.getElementById('gate-button').focus()")
    tab.key_down("KeyA")
    assert tab.evaluate("formant.fingers") == []
    assert tab.evaluate("document.elementFromPoint(20, 700).id") != "surface"


def test_a_second_wrong_key_is_said_to_be_wrong_again(stage: Stage) -> None:
    tab = asked(stage)
    assert tab.text("#gate-title") == "This instrument needs a key"
    tab.fill("#gate-key", "first")
    tab.click("#gate-button")
    tab.until("document.getElementById('gate-title').textContent === 'Wrong key'")
    tab.fill("#gate-key", "second")
    tab.click("#gate-button")
    tab.until("document.getElementById('gate-title').textContent === 'Wrong again'")
    assert tab.evaluate(f"[{FOCUS}, document.getElementById('gate-title').getAttribute('role')]") == [
        "gate-key",
        "alert",
    ]
    tab.fill("#gate-key", "right")
    tab.click("#gate-button")
    tab.until("formant.server === 'registered' && !document.getElementById('gate').open")
    assert tab.evaluate(FOCUS) == "surface"


def test_it_stays_until_it_is_known_what_became_of_the_answer(stage: Stage) -> None:
    """It must not vanish and come back while the key is tried."""
    tab = asked(stage)
    tab.evaluate(
        "(window.closed = 0, document.getElementById('gate').addEventListener('close', () => { window.closed += 1; }))"
    )
    tab.fill("#gate-key", "wrong")
    tab.click("#gate-button")
    tab.until("document.getElementById('gate-title').textContent === 'Wrong key'")
    assert tab.evaluate("window.closed") == 0
