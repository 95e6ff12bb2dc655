"""What one controller may cost a synth: floods, fingers, settings, links that are never answered."""

from __future__ import annotations

from typing import Any

import pytest
from support.virtual.ensemble import Node, World
from support.virtual.hands import synth_of

from formant_net.client import effects as fx
from formant_net.client.effects import COMMANDS, PARAMS
from formant_net.protocol import messages as m
from formant_net.synth.play_limits import LinkGuard, PlayLimits, Verdict
from formant_net.synth.remote import SetPower, SetVolume
from formant_net.synth.touches import NoteOff, NoteOn


def linked(*names: str, **limits: Any) -> tuple[World, Node]:
    """A synth with an open link to each of these controllers."""
    world = World()
    synth = world.synth(limits=PlayLimits(**limits))
    for name in names:
        world.controller(name)
    world.run(1.0)
    assert set(synth_of(synth).open_peers) == set(names)
    return world, synth


def say(synth: Node, name: str, message: m.Message, channel: str = PARAMS) -> None:
    synth.call(synth_of(synth).channel, name, synth_of(synth)._keeper.links[name].peer.link, channel, message)


def finger(number: int, seq: int | None = None) -> m.Touch:
    return m.Touch(x=0.5, y=0.5, active=True, id=number, seq=seq)


# --- messages --------------------------------------------------------------------------------------------------------


def test_a_burst_is_read_what_is_beyond_is_dropped_and_a_flood_is_one() -> None:
    guard = LinkGuard(PlayLimits(messages_per_s=100.0, messages_burst=200), 0.0)
    verdicts = [guard.message(0.0) for _ in range(500)]
    assert verdicts[:200] == [Verdict.READ] * 200
    assert verdicts[200:300] == [Verdict.DROP] * 100
    assert verdicts[300:] == [Verdict.FLOOD] * 200
    assert LinkGuard(PlayLimits(), 0.0).message(0.0) is Verdict.READ


@pytest.mark.parametrize(("per_s", "ends_s"), [(105.0, None), (130.0, 20.0), (200.0, 5.0), (5000.0, 0.1)])
def test_the_more_too_much_the_sooner_it_ends(per_s: float, ends_s: float | None) -> None:
    guard = LinkGuard(PlayLimits(messages_per_s=100.0, messages_burst=200), 0.0)
    times = (n / per_s for n in range(int(60 * per_s)))
    ended = next((at for at in times if guard.message(at) is Verdict.FLOOD), None)
    assert (ended is None) == (ends_s is None)
    assert ended is None or ended <= (ends_s or 0.0)


def test_ten_fingers_cost_what_one_does_and_thirty_two_more() -> None:
    limits = PlayLimits(messages_per_s=100.0, messages_burst=90)
    for fingers, read in ((10, 90), (32, 30)):
        guard = LinkGuard(limits, 0.0)
        assert [guard.message(0.0, fingers) for _ in range(90)].count(Verdict.READ) == read


def test_the_fastest_screen_is_far_from_being_a_flood() -> None:
    guard = LinkGuard(PlayLimits(), 0.0)
    per_s = 240 + 56 + 2  # one message a frame of 240 Hz, all repetitions, pings
    assert all(guard.message(n / per_s) is Verdict.READ for n in range(60 * per_s))


def test_a_flood_ends_its_link_and_its_voices_and_is_not_called_again_for_a_while() -> None:
    world, synth = linked("ctrl-a", "ctrl-b", block_s=30.0)
    say(synth, "ctrl-a", finger(1))
    say(synth, "ctrl-b", finger(1))
    for _ in range(2000):
        if "ctrl-a" not in synth_of(synth).open_peers:
            break
        say(synth, "ctrl-a", m.Ping(timestamp=1))
    assert synth_of(synth).open_peers == ("ctrl-b",)
    assert synth_of(synth).fingers == 1
    told = [effect for effect in synth.effects if isinstance(effect, fx.Notice) and effect.event == "controller lost"]
    assert "messages a second" in told[-1].fields["reason"]
    offers = synth.count(fx.MakeOffer)
    world.run(29.0)
    assert synth.count(fx.MakeOffer) == offers
    world.run(3.0)
    assert set(synth_of(synth).open_peers) == {"ctrl-a", "ctrl-b"}


def test_the_message_that_is_too_much_is_not_played(monkeypatch: pytest.MonkeyPatch) -> None:
    _, synth = linked("ctrl-a")
    say(synth, "ctrl-a", finger(1))
    number = synth_of(synth)._keeper.links["ctrl-a"].peer.link
    monkeypatch.setattr(LinkGuard, "message", lambda *_: Verdict.FLOOD)
    say(synth, "ctrl-a", finger(2))
    assert synth_of(synth).open_peers == ()
    assert (synth.count(NoteOn), synth.count(NoteOff)) == (1, 1)
    synth.call(synth_of(synth).channel, "ctrl-a", number, PARAMS, finger(3))  # sent before the link was closed: ignored
    assert synth.count(NoteOn) == 1


def test_coming_back_under_the_same_name_does_not_shorten_it() -> None:
    world, synth = linked("ctrl-a", block_s=30.0)
    synth.call(synth_of(synth).link_abused, "ctrl-a", synth_of(synth)._keeper.links["ctrl-a"].peer.link, "nonsense")
    assert synth_of(synth).open_peers == ()
    offers = synth.count(fx.MakeOffer)
    for _ in range(10):
        synth.call(synth_of(synth).receive, 1, m.ControllerJoined(controller_id="ctrl-a"))
        synth.call(synth_of(synth).receive, 1, m.ControllersList(controllers=["ctrl-a"]))
        world.run(2.0)
    assert synth.count(fx.MakeOffer) == offers


# --- fingers ---------------------------------------------------------------------------------------------------------


def test_one_controller_has_so_many_voices_and_another_its_own() -> None:
    _, synth = linked("ctrl-a", "ctrl-b", voices=4)
    for number in range(10):
        say(synth, "ctrl-a", finger(number))
    assert synth_of(synth).fingers == 4
    say(synth, "ctrl-b", finger(1))
    assert synth_of(synth).fingers == 5


def test_new_notes_come_at_a_rate_however_they_are_packed() -> None:
    """32 fingers with other names in each message would be thousands of notes a second."""
    world, synth = linked("ctrl-a", notes_per_s=20.0, notes_burst=30)
    before = synth.count(NoteOn)
    for number in range(100):
        points = [m.Point(id=f"{number}-{n}", x=0.5, y=0.5) for n in range(16)]
        say(synth, "ctrl-a", m.Touch(x=0.5, y=0.5, active=True, seq=number + 1, points=points))
        world.run(0.01)
    assert 30 <= synth.count(NoteOn) - before <= 30 + 21
    world.run(2.0)
    say(synth, "ctrl-a", finger(1, 1000))
    assert synth_of(synth).fingers == 1


# --- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [False, None])
def test_who_may_only_play_changes_nothing_for_others(settings: bool | None) -> None:
    world, synth = linked("ctrl-a")
    link = synth_of(synth)._keeper.links["ctrl-a"]
    link.may_set = settings is not False
    volumes, powers = synth.count(SetVolume), synth.count(SetPower)
    say(synth, "ctrl-a", m.Param(name="volume", value=0.0))
    say(synth, "ctrl-a", m.Command(name="power", value=False), COMMANDS)
    changed = int(settings is None)
    assert synth.count(SetVolume) - volumes == changed
    assert synth.count(SetPower) - powers == changed
    assert synth_of(synth).remote.powered_on is (settings is False)
    world.run(0.1)


def test_the_servers_word_on_settings_comes_with_the_answer() -> None:
    for said, may in ((False, False), (None, True)):
        world = World()
        synth = world.synth()
        world.controller("ctrl-a")
        original = world.to_client

        def stamped(name: str, message: m.Message, said: bool | None = said, original: Any = original) -> None:
            if isinstance(message, m.Answer) and said is False:
                message = m.Answer(source=message.source, target=message.target, data=message.data, settings=False)
            original(name, message)

        world.to_client = stamped  # type: ignore[method-assign]
        world.run(1.0)
        assert synth_of(synth).open_peers == ("ctrl-a",)
        assert synth_of(synth)._keeper.links["ctrl-a"].may_set is may


# --- links that are never answered -----------------------------------------------------------------------------------


def test_links_are_made_a_few_at_a_time_and_all_in_the_end() -> None:
    world = World()
    world.offer_delay_s = 0.2
    for n in range(30):
        world.controller(f"ctrl-{n}")
    synth = world.synth(limits=PlayLimits(setups=4))
    world.run(0.1)
    assert synth.count(fx.MakeOffer) == 4
    world.run(5.0)
    assert len(synth_of(synth).open_peers) == 30


def silent(world: World, synth: Node, count: int) -> None:
    """Controllers that are listed and never answer."""
    for n in range(count):
        synth.call(synth_of(synth).receive, 1, m.ControllerJoined(controller_id=f"ctrl-mute-{n}"))


def test_a_crowd_that_never_answers_does_not_keep_an_honest_controller_waiting() -> None:
    world = World()
    synth = world.synth(limits=PlayLimits(controllers=60, setups=10, patience_s=3.0))
    world.run(0.1)
    silent(world, synth, 50)
    world.run(20.0)
    world.controller("ctrl-a")
    world.run(3.5)
    assert synth_of(synth).open_peers == ("ctrl-a",)


def test_a_crowd_that_fills_all_places_gives_way_to_a_newcomer() -> None:
    world = World()
    synth = world.synth(limits=PlayLimits(controllers=20, setups=10, patience_s=3.0))
    world.run(0.1)
    silent(world, synth, 500)
    world.run(12.0)
    assert len(synth_of(synth)._keeper.links) == 20
    world.controller("ctrl-a")
    world.run(3.5)
    assert "ctrl-a" in synth_of(synth).open_peers
    assert len(synth_of(synth)._keeper.links) == 20


def test_the_core_comes_to_rest_while_a_crowd_waits() -> None:
    """Waiting for a place is no deadline that is always due: a synth must not spin."""
    world = World()
    synth = world.synth(limits=PlayLimits(controllers=100, setups=4))
    world.run(0.1)
    silent(world, synth, 50)
    wakes = 0
    on_deadline = synth_of(synth).on_deadline

    def counted(now: float) -> None:
        nonlocal wakes
        wakes += 1
        on_deadline(now)

    synth_of(synth).on_deadline = counted  # type: ignore[method-assign]
    world.run(10.0)
    assert wakes < 500
