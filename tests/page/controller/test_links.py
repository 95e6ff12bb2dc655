"""How links to synths begin, live, are replaced and end; and how the page comes back to its server."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from functools import partial

import pytest
from page.conftest import ONE_OPEN, PATIENT, Stage
from page.offerer import Heard, Offerer
from support.browser.chromium import Finger

from formant_net.protocol.timing import Timing


def test_answer_carries_its_candidates_for_peers_that_know_no_trickle(stage: Stage) -> None:
    _, synth, _ = stage.playing()
    [answer] = synth.answers
    assert "a=candidate:" in answer


def test_late_joiner_has_the_synths_state_at_once(stage: Stage) -> None:
    relay = stage.relay()
    tab = stage.tab(relay)
    tab.until("formant.server === 'registered'")
    state = {"audio_enabled": True, "volume": 0.25, "powered_on": True}
    before = time.monotonic()
    stage.synth(relay, name="Kitchen", state=state)
    tab.until(ONE_OPEN)
    [link] = tab.evaluate("formant.links")
    assert (link["name"], link["volume"], link["poweredOn"]) == ("Kitchen", 0.25, True)
    assert 0 < link["rttMs"] < 1000 * (time.monotonic() - before)
    tab.until("document.getElementById('status-text').textContent === 'Connected, 1 synth'")


def test_several_synths_hear_the_same_fingers(stage: Stage) -> None:
    relay = stage.relay()
    synths = [stage.synth(relay, id=f"synth-{k}") for k in range(3)]
    tab = stage.tab(relay)
    tab.until("formant.links.filter((link) => link.told).length === 3")
    tab.until("document.getElementById('status-text').textContent === 'Connected, 3 synths'")
    tab.fingers(Finger(0, 0.4, 0.6))
    for synth in synths:
        touch = stage.until(synth.touches, "a touch")[0]
        assert touch["points"][0]["x"] == pytest.approx(0.4, abs=0.003)
    tab.fingers()
    for synth in synths:
        stage.until(partial(five_releases, synth), "five releases")


def five_releases(synth: Offerer) -> bool:
    return sum(not touch["active"] for touch in synth.touches()) == 5


def test_synth_that_joins_while_a_finger_is_down_hears_it(stage: Stage) -> None:
    relay, _, tab = stage.playing()
    tab.fingers(Finger(0, 0.4, 0.6))
    late = stage.synth(relay, id="synth-late")
    touch = stage.until(late.touches, "the finger that was down before")[0]
    assert touch["active"] is True


def test_peer_that_offers_only_params_is_played_and_controlled(stage: Stage) -> None:
    _, synth, tab = stage.playing(channels=("params",))
    tab.fingers(Finger(0, 0.4, 0.6))
    stage.until(synth.touches, "a touch")
    tab.fingers()
    tab.click("#panel-toggle")
    tab.click("#synths .power")
    stage.until(lambda: synth.state["powered_on"] is False, "power off")
    commands = [heard for heard in synth.heard if heard.message["type"] == "command"]  # said again until it is shown
    assert {(heard.channel, heard.message["value"]) for heard in commands} == {("params", False)}
    assert tab.evaluate("formant.links[0].hasCommands") is False


def test_new_offer_replaces_the_link_and_closes_the_old_one_first(stage: Stage) -> None:
    _, synth, tab = stage.playing()
    old = synth.pc
    assert old is not None
    tab.fingers(Finger(0, 0.4, 0.6))
    stage.thread.run(synth.offer())
    stage.until(lambda: len(synth.answers) == 2, "a second answer")
    # DTLS says goodbye: the old peer hears it at once instead of guessing after half a minute.
    stage.until(lambda: old.connectionState == "closed", "the old connection closes")
    tab.until(ONE_OPEN)
    before = len(synth.touches())
    stage.until(lambda: len(synth.touches()) > before + 5, "touches on the new link")
    assert tab.evaluate("formant.links.length") == 1
    assert tab.errors == []


def test_websocket_loss_keeps_the_link_and_the_id_comes_back_by_its_secret(stage: Stage) -> None:
    relay, synth, tab = stage.playing()
    tab.fingers(Finger(0, 0.4, 0.6))
    stage.thread.run(relay.drop())
    tab.until("formant.server !== 'registered' || formant.registrations === 2")
    tab.until("formant.registrations === 2")
    first, again = (r for r in relay.registers if r["client_id"].startswith("touch-"))
    assert again["client_id"] == first["client_id"]
    assert again["resume"] == f"secret-of-{first['client_id']}"
    before = len(synth.touches())
    stage.until(lambda: len(synth.touches()) > before + 5, "touches go on")
    assert synth.offers == 1
    assert tab.evaluate("formant.links[0].state") == "open"


def test_server_that_is_away_is_said_so_and_sound_keeps_playing(stage: Stage) -> None:
    relay, synth, tab = stage.playing()
    stage.thread.run(relay.stop())
    tab.until("/^Server unreachable, trying again .* – sound keeps playing$/.test(formant.status)")
    tab.fingers(Finger(0, 0.4, 0.6))
    stage.until(synth.touches, "a touch without a server")
    stage.thread.run(relay.start())
    tab.until("formant.server === 'registered'")


def test_reload_keeps_the_id_and_its_secret(stage: Stage) -> None:
    relay, _, tab = stage.playing()
    tab.reload()
    tab.until(ONE_OPEN)
    first, again = (r for r in relay.registers if r["client_id"].startswith("touch-"))
    assert again["client_id"] == first["client_id"]
    assert again["resume"] == f"secret-of-{first['client_id']}"


def test_duplicated_tab_is_somebody_else(stage: Stage) -> None:
    """The browser copies the tab's storage: two pages with one id would take it from each other for ever."""
    _, _, tab = stage.playing()
    tab.reload()
    tab.until(ONE_OPEN)
    assert tab.evaluate("JSON.stringify({...sessionStorage})") == "{}"


def test_id_that_is_taken_is_given_up_for_a_new_one(stage: Stage) -> None:
    relay = stage.relay()
    relay.refuse_next = {"type": "error", "code": "id-taken", "message": "taken", "about": "register"}
    tab = stage.tab(relay)
    tab.until("formant.server === 'registered'")
    refused, taken_in = relay.registers
    assert refused["client_id"] != taken_in["client_id"]


def test_refusal_is_said_in_the_servers_words_and_tried_again(stage: Stage) -> None:
    relay = stage.relay()
    relay.refuse_next = {"type": "error", "code": "full", "message": "no room, come later", "about": "register"}
    tab = stage.tab(relay)
    tab.until("formant.registrations === 1")
    assert len(relay.registers) == 2


def test_silent_synth_is_shown_as_such_and_replaced_by_its_next_offer(stage: Stage) -> None:
    _, synth, tab = stage.playing(timing=Timing(), name="Kitchen")
    tab.click("#panel-toggle")
    synth.answers_pings = False
    tab.until("formant.links[0].stale")
    tab.until("/no answer for [0-9]+ s/.test(document.querySelector('#synths .state').textContent)")
    tab.until("formant.links[0].silent")
    tab.until("formant.status === 'No sound: Kitchen does not answer'")
    tab.until("[...document.querySelectorAll('#synths input, #synths button')].every((e) => e.disabled)")
    synth.answers_pings = True
    stage.thread.run(synth.offer(close_old=True))
    tab.until(ONE_OPEN + " && !formant.links[0].silent")


def test_silent_link_plays_on_when_its_path_comes_back(stage: Stage) -> None:
    """Without a server nobody could make another."""
    relay, synth, tab = stage.playing(timing=Timing())
    stage.thread.run(relay.stop())
    synth.answers_pings = False
    tab.until("formant.links[0].silent")
    synth.answers_pings = True
    tab.until(ONE_OPEN + " && !formant.links[0].silent")
    before = len(synth.touches())
    tab.fingers(Finger(0, 0.4, 0.6))
    stage.until(lambda: len(synth.touches()) > before, "a touch over the old link")
    assert synth.offers == 1


def test_synth_can_tell_at_once_how_old_touches_are(stage: Stage) -> None:
    """Its stamp comes back in a ping that follows its first pong at once: here no other ping comes in an hour."""
    _, synth, tab = stage.playing(timing=replace(PATIENT, ping_s=3600.0, ask_s=3600.0))

    def pings() -> list[Heard]:
        return [heard for heard in synth.heard if heard.message["type"] == "ping"]

    ping = stage.until(lambda: [heard for heard in pings() if "echo" in heard.message], "an echo")[0]
    first = pings()[0]
    assert "echo" not in first.message
    assert ping.message["echo"] + ping.message["held"] <= 1000.0 * ping.at, "not later than it came"
    assert ping.message["echo"] >= 1000.0 * first.at - 1.0, "it is the stamp of a pong to us"
    tab.fingers(Finger(0, 0.4, 0.6))
    touch = stage.until(synth.touches, "a touch")[0]
    assert abs(touch["t"] - ping.message["t"]) < 30_000.0, "touches and pings are stamped by one clock"


def test_synth_that_stamps_nothing_is_not_sent_echoes(stage: Stage) -> None:
    _, synth, _ = stage.playing(stamps=False)
    stage.until(lambda: len(synth.of_type("ping")) >= 3, "three pings")
    assert all("echo" not in ping for ping in synth.of_type("ping"))


def test_silent_synth_makes_the_page_ask_whether_its_server_lives(stage: Stage) -> None:
    relay, synth, tab = stage.playing(timing=Timing())
    synth.answers_pings = False
    relay.deaf = True
    tab.until("formant.links[0].silent")
    tab.until("formant.server === 'registered' && formant.registrations === 2")
    asked = [r for r in relay.registers if r["client_id"].startswith("touch-")]
    assert [r["meta"] for r in asked] == [asked[0]["meta"]] * len(asked), "one run of the page"


SKIPS = "{ const now = performance.now.bind(performance); performance.now = () => now() + (window.skippedMs ?? 0); }"
"""A clock that a test can set on: `skippedMs`."""


def test_server_that_answers_is_kept_when_a_synth_falls_silent(stage: Stage) -> None:
    relay = stage.relay(Timing(verify_s=60.0))
    synth = stage.synth(relay)
    tab = stage.tab(stage.relay())
    stage.thread.run(tab.page.add_init_script(SKIPS))
    tab.goto(relay.url)
    tab.until(ONE_OPEN)
    synth.answers_pings = False
    tab.until("formant.links[0].silent")
    stage.until(lambda: len([r for r in relay.registers if r["client_id"].startswith("touch-")]) == 2, "it asks")
    offer = {"type": "offer", "source": "synth-x", "data": {"type": "offer", "sdp": "no"}}
    stage.thread.run(relay.send(tab.evaluate("formant.id"), offer))
    tab.until("formant.links.some((link) => link.synth === 'synth-x')")  # so the answer, which came before, is read
    tab.evaluate("void (window.skippedMs = 61000)")
    pings = len(synth.of_type("ping"))
    stage.until(lambda: len(synth.of_type("ping")) >= pings + 2, "the page has looked at its clock")
    assert tab.evaluate("[formant.server, formant.registrations]") == ["registered", 1]


def test_link_that_closes_is_shown_as_lost(stage: Stage) -> None:
    _, synth, tab = stage.playing()
    stage.thread.run(synth.close_link())
    tab.until("formant.links[0].state === 'lost'")


def test_unasked_pong_updates_the_state_and_never_the_latency(stage: Stage) -> None:
    _, synth, tab = stage.playing()

    async def last() -> None:
        """After this, which is sent behind the last answer, no other answer comes."""
        synth.answers_pings = False
        synth.state["volume"] = 0.5
        synth.pong(None)

    stage.thread.run(last())
    tab.until("formant.links[0].volume === 0.5")
    before = tab.evaluate("formant.links[0].rttMs")
    synth.state["volume"] = 0.11
    for stamp in (0, 1, 1e12, None, "1", True, [3]):  # of a foreign clock, or of none
        stage.thread.loop.call_soon_threadsafe(synth.pong, stamp)
    tab.until("formant.links[0].volume === 0.11")
    assert tab.evaluate("formant.links[0].rttMs") == before
    tab.until("formant.links[0].stale")  # nor do they count as answers


def test_bad_messages_change_nothing_and_end_nothing(stage: Stage) -> None:
    _, synth, tab = stage.playing(name="Kitchen")
    shown = (
        "(({name, state, volume, poweredOn, audioEnabled}) => [name, state, volume, poweredOn, audioEnabled])"
        "(formant.links[0])"
    )
    before = tab.evaluate(shown)
    bad = [
        "not json",
        "null",
        "[]",
        "7",
        '{"type": 5}',
        '{"type": "pong"}',
        '{"type": "pong", "timestamp": {}, "state": null}',
        '{"type": "pong", "state": {"name": 7, "volume": "loud", "powered_on": "yes", "audio_enabled": 1}}',
        '{"type": "pong", "state": {"volume": 1e400}}',
        '{"type": "of a later version"}',
        "x" * 20000,
    ]
    for text in bad:
        stage.thread.loop.call_soon_threadsafe(synth.send_raw, text, "commands")  # the ordered one: all arrive
    tab.until("formant.links[0].bad === 4")  # not JSON, null, a number, too long
    synth.state["volume"] = 0.123
    stage.thread.loop.call_soon_threadsafe(synth.pong, None, "commands")
    tab.until("formant.links[0].volume === 0.123")
    assert tab.evaluate(shown) == [*before[:2], 0.123, *before[3:]]
    assert tab.errors == []


def test_bad_signaling_changes_nothing_and_ends_nothing(stage: Stage) -> None:
    relay, _, tab = stage.playing()
    mine = tab.evaluate("formant.id")
    bad: list[object] = [
        None,
        [],
        {"type": "offer"},
        {"type": "offer", "source": "synth-x", "data": None},
        {"type": "ice-candidate", "source": "synth-fake", "data": {"candidate": "nonsense", "sdpMid": "9"}},
        {"type": "ice-candidate", "source": "synth-nobody", "data": None},
        {"type": "error", "code": "unknown-target", "message": "gone", "about": "answer"},
        {"type": "later"},
    ]
    for message in bad:
        stage.thread.run(relay.send_text(mine, json.dumps(message)))
    stage.thread.run(relay.send_text(mine, "{"))
    stage.thread.run(relay.send(mine, {"type": "offer", "source": "synth-x", "data": {"type": "offer", "sdp": "no"}}))
    tab.until("formant.links.some((link) => link.synth === 'synth-x' && link.state === 'lost')")
    assert tab.evaluate("formant.links.find((link) => link.synth === 'synth-fake').state") == "open"
    assert tab.evaluate("formant.server") == "registered"
    assert tab.errors == []


def test_peer_that_trickles_its_candidates_is_understood(stage: Stage) -> None:
    """Its offer has none, and they follow at its heels."""
    relay = stage.relay()
    stage.synth(relay, trickles=True)
    stage.tab(relay).until(ONE_OPEN)


def test_heartbeat_comes_as_often_as_the_server_asked(stage: Stage) -> None:
    relay = stage.relay(replace(PATIENT, heartbeat_s=3600.0, ttl_s=10800.0), heartbeat_s=0.5)
    stage.tab(relay).until("formant.server === 'registered'")
    beat = stage.until(lambda: [m for m in relay.log if m["type"] == "heartbeat"][1:], "two heartbeats")[0]
    assert beat["source"] == relay.controllers()[0]
