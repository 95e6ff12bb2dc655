from __future__ import annotations

from dataclasses import replace

import pytest
from support.virtual.ensemble import Node, Weather, World
from support.virtual.hands import controller_of, lift, press, synth_of

from formant_net.client import effects as fx
from formant_net.client.effects import COMMANDS, PARAMS
from formant_net.client.peer import State
from formant_net.protocol import messages as m
from formant_net.protocol.bounds import BOUNDS
from formant_net.protocol.codec import Channel
from formant_net.protocol.gesture import TimedTouch


def ensemble(*, channels: tuple[str, ...] = (COMMANDS, PARAMS)) -> tuple[World, Node, Node]:
    world = World()
    world.channels = channels
    synth, controller = world.synth(), world.controller()
    world.run(0.5)
    controller.effects.clear()
    return world, synth, controller


def sent(controller: Node, kind: type) -> list[fx.Send]:
    return [e for e in controller.effects if isinstance(e, fx.Send) and isinstance(e.message, kind)]


def test_a_touch_goes_out_at_once_with_all_that_simple_and_clever_synths_need() -> None:
    _, _, controller = ensemble()
    press(controller, x=0.0, y=1.0, finger="thumb")
    touch = sent(controller, m.Touch)[0].message
    assert isinstance(touch, m.Touch)
    assert (touch.x, touch.y, touch.active, touch.id) == (0.0, 1.0, True, "thumb")
    assert touch.points == [m.Point(id="thumb", x=0.0, y=1.0, since=touch.t)]
    assert touch.seq is not None
    assert touch.t is not None


def test_a_resting_finger_is_told_again_fifty_times_a_second() -> None:
    world, _, controller = ensemble()
    press(controller)
    world.run(1.0)
    assert 50 <= len(sent(controller, m.Touch)) <= 52


def test_a_release_is_sent_five_times_and_then_it_is_quiet() -> None:
    world, _, controller = ensemble()
    press(controller)
    controller.effects.clear()
    lift(controller)
    assert not controller_of(controller).settled
    world.run(0.2)
    assert [e.message.active for e in sent(controller, m.Touch)] == [False] * 5  # type: ignore[attr-defined]
    assert controller_of(controller).settled


def test_a_new_link_lets_the_synth_know_at_once_how_old_touches_are() -> None:
    world = World()
    synth, controller = world.synth(), world.controller()
    world.run(0.5)
    pings = [e.message for e in sent(controller, m.Ping)]
    assert len(pings) == 2
    assert isinstance(pings[0], m.Ping)
    assert isinstance(pings[1], m.Ping)
    assert (pings[0].echo, pings[0].held) == (None, None)
    pongs = [e.message for e in synth.effects if isinstance(e, fx.Send)]
    assert isinstance(pongs[0], m.Pong)
    assert pings[1].echo == pongs[0].t
    assert pings[1].held == 0.0
    assert pings[1].t == pytest.approx(1000.0 * world.clock.now, abs=500.0)


def test_a_ping_without_an_answer_is_followed_by_others_quickly_and_the_rest_come_once_a_second() -> None:
    world = World()
    _, controller = world.synth(), world.controller()
    world.weather.pattern = [False, False, True, False, False]  # ping, pong; the one with the echo is lost; again, pong
    world.run(3.05)
    pings = [e.message for e in sent(controller, m.Ping)]
    assert len(pings) == 3 + 3
    assert [p.echo is not None for p in pings if isinstance(p, m.Ping)] == [False] + 5 * [True]


def test_over_a_long_way_pings_wait_for_their_answers() -> None:
    world = World()
    world.weather.delay_s = (0.2, 0.2)
    _, controller = world.synth(), world.controller()
    world.run(5.0)
    controller.effects.clear()
    world.run(10.0)
    assert len(sent(controller, m.Ping)) == 10


@pytest.mark.parametrize("seed", range(20))
def test_a_link_at_thirty_percent_loss_is_not_taken_for_dead(seed: int) -> None:
    world = World(seed)
    synth, controller = world.synth(), world.controller()
    world.run(0.5)
    synth.effects.clear()
    controller.effects.clear()
    world.weather = Weather(loss=0.3, delay_s=(0.01, 0.03))
    world.run(60.0)
    assert synth.count(fx.CloseLink) == controller.count(fx.CloseLink) == 0


def test_a_synth_that_is_lost_is_shown_for_half_a_minute_and_then_forgotten() -> None:
    world, synth, controller = ensemble()
    world.kill(synth)
    world.run(4.0)
    assert [view.open for view in controller_of(controller).synths(world.clock.now)] == [False]
    world.run(24.0)
    assert controller_of(controller).synths(world.clock.now)
    world.run(4.0)
    assert not controller_of(controller).synths(world.clock.now)
    world.candidate("synth-of-nobody", "ctrl-a", "x")
    world.run(31.0)
    assert not controller_of(controller)._links


def test_a_synth_that_falls_silent_makes_it_ask_whether_its_server_lives() -> None:
    """Only the server can tell of another way to the synth, and TCP needs minutes to notice that it is gone."""
    world, synth, controller = ensemble()
    world.kill(synth)
    world.run(2.0)
    asked = [e for e in controller.effects if isinstance(e, fx.Transmit) and isinstance(e.message, m.Register)]
    assert asked == []
    world.run(3.0)
    asked = [e for e in controller.effects if isinstance(e, fx.Transmit) and isinstance(e.message, m.Register)]
    assert len(asked) == 1
    assert [notice.event for notice in controller.notices if notice.warning] == ["synth silent"]


@pytest.mark.parametrize(
    ("message", "counter"),
    [(m.Unknown("telepathy"), "unknown"), (m.Touch(active=False), "unexpected"), (m.Ping(), "unexpected")],
)
def test_each_kind_of_message_without_meaning_has_its_own_count(message: Channel | m.Unknown, counter: str) -> None:
    _, synth, controller = ensemble()
    core = controller_of(controller)
    before = dict(core.counters)
    controller.call(core.channel, synth.name, core._links[synth.name].peer.link, PARAMS, message)
    changed = {name: count - before.get(name, 0) for name, count in core.counters.items()}
    assert {name: count for name, count in changed.items() if count} == {counter: 1}


def test_no_fingers_rides_on_every_ping() -> None:
    world, _, controller = ensemble()
    world.run(3.0)
    pings = [e.message for e in sent(controller, m.Ping)]
    assert len(pings) == 3
    assert all(isinstance(ping, m.Ping) and ping.points == [] and ping.seq for ping in pings)


def test_all_synths_are_pinged_in_one_tick() -> None:
    world = World()
    controller = world.controller()
    for i in range(4):
        world.synth(f"synth-{i}")
        world.run(0.13)
    controller.effects.clear()
    ticks = []
    for _ in range(400):
        before = len(sent(controller, m.Ping))
        world.run(0.005)
        ticks.append(len(sent(controller, m.Ping)) - before)
    assert set(ticks) == {0, 4}


def test_numbers_of_messages_grow_on_each_link() -> None:
    world, _, controller = ensemble()
    press(controller)
    world.run(2.5)
    numbers = [e.message.seq for e in controller.effects if isinstance(e, fx.Send)]  # type: ignore[attr-defined]
    assert numbers == sorted(set(numbers))


def test_a_synth_that_links_later_hears_at_once_what_is_held() -> None:
    world, _, controller = ensemble()
    press(controller, x=0.75)
    world.run(1.0)
    late = world.synth("synth-late")
    world.run(0.06)
    assert [point.x for point in late.voices.sounding.values()] == [0.75]


def test_state_and_round_trip_of_a_synth_are_known_within_a_second_of_linking() -> None:
    world = World()
    _, controller = world.synth(), world.controller()
    world.run(0.1)
    (view,) = controller_of(controller).synths(world.clock.now)
    assert view.open
    assert not view.stale
    assert view.state["volume"] == 1.0
    assert view.rtt_s == pytest.approx(0.002)


def test_a_state_that_is_not_refreshed_becomes_stale_and_the_link_is_given_up() -> None:
    world, synth, controller = ensemble()
    world.kill(synth)
    world.run(2.4)
    assert controller_of(controller).synths(world.clock.now)[0].stale
    world.run(1.6)
    assert not controller_of(controller).synths(world.clock.now)[0].open


def test_pongs_that_nobody_asked_for_do_not_keep_a_dead_link() -> None:
    world, synth, controller = ensemble()
    link = controller_of(controller)._links["synth-a"].peer.link
    world.kill(synth)
    for _ in range(50):
        controller.call(controller_of(controller).channel, "synth-a", link, PARAMS, m.Pong(timestamp=1, state={}))
        world.run(0.1)
    assert not controller_of(controller).synths(world.clock.now)[0].open


def test_commands_take_the_reliable_channel_where_there_is_one() -> None:
    for channels, expected in (((COMMANDS, PARAMS), COMMANDS), ((PARAMS,), PARAMS)):
        world, synth, controller = ensemble(channels=channels)
        controller_of(controller).set_power(False)
        controller_of(controller).set_volume(0.5)
        controller.settle()
        assert [e.channel for e in sent(controller, m.Command)] == [expected]
        world.run(0.1)
        assert synth.voices.power == [False]
        assert synth.voices.volume == 0.5


def test_a_setting_goes_to_one_synth_and_is_asked_after_at_once() -> None:
    world, synth, controller = ensemble()
    world.run(3.3)
    volume = m.Param(name="volume", value=0.25)
    controller.call(controller_of(controller).set, "synth-b", volume)
    controller.call(controller_of(controller).set, "synth-a", volume)
    assert [(e.peer, e.channel) for e in sent(controller, m.Param)] == [("synth-a", PARAMS)]
    world.run(0.2)
    assert synth.voices.volume == 0.25
    assert controller_of(controller).synths(world.clock.now)[0].state["volume"] == 0.25
    controller.call(controller_of(controller).set, "synth-a", m.Command(name="power", value=False))
    assert [e.channel for e in sent(controller, m.Command)] == [COMMANDS]


def test_a_peer_that_offers_only_params_can_be_played() -> None:
    world, synth, controller = ensemble(channels=(PARAMS,))
    press(controller)
    world.run(0.1)
    assert synth.voices.sounding


def test_fingers_beyond_what_a_message_holds_are_counted() -> None:
    _, _, controller = ensemble()
    for finger in range(40):
        press(controller, finger=finger)
    assert controller_of(controller).counters["fingers_beyond_limit"] == 8
    touch = sent(controller, m.Touch)[-1].message
    assert isinstance(touch, m.Touch)
    assert touch.points is not None
    assert len(touch.points) == m.MAX_FINGERS


def test_an_offer_without_a_sender_is_refused() -> None:
    _, _, controller = ensemble()
    offer = m.Offer(target="ctrl-a", data=m.Description(type="offer", sdp="v=0"))
    controller.call(controller.core.receive, 1, offer)
    assert "source" in controller.errors[-1].message


def test_synths_that_come_and_go_do_not_pile_up() -> None:
    world = World()
    controller = world.controller()
    for i in range(120):
        synth = world.synth(f"synth-{i}")
        world.run(0.2)
        world.kill(synth)
    world.run(10.0)
    assert len(controller_of(controller).synths(world.clock.now)) <= 100


def test_a_note_reaches_every_synth_at_its_pitch() -> None:
    world = World()
    new, old, controller = world.synth("synth-new"), world.synth("synth-old"), world.controller()
    surface = {"low_hz": 110.0, "octaves": 3.0, "vowels": ["a"]}
    synth_of(new).set_state(surface=surface, takes=("note", "vel"))
    synth_of(old).set_state(surface=surface)
    world.run(0.5)
    touches = [TimedTouch(0.0, 1, None, 0.5, note=57.0, vel=0.8), TimedTouch(0.0, 2, None, 0.5, note=100.0)]
    controller.call(lambda now: controller_of(controller).touch(touches, now))
    world.run(0.1)
    assert sorted(point.note or 0.0 for point in new.voices.sounding.values()) == [57.0, 100.0]
    (point,) = old.voices.sounding.values()
    assert point.x == pytest.approx(1 / 3)
    views = {view.id: view.unreached for view in controller_of(controller).synths(world.clock.now)}
    assert views == {"synth-new": (), "synth-old": (100.0,)}


def test_fingers_may_be_for_some_synths_only_and_late_ones_learn_of_them_by_pings() -> None:
    world = World()
    first, second, controller = world.synth("synth-1"), world.synth("synth-2"), world.controller()
    world.run(0.5)
    touch = [TimedTouch(0.0, 1, 0.25, 0.5)]
    controller.call(lambda now: controller_of(controller).touch(touch, now, {1: ("synth-2", "synth-3")}))
    world.run(0.1)
    assert (len(first.voices.sounding), len(second.voices.sounding)) == (0, 1)
    third = world.synth("synth-3")
    world.run(0.1)
    assert (len(first.voices.sounding), len(third.voices.sounding)) == (0, 1)
    controller.call(controller_of(controller).release_all)
    world.run(0.1)
    assert not second.voices.sounding
    assert not third.voices.sounding


def test_a_candidate_that_comes_while_the_link_is_made_goes_to_its_connection() -> None:
    world = World()
    controller = world.controller()
    world.synth()
    while not (links := controller_of(controller)._links) or links["synth-a"].peer.state is not State.CONNECTING:
        world.run(0.001)
    world.candidate("synth-a", "ctrl-a", "c")
    world.run(0.1)
    (added,) = [effect for effect in controller.effects if isinstance(effect, fx.AddCandidate)]
    assert (added.peer, added.link) == ("synth-a", controller_of(controller)._links["synth-a"].peer.link)


def test_candidates_of_a_synth_beyond_the_limit_are_not_kept() -> None:
    world = World()
    controller = world.controller()
    world.run(0.1)
    for number in range(BOUNDS.candidates + 5):
        world.candidate("synth-a", "ctrl-a", f"candidate {number}")
    world.run(0.1)
    world.synth()
    world.run(0.5)
    added = [e.candidate.candidate for e in controller.effects if isinstance(e, fx.AddCandidate) and e.candidate]
    assert added == [f"candidate {number}" for number in range(BOUNDS.candidates)], "the first ones, in order, once"


def test_a_phone_gives_its_place_to_a_box_and_takes_none() -> None:
    world = World()
    controller = world.controller(most_synths=2)
    first, second = world.synth("synth-web-1"), world.synth("synth-web-2")
    world.run(1.0)
    assert [view.id for view in controller_of(controller).synths(world.clock.now)] == ["synth-web-1", "synth-web-2"]
    box = world.synth("synth-box")
    world.run(1.0)
    assert {view.id for view in controller_of(controller).synths(world.clock.now)} == {"synth-web-1", "synth-box"}
    world.run(30.0)
    views = controller_of(controller).synths(world.clock.now)
    assert {view.id for view in views if view.open} == {"synth-web-1", "synth-box"}
    assert controller_of(controller).counters["synths_beyond_limit"] > 0
    assert [len(synth_of(node).open_peers) for node in (first, second, box)] == [1, 0, 1]


def test_a_candidate_without_a_sender_is_nobodys() -> None:
    _, _, controller = ensemble()
    before = dict(controller_of(controller)._links)
    candidate = m.IceCandidate(target="ctrl-a", data=m.Candidate(candidate="c"))
    controller.call(controller.core.receive, 1, candidate)
    assert controller_of(controller)._links == before
    assert controller.count(fx.AddCandidate) == 0


@pytest.mark.parametrize(("many", "told"), [(1, 30), (2, 50)])
def test_with_many_links_held_fingers_are_sent_thirty_times_a_second(
    monkeypatch: pytest.MonkeyPatch, many: int, told: int
) -> None:
    monkeypatch.setattr("formant_net.controller.core.BOUNDS", replace(BOUNDS, many_synths=many))
    world = World()
    controller, _, _ = world.controller(), world.synth("synth-a"), world.synth("synth-b")
    world.run(2.0)
    press(controller)
    controller.effects.clear()
    world.run(1.0)
    assert len(sent(controller, m.Touch)) / 2 == pytest.approx(told, abs=2)
