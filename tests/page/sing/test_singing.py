"""A page that sings for others: a synth like any box, which offers, sings, obeys, and lets go."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from page.conftest import ONE_OPEN, PATIENT, Stage
from page.relay import Relay
from page.test_loads import lan_address
from support.browser.chromium import Finger, Tab

from formant_dsp.browser.bundle import wasm

pytestmark = pytest.mark.skipif(not wasm(), reason="this build had no compiler for WebAssembly: make wasm says more")
ACTIVE = "formant.sing.bank.counts.active"


def slid(value: float) -> str:
    """As a person moves a `slider`."""
    return f"slider.value = '{value}'; slider.dispatchEvent(new Event('input'))"


def singer(stage: Stage, relay: Relay, script: str = "") -> Tab:
    """A page at /sing that was tapped and is registered; `script` runs before the page's own."""
    tab = stage.tab(relay)
    if script:
        stage.thread.run(tab.page.add_init_script(script))
    tab.goto(relay.url.replace("/#", "/sing#") if "#" in relay.url else relay.url + "sing")
    tab.click("#sing")
    tab.until("formant.server === 'registered'")
    return tab


def pair(stage: Stage, script: str = "", relay: Relay | None = None) -> tuple[Relay, Tab, Tab]:
    """A relay, a touch page, and a page that sings what it plays; `script` runs first on that page."""
    relay = relay or stage.relay()
    player = stage.tab(relay)
    player.until("formant.server === 'registered'")
    tab = singer(stage, relay, script)
    player.until(ONE_OPEN)
    return relay, player, tab


def test_one_tap_makes_it_a_synth_that_the_touch_page_plays(stage: Stage) -> None:
    relay, player, tab = pair(stage)
    assert tab.errors == []
    assert player.errors == []
    register = next(message for message in relay.registers if message["role"] == "synth")
    assert re.fullmatch(r"synth-web-[0-9a-f]{12}", register["client_id"])
    player.until(f"{ONE_OPEN} && formant.links[0].audioEnabled && formant.links[0].hasCommands")
    [link] = player.evaluate("() => formant.links")
    assert link["poweredOn"]
    assert "choir" in link["presets"]
    player.fingers(Finger(1, 0.4, 0.5), Finger(2, 0.6, 0.5))
    tab.until(f"{ACTIVE} === 2")
    player.fingers()
    tab.until(f"{ACTIVE} === 0 && formant.sing.fingers === 0")
    assert tab.evaluate("() => formant.sing.bank.counts.expired") == 0
    tab.says("#status", "sings: 1 player plays on it")


def test_it_obeys_volume_power_and_preset(stage: Stage) -> None:
    _, player, tab = pair(stage)
    player.click("#panel-toggle")
    player.choose("#preset", "choir")
    tab.until("formant.sing.bank.preset === 'choir'")
    player.click("#synths .power")
    tab.until("!formant.sing.poweredOn")
    player.until("!formant.links[0].poweredOn")
    tab.says("#status", "switched this device off")
    player.click("#synths .power")
    tab.until("formant.sing.poweredOn")
    player.evaluate(f"() => {{ const slider = document.querySelector('#synths input'); {slid(0.25)} }}")
    tab.until("formant.sing.volume === 0.25")


def test_the_device_rests_when_nobody_plays_and_wakes_with_a_touch(stage: Stage) -> None:
    relay = stage.relay()
    relay.alter("/sing/device.js", "const REST_S = 30;", "const REST_S = 0.5;")
    player = stage.tab(relay)
    tab = singer(stage, relay)
    tab.until("formant.sing.bank.resting && formant.sing.bank.audio === 'suspended'")
    player.until(f"{ONE_OPEN} && formant.links[0].audioEnabled")
    player.fingers(Finger(1, 0.4, 0.5))
    tab.until(f"!formant.sing.bank.resting && formant.sing.bank.audio === 'running' && {ACTIVE} === 1")


def test_what_was_set_outlives_a_reload(stage: Stage) -> None:
    relay = stage.relay(replace(PATIENT, play_out_s=0.04))
    player = stage.tab(relay)
    tab = singer(stage, relay)
    player.until(ONE_OPEN)
    player.click("#panel-toggle")
    player.choose("#preset", "bass")
    player.evaluate(f"() => {{ const slider = document.querySelector('#synths input'); {slid(0.25)} }}")
    tab.evaluate(f"() => {{ const slider = document.getElementById('late'); {slid(120)} }}")
    tab.until("formant.sing.volume === 0.25 && formant.sing.bank.preset === 'bass'")
    kept = "localStorage.getItem('formant-singing') ?? ''"
    tab.until(f"({kept}).includes('bass') && ({kept}).includes('0.25')")
    tab.reload()
    assert tab.text("#late-said") == "120 ms"
    tab.click("#sing")
    tab.until("formant.sing.volume === 0.25 && formant.sing.bank.preset === 'bass'")
    player.until(f"{ONE_OPEN} && formant.links[0].volume === 0.25 && formant.links[0].preset === 'bass'")


def test_without_a_play_out_time_nobody_is_asked_how_late_the_device_is(stage: Stage) -> None:
    tab = singer(stage, stage.relay())
    assert tab.evaluate("() => document.getElementById('late-row').hidden")


def test_an_invitation_for_playing_only_lets_the_touch_page_sing_for_nobody_else(stage: Stage) -> None:
    relay = stage.relay()
    tab = stage.tab(relay)
    tab.until("formant.server === 'registered'")
    words = "your token is for a controller, not for a synth"
    relay.refuse_next = {"type": "error", "code": "not-allowed", "message": words, "about": "register"}
    tab.click("#panel-toggle")
    tab.click("#sing-here")
    tab.until("document.getElementById('sing-note').textContent.includes('may not sing for others')")
    tab.says("#sing-note", words)
    assert tab.evaluate("() => [formant.server, formant.here.state]") == ["registered", "on"]


def test_a_page_without_the_key_asks_for_it(stage: Stage) -> None:
    relay = stage.relay(key="right")
    tab = stage.tab(relay)
    tab.goto(f"http://127.0.0.1:{relay.port}/sing#key=wrong")
    tab.click("#sing")
    tab.until("formant.server === 'needs-key' && document.getElementById('gate').open")
    tab.fill("#gate-key", "right")
    tab.click("#gate-button")
    tab.until("formant.server === 'registered' && !document.getElementById('gate').open")
    assert relay.registers[-1]["role"] == "synth"


def test_a_page_over_http_sings_without_an_audio_thread_and_says_what_is_better(stage: Stage) -> None:
    relay = stage.relay(host=lan_address())
    player = stage.tab(relay)
    tab = singer(stage, relay)
    player.until(ONE_OPEN)
    assert tab.evaluate("() => formant.sing.bank.kind") == "script"
    player.fingers(Finger(1, 0.4, 0.5))
    tab.until(f"{ACTIVE} === 1")
    player.fingers()
    tab.until(f"{ACTIVE} === 0")
    tab.says("#advice", "For better sound open https://")
