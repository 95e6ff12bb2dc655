"""The list of synths: volume and power, in both directions, with the words and roles that a screen reader needs."""

from __future__ import annotations

import time
from typing import Any

import pytest
from page.conftest import Stage, ask
from page.offerer import Offerer
from support.browser.chromium import Tab


def commands(synth: Offerer) -> list[tuple[str, dict[str, Any]]]:
    """Each with its channel."""
    return [(heard.channel, heard.message) for heard in synth.heard if heard.message["type"] == "command"]


def test_panel_opens_from_its_button_and_closes_by_escape(stage: Stage) -> None:
    _, _, tab = stage.playing(name="Kitchen")
    assert tab.evaluate("document.getElementById('panel').hidden") is True
    tab.click("#panel-toggle")
    assert tab.evaluate("document.getElementById('panel-toggle').getAttribute('aria-expanded')") == "true"
    tab.becomes("document.querySelector('#synths h2')?.innerText", "Kitchen")
    tab.until("/^ready · [\\d.]+ ms$/.test(document.querySelector('#synths .state').textContent)")
    tab.key_down("Escape")
    assert tab.evaluate("document.getElementById('panel').hidden") is True


def test_volume_goes_out_as_a_param_and_comes_back_in_the_state(stage: Stage) -> None:
    _, synth, tab = stage.playing()
    tab.click("#panel-toggle")
    tab.fill("#synths input", "0.35")
    stage.until(lambda: synth.state["volume"] == 0.35, "the volume")
    [param] = [heard for heard in synth.heard if heard.message["type"] == "param"][:1]
    assert (param.channel, param.message) == (
        "params",
        {"type": "param", "name": "volume", "value": 0.35, "remember": True},
    )
    since = time.monotonic()
    stage.until(lambda: synth.is_seen(since), "the page has seen that its wish came true")
    synth.state["volume"] = 0.9  # somebody else's slider
    tab.until("document.querySelector('#synths input').value === '0.9'")
    tab.until("document.querySelector('#synths output').textContent === '90 %'")


def test_lost_volume_is_asked_for_again_until_the_state_shows_it(stage: Stage) -> None:
    _, synth, tab = stage.playing()
    tab.click("#panel-toggle")
    synth.deaf_to = 1
    tab.fill("#synths input", "0.35")
    stage.until(lambda: synth.state["volume"] == 0.35, "the volume, in spite of one loss")
    since = time.monotonic()
    assert tab.evaluate("formant.links[0].volume") == 0.35
    stage.until(lambda: synth.is_seen(since), "the page has seen that its wish came true")
    count = len(synth.of_type("param"))
    pings = len(synth.of_type("ping"))
    stage.until(lambda: len(synth.of_type("ping")) >= pings + 2, "two pings")
    assert len(synth.of_type("param")) == count
    assert tab.evaluate("formant.links[0].volume") == 0.35


def test_power_is_a_command_on_the_reliable_channel(stage: Stage) -> None:
    _, synth, tab = stage.playing(name="Kitchen")
    tab.click("#panel-toggle")
    tab.click("#synths .power")
    stage.until(lambda: synth.state["powered_on"] is False, "power off")
    power = ("commands", {"type": "command", "name": "power", "value": False, "remember": True})
    assert all(command == power for command in commands(synth)), "said again until the state shows it"
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
    tab.becomes("document.querySelector('#synths h2')?.innerText", "<img src=x onerror=alert(1)>")
    assert tab.errors == []


def test_status_is_announced_and_every_control_has_a_name(stage: Stage) -> None:
    _, _, tab = stage.playing(name="Kitchen")
    tab.click("#panel-toggle")
    live = "document.querySelector('[role=status][aria-live=polite]').textContent"
    tab.until(f"{live} === 'Connected, 1 synth'")
    nameless = tab.evaluate(
        "[...document.querySelectorAll('button, input, select, canvas')]"
        ".filter((e) => e.checkVisibility() && !(e.getAttribute('aria-label') || e.textContent.trim() || "
        "e.labels?.length)).length"
    )
    assert nameless == 0


SINGS = {"audio_enabled": True, "volume": 0.7, "powered_on": True}
MENU = "document.getElementById('preset')"


def entries(tab: Tab) -> list[str]:
    return list(tab.evaluate(f"[...{MENU}.options].map((o) => o.value)"))


def test_a_preset_is_chosen_for_all_synths_that_know_it(stage: Stage) -> None:
    relay = stage.relay()
    first = stage.synth(relay, id="synth-a", state={**SINGS, "preset": "tenor", "presets": ["tenor", "zing"]})
    second = stage.synth(relay, id="synth-b", state={**SINGS, "preset": "tenor", "presets": ["choir", "tenor"]})
    tab = stage.tab(relay)
    tab.until("formant.links.length === 2 && formant.links.every((l) => l.state === 'open' && l.told)")
    tab.click("#panel-toggle")
    tab.until(f"{MENU}.value === 'tenor'")
    tab.drawn()
    assert entries(tab) == ["choir", "tenor", "zing"]
    tab.choose("#preset", "zing")
    stage.until(lambda: first.state["preset"] == "zing", "the first synth sings zing")
    zing = ("commands", {"type": "command", "name": "preset", "value": "zing", "remember": True})
    assert all(command == zing for command in commands(first)), "said again until the state shows it"
    tab.until(f"{MENU}.selectedOptions[0].textContent === 'several'")
    assert second.of_type("command") == []  # it does not know it, and is not asked
    second.state["preset"] = "zing"
    first.state["preset"] = "zing"
    tab.until(f"{MENU}.value === 'zing'")
    assert tab.errors == []


def test_somebody_elses_choice_is_shown_and_a_file_of_ones_own_by_its_name(stage: Stage) -> None:
    _, synth, tab = stage.playing(state={**SINGS, "preset": None, "presets": ["tenor", "zing"]})
    tab.click("#panel-toggle")
    tab.until(f'{MENU}.selectedOptions[0].textContent === "the box\'s own voice"')
    synth.state["preset"] = "zing"
    tab.until(f"{MENU}.value === 'zing'")
    assert entries(tab) == ["tenor", "zing"]
    synth.state["preset"] = "mine<b>"
    tab.until(f"{MENU}.selectedOptions[0].textContent === 'mine<b>'")
    assert entries(tab) == ["", "tenor", "zing"]


def test_the_surface_shows_what_the_synth_says_lies_where(stage: Stage) -> None:
    """Another preset, another surface: the picture is drawn anew, and keys play the notes that they are."""
    _, synth, tab = stage.playing(state={**SINGS, "preset": "tenor", "presets": ["tenor", "bass"]})
    picture = "document.getElementById('surface').toDataURL()"
    tab.until("formant.range.lowHz === 110 && formant.range.octaves === 3")
    before = tab.evaluate(picture)
    synth.state["surface"] = {"low_hz": 65.0, "octaves": 2.4, "vowels": ["a", "e", "i", "o", "u"]}
    tab.until("formant.range.lowHz === 65")
    tab.until(f"{picture} !== {before!r}")
    tab.key_down("a")
    tab.until("formant.fingers.length === 1")
    x = tab.evaluate("formant.fingers[0].x")
    assert 65.0 * 2 ** (2.4 * x) == pytest.approx(65.406, rel=1e-4)  # C2
    synth.state |= {"surface": {"low_hz": "x"}, "volume": 0.25}
    tab.until("formant.links[0].volume === 0.25")
    assert tab.evaluate("formant.range.lowHz") == 65
    assert tab.errors == []


def test_who_plays_synths_with_different_surfaces_is_told_whose_is_shown(stage: Stage) -> None:
    relay = stage.relay()
    surface = {"low_hz": 65.0, "octaves": 2.0, "vowels": ["a", "u"]}
    first = stage.synth(relay, id="synth-a", state={"name": "Attic", "surface": surface})
    tab = stage.tab(relay)
    tab.until("formant.range.lowHz === 65")
    note = "document.getElementById('surface-note')"
    assert tab.evaluate(f"{note}.hidden")
    stage.synth(relay, id="synth-b", state={"name": "Cellar", "surface": {**surface, "octaves": 3.0}})
    tab.until(f"!{note}.hidden")
    assert "those of Attic." in tab.evaluate(f"{note}.textContent")
    assert tab.evaluate("formant.range.octaves") == 2.0
    first.state["surface"] = {**surface, "octaves": 3.0}
    tab.until(f"{note}.hidden && formant.range.octaves === 3")
    assert tab.errors == []


def test_a_synth_without_the_reliable_channel_is_asked_until_it_sings_so(stage: Stage) -> None:
    state = {**SINGS, "preset": "tenor", "presets": ["tenor", "zing"]}
    _, synth, tab = stage.playing(channels=("params",), state=state)
    tab.click("#panel-toggle")
    synth.deaf_to = 1
    tab.choose("#preset", "zing")
    stage.until(lambda: synth.state["preset"] == "zing", "the preset, in spite of one loss")
    assert tab.evaluate("formant.links[0].preset") == "zing"


def test_where_no_synth_tells_of_presets_there_is_no_menu(stage: Stage) -> None:
    _, synth, tab = stage.playing()
    tab.click("#panel-toggle")
    assert tab.evaluate("document.getElementById('presets').checkVisibility()") is False
    synth.state["presets"] = ["tenor", 7, "", None, "x" * 65, {"a": 1}]  # what is no name is left out
    synth.state["preset"] = 3
    tab.until("document.getElementById('presets').checkVisibility()")
    assert entries(tab) == ["", "tenor"]
    assert tab.errors == []


def test_keys_play_again_after_a_choice(stage: Stage) -> None:
    _, _, tab = stage.playing(state={**SINGS, "preset": "tenor", "presets": ["tenor", "zing"]})
    tab.click("#panel-toggle")
    tab.until(f"{MENU}.value === 'tenor'")
    tab.choose("#preset", "zing")
    tab.until(f"document.activeElement !== {MENU}")
    tab.key_down("a")
    tab.until("formant.fingers.length === 1")


GROUPS = """
const { UNKNOWN } = await import("/protocol/synth.js");
const [place, list, empty] = ["section", "ul", "p"].map((name) => document.createElement(name));
place.append(list, empty);
const panel = new m.Panel(list, empty);
const link = (peer, more) => ({ peer, name: peer, state: "open", told: true, rttS: null, loss: 0,
  synth: { ...UNKNOWN, volume: 1, told: true, ...more } });
const phones = [1, 2, 3, 4, 5].map((k) => link(`synth-web-${k}`, { poweredOn: k !== 3 }));
const seen = [];
for (const count of [4, 5, 3]) {
  panel.show([link("synth-attic"), ...phones.slice(0, count)], true);
  const group = place.querySelector("details");
  const names = (inside) => [...inside.querySelectorAll("h2")].map((name) => name.textContent);
  seen.push([names(list), names(group), group.hidden, group.open, group.querySelector("summary").textContent]);
}
return seen;
"""


def test_many_phones_are_one_line_that_opens(tab: Tab) -> None:
    few, many, few_again = ask(tab, "show/panel", GROUPS)
    names = ["synth-attic", *(f"synth-web-{k}" for k in range(1, 6))]
    assert few[:3] == [names[:5], [], True]
    assert many == [names[:1], names[1:], False, False, "5 phones: 4 ready, 1 not"]
    assert few_again[:3] == [names[:4], [], True]


def test_who_may_change_settings_has_a_link_to_the_desk_with_the_key(stage: Stage) -> None:
    relay = stage.relay(key="s3cret-key")
    tab = stage.tab(relay)
    tab.until("!document.getElementById('desk-row').hidden")
    tab.click("#panel-toggle")
    link = "document.getElementById('desk')"
    tab.evaluate(f"{link}.addEventListener('click', (event) => event.preventDefault())")
    tab.click("#desk")
    tab.goto(tab.evaluate(f"{link}.href"))
    tab.until("document.title === 'Formant: the desk' && formant.open !== undefined")
    assert tab.evaluate("location.hash") == "#key=s3cret-key"
    assert not any("s3cret" in path for path in relay.requests)


def test_who_may_only_play_has_no_link_to_the_desk(stage: Stage) -> None:
    relay = stage.relay()
    relay.may_set = False
    tab = stage.tab(relay)
    tab.until("formant.server === 'registered' && !document.getElementById('settings-note').hidden")
    assert tab.evaluate("document.getElementById('desk-row').hidden") is True
