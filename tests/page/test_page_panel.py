"""The list of synths: volume and power, in both directions, with the words and roles that a screen reader needs."""

from __future__ import annotations

from page.conftest import Stage


def test_panel_opens_from_its_button_and_closes_by_escape(stage: Stage) -> None:
    _, _, tab = stage.playing(name="Kitchen")
    assert tab.evaluate("document.getElementById('panel').hidden") is True
    tab.click("#panel-toggle")
    assert tab.evaluate("document.getElementById('panel-toggle').getAttribute('aria-expanded')") == "true"
    assert tab.text("#synths h2") == "Kitchen"
    tab.until("/^ready · [\\d.]+ ms$/.test(document.querySelector('#synths .state').textContent)")
    tab.key_down("Escape")
    assert tab.evaluate("document.getElementById('panel').hidden") is True


def test_volume_goes_out_as_a_param_and_comes_back_in_the_state(stage: Stage) -> None:
    _, synth, tab = stage.playing()
    tab.click("#panel-toggle")
    tab.fill("#synths input", "0.35")
    stage.until(lambda: synth.state["volume"] == 0.35, "the volume")
    [param] = [heard for heard in synth.heard if heard.message["type"] == "param"][:1]
    assert (param.channel, param.message) == ("params", {"type": "param", "name": "volume", "value": 0.35})
    pings = len(synth.of_type("ping"))
    stage.until(lambda: len(synth.of_type("ping")) >= pings + 2, "the page has seen that its wish came true")
    synth.state["volume"] = 0.9  # somebody else's slider
    tab.until("document.querySelector('#synths input').value === '0.9'")
    tab.until("document.querySelector('#synths output').textContent === '90 %'")


def test_lost_volume_is_asked_for_again_until_the_state_shows_it(stage: Stage) -> None:
    _, synth, tab = stage.playing()
    tab.click("#panel-toggle")
    synth.deaf_to = 1
    tab.fill("#synths input", "0.35")
    stage.until(lambda: synth.state["volume"] == 0.35, "the volume, in spite of one loss")
    assert tab.evaluate("formant.links[0].volume") == 0.35
    count = len(synth.of_type("param"))
    pings = len(synth.of_type("ping"))
    stage.until(lambda: len(synth.of_type("ping")) >= pings + 2, "two pings")
    assert len(synth.of_type("param")) <= count + 1
    assert tab.evaluate("formant.links[0].volume") == 0.35


def test_power_is_a_command_on_the_reliable_channel(stage: Stage) -> None:
    _, synth, tab = stage.playing(name="Kitchen")
    tab.click("#panel-toggle")
    tab.click("#synths .power")
    stage.until(lambda: synth.state["powered_on"] is False, "power off")
    [command] = [heard for heard in synth.heard if heard.message["type"] == "command"]
    assert (command.channel, command.message) == ("commands", {"type": "command", "name": "power", "value": False})
    tab.until("/^switched off/.test(document.querySelector('#synths .state').textContent)")
    button = "document.querySelector('#synths .power')"
    tab.until(f"{button}.getAttribute('aria-pressed') === 'false'")
    assert tab.evaluate(f"{button}.getAttribute('aria-label')") == "Power of Kitchen"
    tab.click("#synths .power")
    stage.until(lambda: synth.state["powered_on"] is True, "power on")


def test_synth_without_a_sound_device_says_so(stage: Stage) -> None:
    _, _, tab = stage.playing(state={"audio_enabled": False, "volume": 0.7, "powered_on": True})
    tab.click("#panel-toggle")
    tab.until("/^no sound device/.test(document.querySelector('#synths .state').textContent)")


def test_names_are_text_whatever_they_contain(stage: Stage) -> None:
    _, _, tab = stage.playing(name="<img src=x onerror=alert(1)>")
    tab.click("#panel-toggle")
    assert tab.text("#synths h2") == "<img src=x onerror=alert(1)>"
    assert tab.errors == []


def test_status_is_announced_and_every_control_has_a_name(stage: Stage) -> None:
    _, _, tab = stage.playing(name="Kitchen")
    tab.click("#panel-toggle")
    live = "document.querySelector('[role=status][aria-live=polite]').textContent"
    tab.until(f"{live} === 'Connected, 1 synth'")
    nameless = tab.evaluate(
        "[...document.querySelectorAll('button, input, canvas')]"
        ".filter((e) => e.checkVisibility() && !(e.getAttribute('aria-label') || e.textContent.trim() || "
        "e.labels?.length)).length"
    )
    assert nameless == 0
