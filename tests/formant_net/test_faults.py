"""Faults of earlier instruments of this kind, one test each, by number: none may come back.

These are the clients' faults. 6, 9, 10 and 11 are the server's: test_hub.py; 8 and 15 have a half on either side.
"""

from __future__ import annotations

import itertools

import pytest
from support.virtual.ensemble import Node, Weather, World
from support.virtual.hands import controller_of, lift, press, synth_of

from formant_net.aio.client.rtc import configuration
from formant_net.client import effects as fx
from formant_net.protocol import messages as m
from formant_net.protocol.bounds import BOUNDS
from formant_net.synth.touches import NoteOff, NoteOn


def ensemble(seed: int = 1) -> tuple[World, Node, Node]:
    world = World(seed)
    synth, controller = world.synth(), world.controller()
    world.run(0.5)
    assert synth_of(synth).open_peers == ("ctrl-a",)
    return world, synth, controller


# 1: stuck note after a lost release, a late touch after the release, or a controller that vanished


def test_fault_1_a_release_of_which_all_but_one_message_are_lost_still_ends_the_note() -> None:
    world, synth, controller = ensemble()
    press(controller)
    world.run(0.1)
    world.weather = Weather(pattern=[True, True, True, True, False])
    lift(controller)
    world.run(0.1)
    assert not synth.voices.sounding


def test_fault_1_a_release_that_is_lost_entirely_ends_with_the_hold_time() -> None:
    world, synth, controller = ensemble()
    press(controller)
    world.run(0.1)
    world.weather = Weather(loss=1.0)
    lift(controller)
    world.run(0.26)
    assert not synth.voices.sounding


def test_fault_1_a_touch_that_the_release_overtakes_does_not_sound() -> None:
    world, synth, controller = ensemble()
    press(controller)
    world.run(0.1)
    world.weather = Weather(delay_s=(0.05, 0.05))
    press(controller, x=0.9)
    world.weather = Weather()
    lift(controller)
    world.run(1.0)
    assert not synth.voices.sounding
    assert [type(note) for note in synth.voices.history].count(NoteOn) == 1


def test_fault_1_a_controller_that_vanishes_is_silent_after_the_hold_time() -> None:
    world, synth, controller = ensemble()
    press(controller)
    world.run(0.1)
    world.kill(controller)
    world.run(0.26)
    assert not synth.voices.sounding


@pytest.mark.parametrize("seed", range(60))
def test_fault_1_no_note_sticks_and_none_is_missing_on_a_bad_network(seed: int) -> None:
    world, synth, controller = ensemble(seed)
    world.weather = Weather(loss=0.3, duplicate=0.2, delay_s=(0.001, 0.06))
    draw = world.random
    down: set[int] = set()
    for _ in range(40):
        finger = draw.randrange(4)
        if finger in down and draw.random() < 0.5:
            lift(controller, finger)
            down.discard(finger)
        else:
            press(controller, x=draw.random(), y=draw.random(), finger=finger)
            down.add(finger)
        world.run(draw.uniform(0.0, 0.3))
    world.run(0.4)
    assert len(synth.voices.sounding) == len(down), "held fingers sound, lifted ones do not"
    for finger in list(down):
        lift(controller, finger)
    world.run(0.4)
    assert not synth.voices.sounding


# 2: a dropped link to the same controller is never rebuilt because the dead peer is still in the table


def test_fault_2_a_dead_link_is_rebuilt_to_the_same_controller_and_the_note_comes_back() -> None:
    world, synth, controller = ensemble()
    press(controller)
    world.run(1.0)
    world.weather.cut = True
    world.run(3.5)
    assert not synth.voices.sounding
    world.weather.cut = False
    world.run(5.0)
    assert synth_of(synth).open_peers == ("ctrl-a",)
    assert len(synth.voices.sounding) == 1


@pytest.mark.parametrize("who", ["synth", "controller"])
def test_fault_2_a_killed_client_that_starts_again_under_its_id_is_linked_within_five_seconds(who: str) -> None:
    world, synth, controller = ensemble()
    world.run(10.0)
    world.kill(synth if who == "synth" else controller)
    world.run(0.5)
    if who == "synth":
        synth = world.synth()
    else:
        controller = world.controller()
    press(controller)
    world.run(5.0)
    assert len(synth.voices.sounding) == 1


# 3: timers started again at each reconnect and never cleared


def test_fault_3_fifty_reconnects_later_there_is_one_ping_a_second_and_one_heartbeat() -> None:
    world, _, controller = ensemble()
    for _ in range(50):
        world.blink(controller)
        world.run(3.0)
    world.run(12.0)
    controller.effects.clear()
    world.run(40.0)
    pings = [e for e in controller.effects if isinstance(e, fx.Send) and isinstance(e.message, m.Ping)]
    beats = [e for e in controller.effects if isinstance(e, fx.Transmit) and isinstance(e.message, m.Heartbeat)]
    assert 39 <= len(pings) <= 41
    assert len(beats) == 2


# 4: pong sent to the first open controller instead of the one that pinged


def test_fault_4_a_pong_goes_to_the_peer_and_the_channel_that_pinged() -> None:
    world = World()
    synth = world.synth()
    for name in ("ctrl-a", "ctrl-b", "ctrl-c"):
        world.controller(name)
    world.run(0.5)
    synth.effects.clear()
    core = synth_of(synth)
    for channel in (fx.PARAMS, fx.COMMANDS):
        synth.call(core.channel, "ctrl-b", core._keeper.links["ctrl-b"].peer.link, channel, m.Ping(timestamp=7))
    pongs = [e for e in synth.effects if isinstance(e, fx.Send)]
    assert [(p.peer, p.channel) for p in pongs] == [("ctrl-b", fx.PARAMS), ("ctrl-b", fx.COMMANDS)]


# 5: first latency shown was clock skew, because an unsolicited pong carried a foreign clock


def test_fault_5_an_unsolicited_pong_updates_the_state_and_no_latency() -> None:
    world, _, controller = ensemble()
    core = controller_of(controller)
    link = core._links["synth-a"].peer.link
    before = core.synths(world.clock.now)[0].rtt_s
    pong = m.Pong(timestamp=1.7e9, state={"volume": 0.1})
    controller.call(core.channel, "synth-a", link, fx.PARAMS, pong)
    (view,) = core.synths(world.clock.now)
    assert view.state == {"volume": 0.1}
    assert view.rtt_s == before


def test_fault_5_the_synth_sends_no_pong_that_nobody_asked_for() -> None:
    world, synth, controller = ensemble()
    press(controller)
    synth.effects.clear()
    controller_of(controller).set_volume(0.5)
    controller.settle()
    world.run(0.4)
    assert synth.voices.volume == 0.5
    assert not [e for e in synth.effects if isinstance(e, fx.Send)]


# 7: signaling reordered between two peers (candidates before the offer), patched with sleeps


def test_fault_7_candidates_that_overtake_their_offer_are_kept_for_it() -> None:
    world = World()
    controller = world.controller()
    world.run(0.1)
    for text in ("one", "two"):
        world.candidate("synth-a", "ctrl-a", text)
    world.run(0.1)
    assert controller.count(fx.AddCandidate) == 0
    world.synth()
    world.run(0.5)
    kinds = [type(e) for e in controller.effects if isinstance(e, fx.MakeAnswer | fx.AddCandidate)]
    assert kinds == [fx.MakeAnswer, fx.AddCandidate, fx.AddCandidate]


def test_fault_7_candidates_nobody_asked_for_do_not_pile_up() -> None:
    world = World()
    controller = world.controller()
    world.run(0.1)
    for i in range(1500):
        world.candidate(f"synth-{i % 300}", "ctrl-a", "x")
    world.run(0.1)
    core = controller_of(controller)
    assert len(core._links) == BOUNDS.synths_of_headless
    assert all(len(link.early) <= 32 for link in core._links.values())


def test_fault_7_a_late_answer_to_an_offer_that_was_given_up_does_not_spoil_the_next_link() -> None:
    world = World()
    synth, controller = world.synth(), world.controller(meta={"run": "one"})
    world.offer_delay_s = 0.05
    world.run(0.08)
    # The controller answers the first offer while the synth, told of the controller anew, has already made a second.
    world.to_client("synth-a", m.ControllerJoined(controller_id="ctrl-a"))
    world.run(1.0)
    answers = [message for _, message in world.relayed if isinstance(message, m.Answer)]
    assert len(answers) >= 2
    assert synth_of(synth).open_peers == ("ctrl-a",)
    assert controller_of(controller).synths(world.clock.now)[0].open
    assert synth_of(synth).counters["late_answer"] >= 1
    assert not synth.errors


# 8: a signaling blink tears down healthy links


@pytest.mark.parametrize("who", ["server", "synth", "controller"])
def test_fault_8_a_signaling_blink_leaves_links_and_notes_alone(who: str) -> None:
    world, synth, controller = ensemble()
    press(controller)
    world.run(5.0)
    synth.effects.clear()
    controller.effects.clear()
    if who == "server":
        world.server_down()
        world.run(20.0)
        world.server_up = True
        world.run(15.0)
    else:
        world.blink(synth if who == "synth" else controller)
        world.run(5.0)
    assert synth.count(fx.CloseLink) == controller.count(fx.CloseLink) == 0
    assert not any(isinstance(note, NoteOff) for note in synth.voices.history)
    assert len(synth.voices.sounding) == 1


def test_fault_8_controller_left_alone_does_not_end_a_link_that_lives() -> None:
    world, synth, controller = ensemble()
    press(controller)
    world.to_client("synth-a", m.ControllerLeft(controller_id="ctrl-a"))
    world.run(10.0)
    assert synth_of(synth).open_peers == ("ctrl-a",)
    assert synth.voices.sounding
    assert not synth.errors


def test_fault_8_a_controller_that_left_and_died_is_not_offered_to_again() -> None:
    world, synth, controller = ensemble()
    world.kill(controller)
    world.run(60.0)
    assert synth_of(synth).open_peers == ()
    assert synth.count(fx.MakeOffer) == synth.count(fx.CloseLink)
    assert not synth_of(synth)._keeper.links


# 12: latency shown as the last raw round trip: no smoothing, no loss count, no stale mark


def test_fault_12_latency_is_smoothed_and_comes_with_loss_and_age() -> None:
    world, _, controller = ensemble()
    world.weather = Weather(delay_s=(0.01, 0.01))
    world.run(30.0)
    world.weather = Weather(delay_s=(0.1, 0.1))
    world.run(1.2)
    (view,) = controller_of(controller).synths(world.clock.now)
    assert view.rtt_s is not None
    assert 0.02 < view.rtt_s < 0.07, "one slow answer does not make the latency"
    world.weather = Weather(pattern=itertools.cycle([False, False, False, False, True]))
    world.run(15.0)
    (view,) = controller_of(controller).synths(world.clock.now)
    assert 0.1 < view.loss < 0.5, "every third ping was lost"


# 13: a new offer from a known peer overwrites the old connection without closing it


def test_fault_13_the_old_link_is_closed_before_a_new_offer_is_answered() -> None:
    world, synth, controller = ensemble()
    world.kill(synth)
    world.synth()
    world.run(0.5)
    kinds = [(type(e), e.link) for e in controller.effects if isinstance(e, fx.MakeAnswer | fx.CloseLink)]
    assert kinds == [(fx.MakeAnswer, 1), (fx.CloseLink, 1), (fx.MakeAnswer, 2)]
    assert controller_of(controller).synths(world.clock.now)[0].open


# 14: gathering waits 5 s for an unreachable STUN server: on a LAN the default is host candidates only


def test_fault_14_without_ice_servers_none_is_asked() -> None:
    assert configuration(()).iceServers == []
    world, synth, _ = ensemble()
    (offer,) = [e for e in synth.effects if isinstance(e, fx.MakeOffer)][-1:]
    assert offer.ice_servers == ()
    assert world.nodes


# 15: id "taken" after a network blink; dead connections piling up for hours; pairing that dies after a day


def test_fault_15_after_a_blink_a_client_proves_that_the_id_is_its_own() -> None:
    world, _, controller = ensemble()
    world.blink(controller)
    world.run(2.0)
    registers = [
        e.message for e in controller.effects if isinstance(e, fx.Transmit) and isinstance(e.message, m.Register)
    ]
    assert [register.resume for register in registers] == [None, "secret"]


def test_fault_15_a_day_of_blinks_and_dead_links_leaves_nothing_behind_and_the_pair_plays() -> None:
    world, synth, controller = ensemble()
    for hour in range(24):
        if hour % 2:
            world.blink(controller)
        else:
            world.weather.cut = True
            world.run(5.0)
            world.weather.cut = False
        world.run(60.0)
    assert len(synth_of(synth)._keeper.links) == len(controller_of(controller)._links) == 1
    assert synth.count(fx.MakeOffer) - synth.count(fx.CloseLink) == 1
    assert controller.count(fx.MakeAnswer) - controller.count(fx.CloseLink) == 1
    press(controller)
    world.run(0.1)
    assert len(synth.voices.sounding) == 1
