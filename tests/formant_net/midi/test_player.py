from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.virtual.midi_hand import MidiHand

from formant_net.hand.gathering import Pace
from formant_net.hand.limits import Limits
from formant_net.hand.outputs import Touches
from formant_net.midi.mapping import parse
from formant_net.midi.player import MidiPlayer, Preset
from formant_net.tuning.snap import Snap
from formant_net.tuning.steps import Steps

PIECES = st.lists(st.tuples(st.floats(0.0, 0.5), st.sampled_from("AB"), st.binary(max_size=30)), max_size=20)
CHANNEL = st.integers(0, 15)
DATA = st.integers(0, 127)
NUMBER = st.sampled_from([1, 64, 66, 67, 11, 74, 6, 100, 101, 121, 126, 127])
MESSAGE = st.one_of(
    st.builds(lambda c, k, v: bytes((0x90 | c, 60 + k % 6, v)), CHANNEL, DATA, DATA),
    st.builds(lambda c, k, v: bytes((0x80 | c, 60 + k % 6, v)), CHANNEL, DATA, DATA),
    st.builds(lambda c, n, v: bytes((0xB0 | c, n, v)), CHANNEL, NUMBER, DATA),
    st.builds(lambda c, a, b: bytes((0xE0 | c, a, b)), CHANNEL, DATA, DATA),
    st.builds(lambda c, v: bytes((0xD0 | c, v)), CHANNEL, DATA),
    st.just(bytes.fromhex("B0 65 00 64 06 06 07")),
    st.just(bytes.fromhex("BF 65 00 64 06 06 0A")),
)  # fmt: skip
PLAYED = st.lists(st.tuples(st.floats(0.0, 0.1), st.sampled_from("AB"), MESSAGE), max_size=80)


def _feed(hand: MidiHand, pieces: list[tuple[float, str, bytes]]) -> None:
    now = 0.0
    for wait_s, port, data in pieces:
        now += wait_s
        hand.bytes(data, now, port)
        assert len(hand.down) <= 16


@given(PIECES)
def test_any_bytes_raise_nothing_and_after_panic_no_finger_is_down(pieces: list[tuple[float, str, bytes]]) -> None:
    hand = MidiHand()
    _feed(hand, pieces)
    hand.panic()
    assert hand.down == {}
    assert hand.player.fingers == 0


@given(PLAYED)
@settings(max_examples=40)
def test_when_all_keys_and_pedals_are_up_no_finger_is_down(pieces: list[tuple[float, str, bytes]]) -> None:
    hand = MidiHand()
    _feed(hand, pieces)
    now = hand.now
    for port in "AB":
        for channel in range(16):
            for key in range(60, 66):
                for _ in range(sum(port == p and d == bytes((0x90 | channel, key, d[-1])) for _, p, d in pieces)):
                    hand.bytes(bytes((0x80 | channel, key, 0)), now, port)
            hand.bytes(bytes((0xB0 | channel, 64, 0, 66, 0)), now, port)
    hand.run(now + 1.0)
    assert hand.down == {}


@given(PLAYED)
def test_every_note_that_ended_by_itself_sounded_for_25_ms(pieces: list[tuple[float, str, bytes]]) -> None:
    hand = MidiHand()
    _feed(hand, pieces)
    assert all(length >= 0.025 - 1e-9 for length in hand.lengths.values())


def test_presets_and_volumes_are_rare_the_last_one_counts_and_all_messages_together_are_at_most_two_hundred() -> None:
    table = parse('[programs]\n0 = "plain"\n1 = "choir"')
    hand = MidiHand(table)
    sent: list[float] = []
    for step in range(3000):
        before = len(hand.presets) + len(hand.volumes) + len(hand.messages)
        value = step % 128
        data = bytes((0xC0, step % 2, 0xB0, 7, value, 0xE0, 0, value, 0x90, 60, 1 + step % 2, 0x80, 60, 0))
        hand.bytes(data, step / 1000.0)
        sent += [hand.now] * (len(hand.presets) + len(hand.volumes) + len(hand.messages) - before)
    hand.run(4.0)
    assert 30 <= len(hand.presets) <= 32
    assert 30 <= len(hand.volumes) <= 32
    assert hand.presets[-1] == "choir"
    assert hand.volumes[-1] == pytest.approx(55 / 127)
    assert all(sum(at <= other < at + 1.0 for other in sent[i : i + 250]) <= 200 for i, at in enumerate(sent))


def test_a_preset_comes_before_the_notes_of_the_same_moment() -> None:
    player = MidiPlayer(parse('[programs]\n1 = "choir"'))
    player.feed("A", bytes.fromhex("C0 01 90 45 7F"), 0.0)
    player.on_deadline(0.0)
    assert [type(each) for each in player.drain()] == [Preset, Touches]


def test_ports_that_are_gone_under_ever_new_names_are_forgotten_and_the_last_ones_keep_their_zones() -> None:
    hand = MidiHand()
    for number in range(200):
        hand.bytes("B0 65 00 64 06 06 0F 91 45 7F", float(number), f"seq-{number}")
        hand.unplug(f"seq-{number}")
    assert len(hand.player.ports) <= 40
    assert hand.down == {}
    hand.bytes("E1 00 60 91 45 7F", 200.0, "seq-199").run(200.1)
    assert hand.notes() == [93.0]


@given(PLAYED)
def test_messages_of_any_second_are_at_most_two_hundred(pieces: list[tuple[float, str, bytes]]) -> None:
    hand = MidiHand()
    _feed(hand, [(wait_s / 100.0, port, data) for wait_s, port, data in pieces])
    times = [at for at, _ in hand.messages]
    assert all(sum(at <= other < at + 1.0 for other in times) <= 200 for at in times)


def _sweep(per_s: int, seconds: float, data: Any) -> MidiHand:
    hand = MidiHand()
    for step in range(int(per_s * seconds)):
        now = step / per_s
        if step % (per_s // 4) == 0:
            hand.bytes(f"90 {60 + step // (per_s // 4) % 12:02X} 7F", now)
        elif step % (per_s // 4) == per_s // 8:
            hand.bytes(f"80 {60 + step // (per_s // 4) % 12:02X} 00", now)
        hand.bytes(data(step), now)
    return hand.run(seconds + 1.0)


def test_two_thousand_controllers_a_second_cost_no_note_off_and_are_gathered() -> None:
    hand = _sweep(2000, 10.0, lambda step: bytes((0xB0, 11, step % 128)))
    assert hand.down == {}
    assert len(hand.lengths) == 40
    times = [at for at, _ in hand.messages]
    assert all(sum(at <= other < at + 1.0 for other in times[i : i + 250]) <= 200 for i, at in enumerate(times))


def test_a_note_of_a_millisecond_sounds_for_25() -> None:
    hand = MidiHand().bytes("90 45 7F").bytes("80 45 00", 0.001).run(0.1)
    assert list(hand.lengths.values()) == [0.025]


def test_a_port_that_comes_back_plays_and_keeps_its_zones() -> None:
    hand = MidiHand().bytes("B0 65 00 64 06 06 0F 91 45 7F B0 40 7F")
    hand.unplug()
    assert hand.down == {}
    hand.bytes("91 45 7F E1 00 60", 1.0).run(1.1)
    assert hand.notes() == [93.0]
    hand.bytes("81 45 00", 1.2)
    assert hand.down == {}


def test_the_same_notes_on_two_ports_are_said_once_and_by_name() -> None:
    hand = MidiHand()
    for step in range(10):
        for port in ("Osmose A", "Osmose B"):
            hand.bytes(f"90 {60 + step:02X} 40", step / 10.0 + (0.001 if port == "Osmose B" else 0.0), port)
    warnings = [text for text in hand.said if "the same notes" in text]
    assert warnings == ["Osmose A and Osmose B send the same notes: choose one of them with --port"]


def test_two_players_who_play_together_are_not_taken_for_one() -> None:
    hand = MidiHand()
    for step in range(10):
        hand.bytes("90 3C 40", step / 10.0, "A").bytes("90 3C 40", step / 10.0 + 0.004, "B")
    assert not any("the same notes" in text for text in hand.said)


def test_active_sensing_that_stops_is_said() -> None:
    hand = MidiHand().bytes("FE 90 45 7F").run(1.0)
    assert hand.said == ["A: active sensing stopped, its keys are lifted"]


def test_dense_mpe_of_five_fingers_keeps_every_note() -> None:
    """LinnStrument: bend, slide and pressure of each finger 200 times a second."""
    hand = MidiHand().bytes("B0 65 00 64 06 06 0F")
    for step in range(2000):
        now = step / 200.0
        for finger in range(5):
            channel, phase = finger + 1, (step + 7 * finger) % 40
            if phase == 0:
                hand.bytes(bytes((0x90 | channel, 60 + finger, 100)), now)
            elif phase == 30:
                hand.bytes(bytes((0x80 | channel, 60 + finger, 0)), now)
            value = (step * 3 + finger) % 128
            hand.bytes(bytes((0xE0 | channel, 0, value, 0xB0 | channel, 74, value, 0xD0 | channel, value)), now)
    hand.run(11.0)
    assert len(hand.lengths) + len(hand.down) == sum(1 for s in range(2000) for f in range(5) if (s + 7 * f) % 40 == 0)
    assert len(hand.messages) <= 2000
    assert hand.player.counters == {"stolen": 0, "too_many": 0, "too_fast": 0}


def test_offline_limits_do_not_leave_notes_out() -> None:
    hand = MidiHand(limits=Limits(32, 1e9, 1000), pace=Pace(1e9, 1, 0.01, 0.0))
    hand.bytes("".join(f"90 {40 + key:02X} 7F" for key in range(32)))
    assert len(hand.down) == 32
    assert hand.player.ports == ["A"]


def _snapped() -> MidiHand:
    return MidiHand(snap=Snap(Steps(float(key) for key in range(0, 128, 2))))


def test_a_key_beside_the_scale_begins_on_its_step_and_keeps_its_bends() -> None:
    hand = _snapped().bytes("90 3D 7F", 0.0).run(0.05)
    assert hand.one().note == 60.0
    hand.bytes("E0 00 60").run(0.1)  # a whole tone of two up, at once: the offset stays
    assert hand.one().note == pytest.approx(61.0, abs=0.05)


def test_a_bend_that_rests_is_led_to_a_step_without_another_message_and_then_nothing_goes_out() -> None:
    hand = _snapped().bytes("90 3C 7F", 0.0).bytes("E0 00 58", 0.1).run(5.0)  # 0.75 up
    assert hand.one().note == pytest.approx(60.0, abs=0.01)
    assert hand.player.next_deadline() is None
    assert len(hand.messages) <= 1 + 50 * 5


def test_a_struck_again_key_begins_in_tune_again() -> None:
    hand = _snapped().bytes("90 3C 7F E0 00 58", 0.0).run(1.0)
    hand.bytes("80 3C 00", 1.0).bytes("E0 00 40", 1.1).bytes("90 3F 7F", 1.2).run(1.25)
    assert hand.one().note in (62.0, 64.0)


def test_keys_have_the_pitches_of_a_tuning() -> None:
    keys = tuple(None if key == 61 else 60.0 + 0.5 * (key - 60) for key in range(128))
    hand = MidiHand(keys=keys).bytes("90 3D 7F 90 3E 7F 90 3F 7F", 0.0).run(0.1)
    assert hand.notes() == [61.0, 61.5]
    hand.bytes("80 3D 00 80 3E 00 80 3F 00").run(0.3)
    assert hand.notes() == []


def test_legato_to_a_silent_key_stays_on_the_note() -> None:
    keys = tuple(None if key == 61 else float(key) for key in range(128))
    hand = MidiHand(keys=keys).bytes("B0 7E 01 90 3C 7F 90 3D 7F", 0.0).run(0.1)
    assert hand.notes() == [60.0]
    hand.bytes("80 3D 00 80 3C 00").run(0.3)
    assert hand.notes() == []


@pytest.mark.parametrize(
    "nothing", ["F8", "FA", "FB", "FC", "F2 00 10", "F3 01", "F6", "B0 05 40", "B0 41 7F", "B0 54 3C", "B0 0A 00"]
)
def test_clock_transport_portamento_and_pan_change_nothing(nothing: str) -> None:
    plain = MidiHand().bytes("90 3C 7F", 0.0).run(0.1).bytes("90 40 7F", 0.2).run(0.5)
    hand = MidiHand().bytes(f"{nothing} 90 3C 7F {nothing}", 0.0).run(0.1).bytes(f"{nothing} 90 40 7F {nothing}", 0.2)
    hand.run(0.5)
    assert hand.notes() == plain.notes() == [60.0, 64.0]
    assert len(hand.messages) == len(plain.messages)
