"""The core of the page in Firefox, the other engine: it links, plays, says who hears it, asks for a key."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from page.conftest import ONE_OPEN, Stage
from page.desk_relay import DeskRelay
from page.offerer import Heard, Offerer
from page.relay import Relay
from support.browser.chromium import Finger
from support.browser.marionette import Firefox, FirefoxTab, OpenFirefoxTab, firefox, firefox_tab
from vectors.compare import differences, marked
from vectors.test_page import SUBJECTS

from formant_net.aio.server.static import Asset

__all__ = ["firefox", "firefox_tab"]

Playing = Callable[..., tuple[Relay, Offerer, FirefoxTab]]


@pytest.fixture
def playing(stage: Stage, firefox_tab: OpenFirefoxTab) -> Playing:
    """`playing(**options of the synth)`: a relay, a synth and a page in Firefox whose link is open and told."""

    def play(**options: Any) -> tuple[Relay, Offerer, FirefoxTab]:
        relay = stage.relay()
        synth = stage.synth(relay, **options)
        tab = firefox_tab(relay.url)
        tab.until(ONE_OPEN)
        return relay, synth, tab

    return play


def active(synth: Offerer, fingers: int) -> list[Heard]:
    return [h for h in synth.heard if h.message["type"] == "touch" and len(h.message["points"]) == fingers]


def released(synth: Offerer) -> list[Heard]:
    return [h for h in synth.heard if h.message["type"] == "touch" and not h.message["active"]]


def test_page_registers_links_and_says_so(playing: Playing) -> None:
    _, synth, tab = playing(name="Kitchen")
    tab.until("formant.status === 'Connected, 1 synth'")
    assert tab.evaluate("document.getElementById('unable').hidden") is True
    [answer] = synth.answers
    assert "a=candidate:" in answer


def test_two_fingers_play_move_and_are_lifted(stage: Stage, playing: Playing) -> None:
    _, synth, tab = playing()
    tab.fingers(Finger(0, 0.25, 0.5), Finger(1, 0.75, 0.9))
    touch = stage.until(lambda: active(synth, 2), "two fingers")[-1].message
    placed = sorted((point["x"], point["y"]) for point in touch["points"])
    assert placed == [
        (pytest.approx(0.25, abs=0.003), pytest.approx(0.5, abs=0.003)),
        (pytest.approx(0.75, abs=0.003), pytest.approx(0.9, abs=0.003)),
    ]
    tab.fingers(Finger(0, 0.4, 0.5), Finger(1, 0.75, 0.9))
    stage.until(lambda: any(abs(p["x"] - 0.4) < 0.003 for p in active(synth, 2)[-1].message["points"]), "a move")
    tab.fingers()
    stage.until(lambda: len(released(synth)) == 5, "five releases")


def test_resting_finger_is_sent_fifty_times_a_second(stage: Stage, playing: Playing) -> None:
    _, synth, tab = playing()
    tab.fingers(Finger(0, 0.5, 0.5))
    stage.steady_second(lambda: active(synth, 1))
    tab.fingers()


def test_the_first_button_of_the_mouse_alone_plays(stage: Stage, playing: Playing) -> None:
    _, synth, tab = playing()
    left, top, width, height = tab.surface()
    at = {"x": round(left + width / 2), "y": round(top + height / 2), "duration": 0}
    tab.mouse({"type": "pointerMove", **at}, {"type": "pointerDown", "button": 0})
    stage.until(lambda: active(synth, 1), "the mouse")
    tab.mouse({"type": "pointerDown", "button": 2}, {"type": "pointerUp", "button": 0})
    stage.until(lambda: released(synth), "the end of the note while the second button is down")
    tab.mouse({"type": "pointerUp", "button": 2})
    assert tab.evaluate("formant.fingers.length") == 0


def test_keys_play(stage: Stage, playing: Playing) -> None:
    _, synth, tab = playing()
    tab.key("a", down=True)
    stage.until(lambda: active(synth, 1), "a key")
    tab.key("a", down=False)
    stage.until(lambda: released(synth), "its release")


def test_the_strip_chooses_a_scale_and_holds_notes(stage: Stage, playing: Playing) -> None:
    _, synth, tab = playing()
    tab.click("#strip-scale")
    scale = "document.getElementById('scale')"
    tab.evaluate(f"({scale}.value = 'whole-tone', {scale}.dispatchEvent(new Event('change')))")
    tab.until("document.getElementById('strip-scale').textContent === 'C whole tone'")
    tab.click("#strip-scale")
    tab.click("#strip-hold")
    tab.fingers(Finger(0, 0.4, 0.5))
    tab.fingers()
    touch = stage.until(lambda: active(synth, 1), "a held note")[-1].message
    assert touch["points"][0]["note"] % 2 == 0
    tab.until("formant.choice.held === 1")
    tab.click("#strip-hold")
    stage.until(lambda: released(synth), "its end")


def test_settings_reach_the_synth_and_come_back(stage: Stage, playing: Playing) -> None:
    _, synth, tab = playing(name="Kitchen")
    tab.click("#panel-toggle")
    tab.click("#synths .power")
    stage.until(lambda: synth.state["powered_on"] is False, "power off")
    tab.until("formant.status === 'No sound: Kitchen is switched off'")
    assert tab.text("#unheard").startswith("Nobody can hear you: Kitchen is switched off. To hear yourself")


def test_the_question_for_the_key_is_modal_and_answered(stage: Stage, firefox_tab: OpenFirefoxTab) -> None:
    relay = stage.relay(key="right")
    tab = firefox_tab(f"http://127.0.0.1:{relay.port}/")
    tab.until("document.getElementById('gate').open")
    assert tab.evaluate("[document.activeElement.id, document.getElementById('gate').matches(':modal')]") == [
        "gate-key",
        True,
    ]
    tab.fill("#gate-key", "right")
    tab.click("#gate-button")
    tab.until("formant.server === 'registered' && !document.getElementById('gate').open")


def test_server_that_goes_and_comes_back_stops_no_sound(stage: Stage, playing: Playing) -> None:
    relay, synth, tab = playing()
    stage.thread.run(relay.drop())
    tab.until("formant.registrations === 2")
    tab.fingers(Finger(0, 0.4, 0.6))
    stage.until(lambda: active(synth, 1), "a touch on the old link")
    tab.fingers()
    assert synth.offers == 1


@pytest.fixture(scope="module")
def vectors_tab(firefox: Any, loop_thread: Any) -> Iterator[FirefoxTab]:
    relay = Relay()
    relay.assets["/vectors.js"] = Asset(SUBJECTS.read_bytes(), "text/javascript; charset=utf-8", '"test"')
    main = b"import * as vectors from '/vectors.js'; window.vectors = vectors;"
    relay.assets["/main.js"] = Asset(main, "text/javascript; charset=utf-8", '"test"')
    loop_thread.run(relay.start())
    tab: FirefoxTab = firefox.tab()
    tab.goto(relay.url)
    tab.until("window.vectors !== undefined")
    yield tab
    tab.close()
    loop_thread.run(relay.stop())


def test_the_page_does_as_every_vector_says(vectors_tab: FirefoxTab) -> None:
    found = {}
    for parameter in marked("page"):
        rule, case = parameter.values
        given = vectors_tab.evaluate(f"window.vectors.results({json.dumps(rule)}, {json.dumps(case)})")
        found[parameter.id] = differences(case, given)
    assert len(found) > 40
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_a_firefox_that_resists_fingerprinting_plays(stage: Stage) -> None:
    """Its clock moves in steps of 16.7 ms or more, and it gives less away of what it is."""
    browser = Firefox({"privacy.resistFingerprinting": True})
    try:
        relay = stage.relay()
        synth = stage.synth(relay)
        tab = browser.tab()
        tab.goto(relay.url)
        tab.until(ONE_OPEN)
        tab.fingers(Finger(0, 0.5, 0.5))
        heard = stage.steady_second(lambda: active(synth, 1))
        steps = sorted({heard.message["t"] for heard in heard})
        assert min(b - a for a, b in itertools.pairwise(steps)) > 10.0, "its clock did move in steps"
    finally:
        browser.close()


def test_the_desk_mutes_and_moves_in_firefox_too(stage: Stage, firefox_tab: OpenFirefoxTab) -> None:
    relay = DeskRelay()
    relay.box("synth-a", "North wall", db=-6)
    stage.started(relay)
    tab = firefox_tab(relay.at("desk"))
    tab.until("formant.open && document.querySelectorAll('.boxes .row').length === 1")
    tab.click("[aria-label='mute North wall']")
    stage.until(lambda: relay.parts["boxes/synth-a"].get("mute"), "the mute")
    tab.until("document.querySelector('.why')?.textContent === 'muted'")
    tab.evaluate("document.querySelector(`[aria-label='level of North wall']`).focus()")
    tab.click("[aria-label='North wall: details']")
    tab.until("document.getElementById('part').open")
