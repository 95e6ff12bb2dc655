"""The page in Firefox, the other engine: it links, plays, says who hears it, asks for a key; and all of its strip.

Every test of the strip (strip/test_strip.py, strip/test_midi.py) runs here once more.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any, cast

import pytest
from page.conftest import ONE_OPEN, Stage
from page.desk_relay import DeskRelay
from page.offerer import Heard, Offerer
from page.relay import Relay
from page.strip import test_midi, test_strip
from support.browser.chromium import Finger, LoopThread, OpenTab
from support.browser.marionette import Firefox, FirefoxTab, OpenFirefoxTab, firefox, firefox_tab
from vectors import test_midi as midi
from vectors import test_tuning as tunings
from vectors.compare import differences, marked
from vectors.test_page import LEFT_OUT, MIDI, SUBJECTS, TUNINGS, as_a_browser_gives_it, not_alike

from formant_net.aio.server.static import Asset

__all__ = ["firefox", "firefox_tab"]

globals().update(
    {name: test for each in (test_strip, test_midi) for name, test in vars(each).items() if name[:5] == "test_"}
)


@pytest.fixture
def stage(loop_thread: LoopThread, firefox_tab: OpenFirefoxTab) -> Iterator[Stage]:
    """The stage of all tests of the page. Its tabs are those of Firefox, which have the same words."""
    made = Stage(loop_thread, cast(OpenTab, firefox_tab))
    yield made
    made.close()


def active(synth: Offerer, fingers: int) -> list[Heard]:
    return [h for h in synth.heard if h.message["type"] == "touch" and len(h.message["points"]) == fingers]


def released(synth: Offerer) -> list[Heard]:
    return [h for h in synth.heard if h.message["type"] == "touch" and not h.message["active"]]


def test_page_registers_links_and_says_so(stage: Stage) -> None:
    _, synth, tab = stage.playing(name="Kitchen")
    tab.until("formant.status === 'Connected, 1 synth'")
    assert tab.evaluate("document.getElementById('unable').hidden") is True
    [answer] = synth.answers
    assert "a=candidate:" in answer


def test_two_fingers_play_move_and_are_lifted(stage: Stage) -> None:
    _, synth, tab = stage.playing()
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


def test_resting_finger_is_sent_fifty_times_a_second(stage: Stage) -> None:
    _, synth, tab = stage.playing()
    tab.fingers(Finger(0, 0.5, 0.5))
    stage.steady_second(lambda: active(synth, 1))
    tab.fingers()


def test_the_first_button_of_the_mouse_alone_plays(stage: Stage) -> None:
    _, synth, either = stage.playing()
    tab = cast(FirefoxTab, either)
    left, top, width, height = tab.surface()
    at = {"x": round(left + width / 2), "y": round(top + height / 2), "duration": 0}
    tab.mouse({"type": "pointerMove", **at}, {"type": "pointerDown", "button": 0})
    stage.until(lambda: active(synth, 1), "the mouse")
    tab.mouse({"type": "pointerDown", "button": 2}, {"type": "pointerUp", "button": 0})
    stage.until(lambda: released(synth), "the end of the note while the second button is down")
    tab.mouse({"type": "pointerUp", "button": 2})
    assert tab.evaluate("formant.fingers.length") == 0


def test_keys_play(stage: Stage) -> None:
    _, synth, tab = stage.playing()
    tab.key_down("a")
    stage.until(lambda: active(synth, 1), "a key")
    tab.key_up("a")
    stage.until(lambda: released(synth), "its release")


def test_settings_reach_the_synth_and_come_back(stage: Stage) -> None:
    _, synth, tab = stage.playing(name="Kitchen")
    tab.click("#panel-toggle")
    tab.click("#synths .power")
    stage.until(lambda: synth.state["powered_on"] is False, "power off")
    tab.until("formant.status === 'No sound: Kitchen is switched off'")
    tab.says("#unheard", "Nobody can hear you: Kitchen is switched off. To hear yourself")


def test_midi_of_firefox_itself_is_refused_then_plays_and_is_plugged(stage: Stage) -> None:
    """Its own ports for tests: the control device gives back what it is sent, and plugs another device in and out."""
    relay = stage.relay()
    synth = stage.synth(relay)
    synth.state["takes"] = ["note", "vel"]
    tab = cast(FirefoxTab, stage.tab(relay))
    tab.until(ONE_OPEN)
    tab.click("#strip-scale")
    tab.click("#midi")
    tab.until("formant.midi.state === 'refused'")
    tab.says("#midi-note", "does not allow MIDI")
    allow = "Services.prefs.setBoolPref('media.navigator.permission.disabled', arguments[0])"
    tab.browser(allow, True)
    while tab.evaluate("formant.midi.state") != "on":  # until the page's process has heard of it
        tab.click("#midi")
        tab.until("formant.midi.state !== 'asking'")
    note, control, state = (
        "document.getElementById('midi-note').textContent",
        *(f"Test {name} MIDI Device Input Port" for name in ("Control", "State")),
    )
    tab.becomes(note, f"Plays: {control}.")
    tab.evaluate("async () => { window.device = await navigator.requestMIDIAccess(); }")
    tab.browser(allow, False)

    def send(*message: int) -> None:
        port = "[...window.device.outputs.values()].find(({ name }) => name.includes('Control'))"
        tab.evaluate(f"() => {{ {port}.send({list(message)}); }}")

    send(0x90, 0, 127)
    played = stage.until(lambda: active(synth, 1), "a key")[0].message["points"][0]
    assert (played["note"], played["vel"]) == (0, 1)
    send(0x90, 0, 0)
    stage.until(lambda: released(synth), "its release")
    send(0x90, 1, 0)
    tab.becomes(note, f"Plays: {control}, {state}.")
    send(0x90, 2, 0)
    tab.becomes(note, f"Plays: {control}.")


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


def test_server_that_goes_and_comes_back_stops_no_sound(stage: Stage) -> None:
    relay, synth, tab = stage.playing()
    stage.thread.run(relay.drop())
    tab.until("formant.registrations === 2")
    tab.fingers(Finger(0, 0.4, 0.6))
    stage.until(lambda: active(synth, 1), "a touch on the old link")
    tab.fingers()
    assert synth.offers == 1


@pytest.fixture(scope="module")
def vectors_tab(firefox: Any, loop_thread: Any) -> Iterator[FirefoxTab]:
    relay = Relay()
    names = {"vectors": SUBJECTS, "tunings": TUNINGS, "midi": MIDI}
    main = "".join(f"import * as {name} from '/{name}-vectors.js'; window.{name} = {name};" for name in names)
    sources = {"main": main.encode()} | {f"{name}-vectors": file.read_bytes() for name, file in names.items()}
    for name, source in sources.items():
        relay.assets[f"/{name}.js"] = Asset(source, "text/javascript; charset=utf-8", '"test"')
    loop_thread.run(relay.start())
    tab: FirefoxTab = firefox.tab()
    tab.goto(relay.url)
    tab.until("window.vectors && window.tunings && window.midi && true")
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


def test_the_page_tunes_as_every_vector_says(vectors_tab: FirefoxTab) -> None:
    for rule in tunings.RULES:
        cases = tunings.cases_of(rule)
        given = vectors_tab.evaluate(f"window.tunings.results({json.dumps(rule)}, {json.dumps(cases)})")
        assert [one["name"] for one, got in zip(cases, given, strict=True) if not tunings.holds(rule, one, got)] == []


def test_the_page_plays_midi_as_every_vector_says(vectors_tab: FirefoxTab) -> None:
    cases = [case for file in midi.FILES if file.stem not in LEFT_OUT for case in midi.cases_of(file.stem)]
    fed = json.dumps([as_a_browser_gives_it(case) for case in cases])
    assert not_alike(cases, vectors_tab.evaluate(f"{fed}.map(window.midi.results)")) == []


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


def test_the_desk_draws_levels_in_firefox_too_and_two_desks_see_each_other(
    stage: Stage, firefox_tab: OpenFirefoxTab
) -> None:
    relay = DeskRelay()
    relay.box("synth-a", "North wall", db=-6)
    stage.started(relay)
    first = firefox_tab(relay.at("desk"))
    first.until("formant.open && document.querySelectorAll('.boxes .row').length === 1")
    bar = "document.querySelector('.boxes .meter')"
    assert first.evaluate(f"{bar}.hidden") is True, "not known yet"

    def drawn(tab: FirefoxTab) -> tuple[str, bool] | None:
        """How the bar is cut, and whether it has a place, after a level that is new."""
        stage.thread.run(relay.levels(synth_a=-15.0))
        cut = f"getComputedStyle({bar}, '::after').clipPath"
        seen = tab.evaluate(f"{bar}.hidden ? null : [{cut}, {bar}.getBoundingClientRect().width > 50]")
        return None if seen is None else (seen[0], seen[1])

    stage.until(lambda: drawn(first) == ("inset(0px 25% 0px 0px)", True), "three quarters of the bar")
    second = firefox_tab(relay.at("desk"))
    second.until("formant.open && document.querySelectorAll('.boxes .row').length === 1")
    stage.until(lambda: drawn(second) == ("inset(0px 25% 0px 0px)", True), "the other desk draws it as well")
    second.click("[aria-label='mute North wall']")
    first.until("document.querySelector('.why')?.textContent === 'muted'")
    first.click("[aria-label='muted. Unmute North wall']")
    second.until("document.querySelector(`[aria-label='mute North wall']`).getAttribute('aria-pressed') === 'false'")
    stage.until(lambda: drawn(second) is not None, "it measures again for the desk that is seen")
