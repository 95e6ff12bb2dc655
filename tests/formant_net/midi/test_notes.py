from __future__ import annotations

from formant_net.hand.gathering import Gathering, Pace
from formant_net.hand.limits import Limits
from formant_net.midi.notes import Notes


def _hand(limits: Limits | None = None) -> tuple[Notes, Gathering]:
    gathering = Gathering(Pace())
    return Notes(gathering, limits or Limits(), 0.0), gathering


def _settle(notes: Notes, gathering: Gathering, now: float) -> None:
    while (batch := gathering.take(now)) is not None:
        notes.sent(batch.up)


def test_sixteen_keys_and_a_pedal_the_seventeenth_takes_the_one_that_only_the_pedal_holds() -> None:
    notes, gathering = _hand()
    fingers = [notes.strike("A", 0, key, float(key), 1.0, 0.0) for key in range(16)]
    _settle(notes, gathering, 0.0)
    assert fingers[5] is not None
    notes.release(fingers[5], True)
    new = notes.strike("A", 0, 99, 99.0, 1.0, 1.0)
    assert new is not None
    _settle(notes, gathering, 1.0)
    assert sorted(each.key for each in notes) == [0, 1, 2, 3, 4, *range(6, 16), 99]
    assert notes.counters["stolen"] == 1


def test_a_note_that_ends_anyway_gives_way_first_and_is_not_counted() -> None:
    notes, gathering = _hand(Limits(fingers=2))
    one, two = (notes.strike("A", 0, key, float(key), 1.0, 0.0) for key in (1, 2))
    _settle(notes, gathering, 0.0)
    assert one is not None
    assert two is not None
    notes.release(two, False)
    assert notes.strike("A", 0, 3, 3.0, 1.0, 0.5) is not None
    assert [each.key for each in notes] == [1, 3]
    assert notes.counters["stolen"] == 0


def test_notes_that_have_not_sounded_yet_are_not_taken() -> None:
    notes, gathering = _hand(Limits(fingers=2))
    for key in (1, 2):
        notes.strike("A", 0, key, 60.0, 1.0, 0.0)
    _settle(notes, gathering, 0.0)
    assert notes.strike("A", 0, 3, 60.0, 1.0, 0.01) is None
    assert notes.counters["too_many"] == 1
    assert notes.strike("A", 0, 4, 60.0, 1.0, 0.03) is not None


def test_more_new_notes_than_a_synth_takes_are_left_out_and_counted() -> None:
    notes, gathering = _hand(Limits(fingers=16, notes_per_s=50.0, notes_burst=48))
    struck = 0
    for step in range(400):
        now = step / 100.0
        finger = notes.strike("A", 0, 60, 60.0, 1.0, now)
        if finger is not None:
            struck += 1
            notes.release(finger, False)
        _settle(notes, gathering, now)
    assert 48 + 190 <= struck <= 48 + 200
    assert notes.counters["too_fast"] == 400 - struck


def test_a_key_that_is_refused_costs_nobody_else_its_note() -> None:
    notes, gathering = _hand(Limits(fingers=1, notes_per_s=1.0, notes_burst=1))
    notes.strike("A", 0, 1, 60.0, 1.0, 0.0)
    _settle(notes, gathering, 0.0)
    assert notes.strike("A", 0, 2, 60.0, 1.0, 0.5) is None
    assert [each.key for each in notes] == [1]


def test_keys_are_of_a_port_and_a_channel() -> None:
    notes, _ = _hand()
    for port, channel in (("A", 0), ("A", 1), ("B", 0)):
        notes.strike(port, channel, 60, 60.0, 1.0, 0.0)
    assert len(notes.held("A", 0, 60)) == 1
    assert len(notes.of("A")) == 2
    assert notes.get(1) is not None
    assert notes.get(9) is None
