from __future__ import annotations

import contextlib
from typing import Any

import pytest
from msgspec import UNSET
from support.virtual.ensemble import Node, World
from support.virtual.hands import controller_of, lift, press, synth_of

from formant_net.client import effects as fx
from formant_net.client import peer as peers
from formant_net.client.effects import COMMANDS, PARAMS
from formant_net.protocol import codec
from formant_net.protocol import messages as m
from formant_net.protocol.codec import Channel
from formant_net.protocol.steering import BoxSettings, Kept, Level, SettingsApplied
from formant_net.protocol.steering import Identify as IdentifyMessage
from formant_net.protocol.steering import Meter as MeterMessage
from formant_net.synth.identify import GAIN, TAIL_S, Lamp, tune
from formant_net.synth.meter import Measure
from formant_net.synth.play_limits import PlayLimits
from formant_net.synth.remote import SetVolume
from formant_net.synth.touches import NoteOff, NoteOn


def ensemble(seed: int = 1) -> tuple[World, Node, Node]:
    world = World(seed)
    synth, controller = world.synth(), world.controller()
    world.run(0.5)
    assert synth_of(synth).open_peers == ("ctrl-a",)
    return world, synth, controller


def say(synth: Node, controller: Node, message: codec.Channel | m.Unknown, channel: str = PARAMS) -> None:
    core = synth_of(synth)
    synth.call(core.channel, controller.name, core._keeper.links[controller.name].peer.link, channel, message)


def test_the_synth_offers_to_every_controller_of_the_list_and_to_each_that_joins() -> None:
    world = World()
    world.controller("ctrl-a")
    world.controller("ctrl-b")
    world.run(0.2)
    synth = world.synth()
    world.run(0.2)
    world.controller("ctrl-c")
    world.run(0.2)
    assert set(synth_of(synth).open_peers) == {"ctrl-a", "ctrl-b", "ctrl-c"}


def test_several_synths_sing_what_several_controllers_play() -> None:
    world = World()
    synths = [world.synth(f"synth-{i}") for i in range(3)]
    controllers = [world.controller(f"ctrl-{i}") for i in range(3)]
    world.run(0.5)
    for i, controller in enumerate(controllers):
        press(controller, x=0.1 * i)
    world.run(0.1)
    for synth in synths:
        assert sorted(point.x for point in synth.voices.sounding.values()) == pytest.approx([0.0, 0.1, 0.2])


def test_volume_and_power_are_applied_and_told_to_everybody() -> None:
    world, synth, first = ensemble()
    second = world.controller("ctrl-b")
    world.run(0.5)
    say(synth, first, m.Param(name="volume", value=0.25))
    say(synth, first, m.Command(name="power", value=False), COMMANDS)
    world.run(1.1)
    assert synth.voices.volume == 0.25
    assert synth.voices.power == [False]
    for controller in (first, second):
        state = controller.core.synths(world.clock.now)[0].state  # type: ignore[union-attr]
        assert (state["volume"], state["powered_on"]) == (0.25, False)


def test_a_setting_before_the_first_finger_of_a_link_counts_and_is_not_kept() -> None:
    """A page that sends its own volume when it links, as some do, does not decide how loud the box is next year."""
    world, synth, controller = ensemble()
    remote = synth_of(synth).remote
    say(synth, controller, m.Param(name="volume", value=0.2))
    assert (synth.voices.volume, remote.kept.volume) == (0.2, 1.0)
    say(synth, controller, m.Param(name="volume", value=0.3, remember=True))
    assert (synth.voices.volume, remote.kept.volume) == (0.3, 0.3)
    say(synth, controller, m.Touch(x=0.5, y=0.5, active=False, seq=1))
    say(synth, controller, m.Param(name="volume", value=0.4))
    assert (synth.voices.volume, remote.kept.volume) == (0.4, 0.3), "nothing was touched yet"
    press(controller)
    world.run(0.1)
    say(synth, controller, m.Param(name="volume", value=0.5))
    assert (synth.voices.volume, remote.kept.volume) == (0.5, 0.5)


def test_a_finger_on_a_box_that_is_switched_off_is_a_person_as_well() -> None:
    world, synth, controller = ensemble()
    say(synth, controller, m.Command(name="power", value=False, remember=True), COMMANDS)
    press(controller)
    world.run(0.1)
    say(synth, controller, m.Command(name="power", value=True), COMMANDS)
    assert synth_of(synth).remote.kept.powered_on


def test_another_link_begins_without_a_finger() -> None:
    world, synth, controller = ensemble()
    press(controller)
    world.run(0.1)
    link = synth_of(synth)._keeper.links[controller.name].peer.link
    synth.call(synth_of(synth).link_lost, controller.name, link, "cut")
    lift(controller)
    world.run(2.0)
    assert synth_of(synth).open_peers == (controller.name,)
    say(synth, controller, m.Param(name="volume", value=0.2))
    assert synth_of(synth).remote.kept.volume == 1.0


def test_power_off_ends_every_voice_and_power_on_lets_held_fingers_sound_again() -> None:
    world, synth, controller = ensemble()
    press(controller)
    world.run(0.1)
    say(synth, controller, m.Command(name="power", value=False))
    assert not synth.voices.sounding
    world.run(1.0)
    assert not synth.voices.sounding
    say(synth, controller, m.Command(name="power"))
    world.run(0.1)
    assert len(synth.voices.sounding) == 1


def test_preset_of_the_known_ones_is_taken_and_held_fingers_begin_anew() -> None:
    world = World()
    synth, controller = world.synth(presets=("tenor", "choir"), preset="tenor"), world.controller()
    world.run(0.5)
    press(controller)
    world.run(0.1)
    before = set(synth.voices.sounding)
    say(synth, controller, m.Command(name="preset", value="../../etc/passwd"), COMMANDS)
    assert synth_of(synth).remote.preset == "tenor"
    assert set(synth.voices.sounding) == before
    say(synth, controller, m.Command(name="preset", value="choir"), COMMANDS)
    assert not synth.voices.sounding
    world.run(1.1)
    assert len(synth.voices.sounding) == 1
    assert set(synth.voices.sounding) != before
    state = controller.core.synths(world.clock.now)[0].state  # type: ignore[union-attr]
    assert state["preset"] == "choir"
    assert state["presets"] == ["tenor", "choir"]


def test_another_sound_device_may_be_asked_for_but_never_a_file() -> None:
    world = World()
    synth, controller = world.synth(), world.controller()
    world.run(0.5)
    say(synth, controller, m.Command(name="audio", value="USB Audio"), COMMANDS)
    assert synth.voices.devices == ["USB Audio"]
    for value in ("wav:/etc/passwd", "WAV:x", "", "a\nb", "x" * 201, 3.0, None):
        say(synth, controller, m.Command(name="audio", value=value), COMMANDS)
    assert synth.voices.devices == ["USB Audio"]
    assert synth_of(synth).counters["bad_setting"] == 7


@pytest.mark.parametrize(
    "message",
    [
        m.Command(name="preset", value="tenor"),
        m.Param(name="volume", value=1.5),
        m.Param(name="volume", value=True),
        m.Param(name="volume", value="loud"),
        m.Param(name="colour", value=0.5),
        m.Command(name="power", value=0.0),
        m.Command(name="self-destruct"),
        m.Unknown("telepathy"),
        m.Pong(timestamp=1),
    ],
)
def test_a_setting_without_meaning_changes_nothing_and_is_counted(message: codec.Channel | m.Unknown) -> None:
    world, synth, controller = ensemble()
    before = synth_of(synth).state()
    say(synth, controller, message)
    world.run(0.1)
    assert synth_of(synth).state() == before
    assert synth.voices.power == []
    assert sum(synth_of(synth).counters.values()) == 1


@pytest.mark.parametrize(
    ("message", "counter"),
    [
        (m.Unknown("telepathy"), "unknown"),
        (m.Pong(timestamp=1), "unexpected"),
        (m.Param(name="x", value=1), "bad_setting"),
    ],
)
def test_each_kind_of_message_without_meaning_has_its_own_count(message: Channel | m.Unknown, counter: str) -> None:
    _, synth, controller = ensemble()
    say(synth, controller, message)
    assert {name: count for name, count in synth_of(synth).counters.items() if count} == {counter: 1}


def test_a_setting_that_is_not_taken_is_told_with_who_sent_it_and_what_there_is() -> None:
    _, synth, controller = ensemble()
    say(synth, controller, m.Param(name="colour", value=0.5))
    (said,) = (notice for notice in synth.notices if notice.event == "setting ignored")
    assert (said.fields["id"], said.fields["name"], said.fields["value"]) == ("ctrl-a", "colour", 0.5)
    assert "volume" in said.fields["known"]
    synth_of(synth)._keeper.links["ctrl-a"].may_set = False
    say(synth, controller, m.Param(name="volume", value=0.5))
    assert synth.notices[-1] == fx.Notice("setting not allowed", {"id": "ctrl-a", "name": "volume"}, warning=True)
    assert synth_of(synth).counters == {"bad_setting": 1, "not_allowed": 1}
    assert synth.voices.volume != 0.5


def test_messages_that_come_too_fast_are_counted_and_too_many_end_the_link() -> None:
    world = World()
    synth = world.synth(limits=PlayLimits(messages_per_s=50.0, messages_burst=100))
    controller = world.controller()
    world.run(0.5)
    for _ in range(100):
        say(synth, controller, m.Ping())
    for _ in range(20):
        say(synth, controller, m.Ping())
    counters = synth_of(synth).counters
    assert 0 < counters["dropped_fast"] <= 20
    assert "blocked" not in counters
    with contextlib.suppress(KeyError):
        for _ in range(1000):
            say(synth, controller, m.Ping())
    assert counters["blocked"] == 1
    assert synth_of(synth).open_peers == ()


def test_every_pong_carries_the_complete_state() -> None:
    _, synth, controller = ensemble()
    synth_of(synth).set_state(audio_enabled=True, name="Kitchen", latency_ms=12.0)
    say(synth, controller, m.Ping(timestamp="anything"))
    pong = [e for e in synth.effects if isinstance(e, fx.Send)][-1].message
    assert isinstance(pong, m.Pong)
    assert pong.timestamp == "anything"
    assert {"audio_enabled", "volume", "powered_on", "name", "latency_ms"} <= set(pong.state)


def test_a_controller_that_leaves_the_list_before_its_link_is_open_is_forgotten() -> None:
    world = World()
    world.offer_delay_s = 1.0
    synth, controller = world.synth(), world.controller()
    world.run(0.5)
    world.kill(controller)
    world.run(20.0)
    core = synth_of(synth)
    assert not core._keeper.links
    assert synth.count(fx.MakeOffer) == synth.count(fx.CloseLink) > 0


def test_a_set_up_that_does_not_end_is_tried_again_with_back_off() -> None:
    world = World()
    world.weather.cut = True
    synth, _ = world.synth(), world.controller()
    world.run(60.0)
    assert 6 <= synth.count(fx.MakeOffer) <= 16, "2.5 s each, and pauses that grow to 10 s"
    world.weather.cut = False
    world.run(25.0)
    assert synth_of(synth).open_peers == ("ctrl-a",)


def test_a_link_that_worked_is_tried_again_and_again_while_its_path_is_gone() -> None:
    world = World()
    synth, _ = world.synth(), world.controller()
    world.run(10.0)
    world.weather.cut = True
    for _ in range(8):  # wherever in an attempt the path comes back
        world.run(17.3)
        world.weather.cut = False
        began = world.clock.now
        while not synth_of(synth).open_peers:
            world.run(0.1)
        assert world.clock.now - began <= 2.0
        world.run(10.0)
        world.weather.cut = True


def test_a_controller_that_was_started_again_is_linked_at_once_and_not_when_its_silence_is_noticed() -> None:
    world = World()
    synth, controller = world.synth(), world.controller(meta={"run": "one"})
    world.run(10.0)
    world.kill(controller)
    controller = world.controller(meta={"run": "two"})
    world.run(0.2)
    assert synth_of(synth).open_peers == ("ctrl-a",)
    assert controller_of(controller).synths(world.clock.now)[0].open
    offers = synth.count(fx.MakeOffer)
    world.blink(controller)
    world.run(5.0)
    assert synth.count(fx.MakeOffer) == offers, "it came back on another socket, but is the same run"


def test_a_late_answer_shows_that_the_peer_is_there_and_is_offered_to_at_once() -> None:
    world = World()
    synth, controller = world.synth(), world.controller(meta={"run": "one"})
    world.run(5.0)
    core = synth_of(synth)
    world.kill(controller)
    world.to_client("synth-a", m.ControllerJoined(controller_id="ctrl-a", meta={"run": "one"}))
    world.run(14.0)
    while core._keeper.links["ctrl-a"].peer.state is not peers.State.WAITING:
        world.run(0.01)
    before = synth.count(fx.MakeOffer)
    answer = m.Description(type="answer", sdp="a=mid:L1")
    world.to_client("synth-a", m.Answer(source="ctrl-a", target="synth-a", data=answer))
    world.run(0.01)
    assert synth.count(fx.MakeOffer) == before + 1


def test_a_dead_link_makes_a_synth_ask_whether_its_server_still_lives() -> None:
    world = World()
    synth, controller = world.synth(), world.controller()
    world.run(5.0)
    world.deaf = True
    world.kill(controller)
    world.run(7.0)
    lost = [notice for notice in synth.notices if notice.event == "server lost"]
    assert lost, "nothing else would have told it for a long time"
    world.deaf = False
    world.run(1.0)
    assert synth_of(synth)._signaling.online


def test_without_a_server_a_silent_link_is_kept_for_its_path_may_come_back() -> None:
    world, synth, controller = ensemble()
    press(controller)
    world.run(1.0)
    synth.effects.clear()
    controller.effects.clear()
    world.server_down()
    world.weather.cut = True
    world.run(15.0)
    assert not synth.voices.sounding
    assert [notice.event for notice in synth.notices].count("controller silent") == 1
    world.weather.cut = False
    world.run(1.1)
    assert len(synth.voices.sounding) == 1, "over the link that there was"
    assert synth.count(fx.CloseLink) == controller.count(fx.CloseLink) == synth.count(fx.MakeOffer) == 0


def test_a_link_that_is_still_silent_when_the_server_is_back_is_made_anew() -> None:
    world, synth, controller = ensemble()
    world.run(1.0)
    world.server_down()
    world.kill(controller)
    world.run(15.0)
    assert synth_of(synth).open_peers == ("ctrl-a",)
    controller = world.controller()
    world.server_up = True
    press(controller)
    world.run(15.0)
    assert len(synth.voices.sounding) == 1


def test_a_message_of_a_link_that_was_lost_starts_no_voice() -> None:
    world, synth, controller = ensemble()
    core = synth_of(synth)
    number = core._keeper.links["ctrl-a"].peer.link
    world.server_down()
    synth.call(core.link_lost, "ctrl-a", number, "closed")
    assert core._keeper.links["ctrl-a"].peer.link == number
    synth.call(core.channel, "ctrl-a", number, PARAMS, m.Touch(x=0.5, y=0.5, active=True))
    assert not synth.voices.history
    assert controller.alive


def test_a_player_too_far_away_is_told_of_once() -> None:
    world, synth, controller = ensemble()
    world.weather.delay_s = (0.11, 0.11)
    press(controller)
    world.run(5.0)
    assert not synth.voices.history
    (notice,) = [notice for notice in synth.notices if "too late" in notice.event]
    assert "--max-age" in notice.fields["why"]


def test_links_beyond_the_limit_wait_until_one_is_free() -> None:
    world = World()
    synth = world.synth(limits=PlayLimits(controllers=2))
    controllers = [world.controller(f"ctrl-{i}") for i in range(3)]
    world.run(1.0)
    assert len(synth_of(synth).open_peers) == 2
    world.kill(controllers[0])
    world.run(5.0)
    assert set(synth_of(synth).open_peers) == {"ctrl-1", "ctrl-2"}


def test_stopping_ends_voices_before_links_and_says_no_more() -> None:
    world, synth, controller = ensemble()
    press(controller)
    world.run(0.1)
    synth.effects.clear()
    synth.call(synth.core.stop)
    kinds = [type(effect) for effect in synth.effects]
    assert kinds.index(NoteOff) < kinds.index(fx.CloseLink)
    world.run(5.0)
    assert not any(isinstance(effect, NoteOn | fx.MakeOffer) for effect in synth.effects)


@pytest.mark.parametrize("message", ["offer", "register"])
def test_a_message_that_no_synth_expects_is_refused_by_name_and_changes_nothing(message: str) -> None:
    world, synth, controller = ensemble()
    data = m.Description(type="offer", sdp="v=0")
    wrong: m.Message = m.Offer(source="ctrl-a", target="synth-a", data=data)
    if message == "register":
        wrong = m.Register(client_id="ctrl-a")
    effects = len(synth.effects)
    synth.call(synth.core.receive, 1, wrong)
    assert synth.errors[-1].about == message
    assert len(synth.effects) == effects
    press(controller)
    world.run(0.1)
    assert synth.voices.sounding
    lift(controller)


def steer(synth: Node, **fields: Any) -> None:
    """The server sends settings."""
    core = synth_of(synth)
    synth.call(core.receive, core._signaling.attempt, BoxSettings(epoch="e", **{"rev": 1, **fields}))


def test_a_desk_that_says_another_sound_device_is_obeyed_once() -> None:
    """Each message repeats all settings: a device that a player chose meanwhile stays, until the desk says another."""
    _, synth, controller = ensemble()
    steer(synth, audio="USB")
    assert synth.voices.devices == ["USB"]
    say(synth, controller, m.Command(name="audio", value="HDMI"), COMMANDS)
    steer(synth, audio="USB", rev=2, gain_db=-3.0)
    assert synth.voices.devices == ["USB", "HDMI"]
    steer(synth, audio="jack", rev=3)
    steer(synth, audio="", rev=4)
    assert synth.voices.devices == ["USB", "HDMI", "jack"]


def test_a_desk_multiplies_what_players_set_and_neither_overwrites_the_other() -> None:
    world, synth, controller = ensemble()
    steer(synth, gain_db=-20.0)
    assert synth.voices.volume == pytest.approx(0.1)
    say(synth, controller, m.Param(name="volume", value=0.5))
    assert synth.voices.volume == pytest.approx(0.05)
    steer(synth, rev=2, because=["mute"])
    assert synth.voices.volume == 0.0
    say(synth, controller, m.Param(name="volume", value=0.8))
    assert synth.voices.volume == 0.0, "a fader never unmutes"
    steer(synth, rev=3)
    assert synth.voices.volume == pytest.approx(0.8)
    world.run(1.1)
    state = controller.core.synths(world.clock.now)[0].state  # type: ignore[union-attr]
    assert (state["volume"], state["gain_db"], state["silent"]) == (0.8, 0.0, [])


def test_after_each_registration_the_server_hears_what_a_desk_has_last_wanted_of_this_box() -> None:
    """A server that has lost its settings would make it louder otherwise."""
    world, synth, _ = ensemble()

    def kept() -> list[SettingsApplied]:
        sent = [effect.message for effect in synth.effects if isinstance(effect, fx.Transmit)]
        return [message for message in sent if isinstance(message, SettingsApplied) and message.kept is not UNSET]

    world.blink(synth)
    world.run(2.0)
    assert kept() == [], "nobody has steered it"
    steer(synth, gain_db=-20.0, because=["zone Nave"], delay_ms=3.0, name="North", rev=7)
    world.blink(synth)
    world.run(2.0)
    told = Kept(gain_db=-20.0, silent=True, delay_ms=3.0, name="North")
    assert kept() == [SettingsApplied(epoch="e", rev=7, kept=told)]


def test_a_scene_fades_a_note_that_is_held() -> None:
    world, synth, controller = ensemble()
    press(controller)
    world.run(0.1)
    steer(synth, gain_db=-40.0, ramp_ms=1000.0)
    world.run(0.5)
    assert 0.05 < synth.voices.volume < 0.2
    world.run(0.6)
    assert synth.voices.volume == pytest.approx(0.01)
    assert len(synth.voices.sounding) == 1


def test_a_preset_of_the_desk_ends_fingers_and_outlives_a_restart() -> None:
    _, synth, _ = ensemble()
    core = synth_of(synth)
    core.remote.presets = ("hum", "plain")
    steer(synth, preset="hum")
    assert (core.remote.preset, core.remote.kept.preset) == ("hum", "hum")
    steer(synth, rev=2, preset="none such")
    assert core.remote.preset == "hum"


def identify(synth: Node, seconds: float = 10.0) -> None:
    """The server asks which box this is."""
    core = synth_of(synth)
    synth.call(core.receive, core._signaling.attempt, IdentifyMessage(seconds=seconds))


def test_a_muted_box_sings_its_tune_alone_at_20_db_below_and_is_then_as_before() -> None:
    world, synth, controller = ensemble()
    steer(synth, because=["mute"])
    press(controller)
    world.run(0.2)
    assert len(synth.voices.sounding) == 1
    identify(synth)
    assert Lamp(on=True) in synth.effects
    assert synth.voices.sounding == {}, "what players hold ends, so that nobody hears a muted box play"
    synth.effects.clear()
    levels: set[float] = set()
    for _ in range(120):
        world.run(0.1)
        levels.add(synth.voices.volume)
        assert len(synth.voices.sounding) <= 1
    assert levels == {0.0, GAIN}
    notes = [effect for effect in synth.effects if isinstance(effect, NoteOn)]
    assert [note.point for note in notes[:3]] == tune("synth-a")
    assert Lamp(on=False) in synth.effects
    assert synth.voices.volume == 0.0
    assert len(synth.voices.sounding) == 1, "the finger that is held sings again, unheard"
    lift(controller)


def test_a_box_that_is_loud_is_never_louder_than_its_tune_while_it_sings() -> None:
    world, synth, _ = ensemble()
    identify(synth)
    world.run(0.5)
    assert synth.voices.volume == pytest.approx(0.1)
    identify(synth, 0.0)
    assert synth.voices.sounding == {}
    assert synth.effects[-2:] == [Lamp(on=False), SetVolume(GAIN)], "the last note still fades"
    world.run(TAIL_S + 0.1)
    assert synth.voices.volume == 1.0


@pytest.mark.parametrize("stopped", [True, False])
def test_the_end_of_the_tune_is_never_louder_than_the_tune(stopped: bool) -> None:
    """Its last note is heard after the delay of the box and then fades; who touches meanwhile is heard after it."""
    world, synth, controller = ensemble()
    steer(synth, delay_ms=500)
    identify(synth, 5.0)
    press(controller)
    world.run(0.5)
    if stopped:
        identify(synth, 0.0)
    last = world.clock.now
    for _ in range(500):
        world.run(0.02)
        if synth.voices.volume != GAIN:
            break
        last = world.clock.now if synth.voices.sounding else last
    assert 0.5 + TAIL_S - 0.05 <= world.clock.now - last <= 0.5 + TAIL_S + 0.05
    assert synth.voices.volume == 1.0
    world.run(0.2)
    assert len(synth.voices.sounding) == 1
    lift(controller)


def test_all_off_silences_the_tune_as_well_and_the_lamp_goes_on() -> None:
    world, synth, _ = ensemble()
    identify(synth)
    world.run(0.5)
    steer(synth, because=["all off", "mute"])
    for _ in range(9):
        assert synth.voices.volume == 0.0
        world.run(1.0)
    assert synth.count(NoteOn) > 3


def meter(synth: Node, every_s: float = 0.25) -> None:
    core = synth_of(synth)
    synth.call(core.receive, core._signaling.attempt, MeterMessage(every_s=every_s))


def test_a_box_measures_while_its_server_wants_levels_and_tells_them() -> None:
    world, synth, _ = ensemble()
    core = synth_of(synth)
    meter(synth)
    assert synth.effects[-1] == Measure(on=True)
    synth.effects.clear()
    synth.call(core.measured, 0.5)
    told = [effect.message for effect in synth.effects if isinstance(effect, fx.Transmit)]
    assert told == [Level(peak_db=-6.0)]
    synth.effects.clear()
    world.run(1.0)
    assert synth.effects.count(Measure(on=True)) == 4
    meter(synth, 0.0)
    assert synth.effects[-1] == Measure(on=False)
    synth.effects.clear()
    world.run(5.0)
    synth.call(core.measured, 0.5)
    assert [effect for effect in synth.effects if isinstance(effect, Measure | fx.Transmit)] == []


def test_a_box_without_its_server_measures_nothing() -> None:
    world, synth, _ = ensemble()
    core = synth_of(synth)
    meter(synth)
    synth.call(core.closed, core._signaling.attempt, "gone")
    synth.effects.clear()
    for _ in range(10):
        synth.call(core.on_deadline)
        world.run(0.1)
    assert [effect for effect in synth.effects if isinstance(effect, Measure)] == [Measure(on=False)]
