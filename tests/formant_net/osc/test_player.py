from __future__ import annotations

import gc
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.virtual.osc_hand import PAD, WALL, OscHand, bundle

from formant_net.osc.codec import decode, encode
from formant_net.osc.space import Setting
from formant_net.tuning.snap import Snap
from formant_net.tuning.steps import Steps

OTHER, FAR = ("127.0.0.1", 6000), ("192.168.1.7", 5000)
DAY_S = 86_400.0


def test_a_note_begins_at_once_moves_and_ends_after_it_has_sounded() -> None:
    hand = OscHand().send("/formant/note", 1, 60.25, 0.5)
    touch = hand.one()
    assert (touch.note, touch.y, touch.z, touch.vel, touch.x) == (60.25, 0.0, 0.5, 0.5, None)
    hand.send("/formant/vowel", 1, 0.5, at=0.1).send("/formant/effort", 1, 0.9).send("/formant/note", 1, 61.0).run(0.2)
    touch = hand.one()
    assert (touch.note, touch.y, touch.z, touch.vel) == (61.0, 0.5, 0.9, 0.5)
    hand.send("/formant/off", 1, at=0.3)
    assert hand.notes() == []


def test_on_and_off_in_one_bundle_sounds_for_25_ms() -> None:
    hand = OscHand().data(bundle(None, encode("/formant/note", 1, 60), encode("/formant/off", 1)))
    assert hand.notes() == [60.0]
    hand.run(1.0)
    assert [at for at, _ in hand.ups] == [pytest.approx(0.025)]


def test_the_vowel_of_a_finger_that_is_up_is_for_its_next_notes() -> None:
    hand = OscHand().send("/formant/vowel", 1, 0.75).send("/formant/note", 1, 60)
    assert hand.one().y == 0.75
    hand.send("/formant/off", 1, at=0.1).send("/formant/note", 1, 62, at=0.2)
    assert hand.one().y == 0.75


def test_two_processes_of_one_machine_may_start_and_end_a_note() -> None:
    """oscsend takes another port each time."""
    hand = OscHand().send("/formant/note", 1, 60, sender=PAD).send("/formant/off", 1, at=0.1, sender=OTHER)
    assert hand.notes() == []


def test_a_sender_that_dies_leaves_no_note_and_one_that_lives_keeps_its_own() -> None:
    hand = OscHand().send("/formant/note", 1, 60, sender=PAD).send("/formant/note", 2, 64, sender=OTHER)
    for n in range(1, 40):
        hand.send("/ping", at=float(n), sender=OTHER)
    assert hand.notes() == [64.0]
    assert [at for at, _ in hand.ups] == [pytest.approx(30.0)]
    assert "127.0.0.1 was silent for 30 s: 1 of its notes" in hand.said[0]
    hand.run(100.0)
    assert hand.notes() == []
    assert hand.player.next_deadline() is None


def test_alloff_lifts_what_this_machine_holds() -> None:
    hand = OscHand().send("/formant/note", 1, 60).send("/formant/note", 1, 64, sender=FAR)
    hand.send("/formant/alloff", at=0.1)
    assert hand.notes() == [64.0]


def test_a_flood_of_movement_goes_out_in_200_messages_a_second_and_ends_right() -> None:
    hand = OscHand().send("/formant/note", 1, 60)
    for n in range(1, 4001):
        hand.send("/formant/note", 1, 60 + n / 1000, at=n / 2000)
    hand.run(3.0)
    assert len(hand.messages) <= 2 * 196 + 1
    assert hand.one().note == 64.0


def test_settings_go_out_ten_times_a_second_and_the_last_one_does() -> None:
    hand = OscHand()
    for n in range(101):
        hand.send("/formant/volume", n / 100, at=n / 100)
    hand.send("/formant/box/n*/preset", "tenor").send("/formant/power", 0).run(3.0)
    volumes = [one.value for one in hand.settings if one.name == "volume"]
    assert len(volumes) <= 12
    assert volumes[-1] == 1.0
    assert Setting("preset", "tenor", "n*") in hand.settings
    assert Setting("power", False) in hand.settings


def test_a_bundle_is_played_at_its_time() -> None:
    hand = OscHand().data(bundle(WALL + 0.5, encode("/formant/note", 1, 60)))
    assert hand.run(0.49).notes() == []
    assert hand.run(0.51).notes() == [60.0]


def test_an_untagged_note_and_its_end_by_bundle() -> None:
    hand = OscHand().send("/formant/note", 1, 60).data(bundle(WALL + 1.0, encode("/formant/off", 1)))
    assert hand.run(0.9).notes() == [60.0]
    assert hand.run(1.1).notes() == []


@pytest.mark.parametrize("ahead_s", [DAY_S, -DAY_S])
def test_bundles_of_a_clock_that_is_wrong_are_played_now_and_take_no_memory(ahead_s: float) -> None:
    """python-osc 110: clocks differ, and bundles pile up until memory is gone."""
    hand = OscHand(silence_s=1e9)
    datagrams = [bundle(WALL + ahead_s + n / 1000, encode("/formant/note", n % 8, 60 + n % 12)) for n in range(10_000)]
    for data in datagrams[:100]:
        hand.data(data, at=hand.now + 0.001)
    hand.messages.clear()
    gc.collect()
    before, most = sys.getallocatedblocks(), 0
    for data in datagrams[100:]:
        hand.player.receive(PAD, data, WALL + hand.now, hand.now)
        hand.now += 0.001
        hand.player.on_deadline(hand.now)
        hand.player.drain()
        most = max(most, hand.player.waiting)
    gc.collect()
    assert most <= 2
    assert sys.getallocatedblocks() - before < 1000
    assert hand.player.counters["messages"] == 10_000
    assert hand.player.fingers == 8


def test_a_heap_of_dated_bundles_is_bounded() -> None:
    hand = OscHand()
    for n in range(10_000):
        hand.player.receive(PAD, bundle(WALL + 1.9, encode("/formant/note", n % 8, 60)), WALL, 0.0)
        assert hand.player.waiting <= 1024


def test_wrong_packets_and_messages_are_counted_and_said_but_not_every_time() -> None:
    hand = OscHand()
    for _ in range(100):
        hand.data(b"nonsense").send("/formant/note", 1, 500).send("/elsewhere", 1)
    assert len(hand.said) == 1
    assert "127.0.0.1: a packet that is no OSC" in hand.said[0]
    hand.send("/formant/note", 1, 500, at=6.0)
    assert "/formant/note: pitch 500: write a number within 0 … 135" in hand.said[1]
    assert hand.player.counters == {"unreadable": 100, "messages": 201, "wrong": 101, "unknown": 100}


def test_feedback_reaches_a_subscriber_of_this_machine() -> None:
    hand = OscHand()
    hand.player.report({"/formant/volume": 0.5}, 0.0)
    hand.send("/formant/subscribe", 9001)
    (reply,) = hand.replies
    assert reply.to == ("127.0.0.1", 9001)
    assert decode(reply.data)[0].arguments == (0.5,)


def test_a_subscription_makes_no_packet_longer_or_more() -> None:
    """A false sender's address must not be flooded: one answer a datagram, no longer than the question."""
    hand = OscHand()
    hand.player.report({f"/formant/box/{n}/volume": 0.5 for n in range(50)}, 0.0)
    question = encode("/formant/subscribe")
    for data in (question, question[:20], bundle(None, *[question] * 100), bundle(WALL + 0.1, question)):
        hand.replies.clear()
        hand.data(data, sender=FAR).run(hand.now + 1.0)
        assert len(hand.replies) <= 1
        assert sum(len(reply.data) for reply in hand.replies) <= len(data)
        assert all(reply.to == FAR for reply in hand.replies)
    hand.data(question, sender=FAR)
    (number,) = decode(hand.replies[-1].data)[0].arguments
    hand.replies.clear()
    hand.send("/formant/ok", float(number), sender=FAR).run(hand.now + 1.0)  # type: ignore[arg-type]
    assert len(hand.replies) == 50


def test_panic_lifts_everything_and_forgets_what_waits() -> None:
    hand = OscHand().send("/formant/note", 1, 60).data(bundle(WALL + 0.5, encode("/formant/note", 2, 64)))
    hand.player.panic(hand.now)
    hand.settle()
    assert hand.run(2.0).notes() == []


NAMES = st.sampled_from(["note", "freq", "vowel", "effort", "touch", "off", "alloff", "volume", "subscribe", "ok", "*"])
VALUES = st.lists(st.integers(0, 5) | st.floats(0, 1) | st.sampled_from(["a", 60, 440.0, None]), max_size=4)
SENDERS = st.sampled_from([PAD, OTHER, FAR])
SENT = st.lists(st.tuples(st.floats(0, 0.2), SENDERS, st.floats(-3, 3) | st.none(), NAMES, VALUES), max_size=60)


@settings(max_examples=60)
@given(SENT)
def test_whatever_is_sent_at_most_16_fingers_and_none_is_left(sent: list[tuple]) -> None:  # type: ignore[type-arg]
    hand = OscHand()
    for wait_s, sender, ahead, name, values in sent:
        data = encode(f"/formant/{name}", *values)
        at = hand.now + wait_s
        hand.data(data if ahead is None else bundle(WALL + at + ahead, data), at=at, sender=sender)
        assert len(hand.down) <= 16
    hand.run(hand.now + 40.0)
    assert hand.down == {}


@given(st.lists(st.binary(max_size=64), max_size=20))
def test_any_bytes_raise_nothing(packets: list[bytes]) -> None:
    hand = OscHand()
    for data in packets:
        hand.data(data, at=hand.now + 0.01)
        hand.data(bundle(None, data), sender=FAR)


def _snapped(**options: object) -> OscHand:
    return OscHand(snap=Snap(Steps(float(key) for key in range(0, 128, 2))), **options)


def test_a_finger_begins_on_a_step_and_moves_as_it_is_moved() -> None:
    hand = _snapped().send("/formant/note", 1, 60.5)
    assert hand.one().note == 60.0
    for tick in range(1, 11):  # a glide of 15 semitones a second
        hand.send("/formant/note", 1, 60.5 + 0.3 * tick, at=0.02 * tick).run(0.02 * tick + 0.01)
    assert hand.one().note == pytest.approx(63.0, abs=0.01)


def test_a_finger_at_rest_is_led_to_its_step_within_the_pace_and_then_is_still() -> None:
    hand = _snapped().send("/formant/note", 1, 60.0).send("/formant/note", 1, 60.75, at=0.5).run(5.0)
    assert hand.one().note == pytest.approx(60.0, abs=0.01)
    assert len(hand.messages) <= 60 * 4
    assert hand.player.next_deadline() == pytest.approx(0.5 + 30.0)  # nothing but its silence


def test_a_finger_by_its_place_is_corrected_where_the_surface_is_known() -> None:
    hand = _snapped(note_at=lambda x: 40.0 + 12.0 * x).send("/formant/touch", 1, 0.6, 0.5)
    assert hand.one().note == 48.0
    assert _snapped().send("/formant/touch", 1, 0.6, 0.5).one().note is None


def test_a_sender_whose_packets_are_all_dropped_counts_as_silent() -> None:
    """Its `off` may be among them."""
    hand = OscHand().send("/formant/note", 1, 60, sender=FAR)
    hand.data(bytes(3_000_000), at=1.0, sender=FAR)
    for n in range(2, 40):
        hand.send("/formant/off", 1, at=float(n), sender=FAR)
    assert hand.player.counters["dropped"] == 38
    assert [at for at, _ in hand.ups] == [pytest.approx(30.0)]
