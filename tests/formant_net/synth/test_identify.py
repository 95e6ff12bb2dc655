"""The tune of a box: three notes of its own, bounded in time, with silence before and behind."""

from __future__ import annotations

import itertools

import pytest

from formant_net.synth.identify import LEAD_S, MOST_S, TAIL_S, Identify, tune
from formant_net.synth.touches import Note, NoteOff, NoteOn

LEASE_S = 1.0


def sung(identify: Identify, until: float = 60.0) -> list[tuple[float, Note]]:
    """Everything that falls due, with its time."""
    out = []
    while (due := identify.next_deadline()) is not None and due <= until:
        out += [(due, note) for note in identify.on_deadline(due)]
    return out


def identified(seconds: float = 10.0) -> list[tuple[float, Note]]:
    identify = Identify("synth-a", itertools.count(7).__next__)
    assert identify.begin(100.0, seconds) == []
    return sung(identify, 200.0)


def test_three_notes_come_again_and_again_and_end_in_time() -> None:
    notes = identified()
    assert notes[0][0] == pytest.approx(100.0 + LEAD_S)
    assert notes[-1][0] <= 110.0
    assert notes[-1][0] > 108.0
    ons = [note for _, note in notes if isinstance(note, NoteOn)]
    offs = [note for _, note in notes if isinstance(note, NoteOff)]
    assert [note.key for note in ons] == [note.key for note in offs] == list(range(7, 7 + len(ons)))
    assert [note.point for note in ons[:3]] == [note.point for note in ons[3:6]] == tune("synth-a")
    for (on, _), (off, _) in zip(notes[::2], notes[1::2], strict=True):
        assert 0.2 < off - on < LEASE_S, "a voice that gets no signs of life ends by itself"


def test_no_command_makes_it_longer_than_its_bound() -> None:
    assert identified(60.0)[-1][0] <= 100.0 + MOST_S


def test_a_very_short_one_sings_one_note_at_most() -> None:
    assert len(identified(0.1)) <= 2


def test_its_end_ends_the_note_and_nothing_is_due_any_more() -> None:
    identify = Identify("synth-a", itertools.count(7).__next__)
    identify.begin(100.0, 10.0)
    assert not identify.sounding(100.0)
    [(_, note)] = sung(identify, 100.4)
    assert identify.sounding(100.4)
    assert isinstance(note, NoteOn)
    assert identify.begin(101.0, 10.0) == [NoteOff(note.key)], "begun again"
    assert identify.sounding(101.0), "the first one fades out at the volume of the tune"
    assert identify.end(101.1) == []
    assert identify.next_deadline() == pytest.approx(101.0 + TAIL_S)
    assert sung(identify) == []
    assert sung(identify, 200.0) == []
    assert not identify.on
    assert identify.next_deadline() is None


def test_nothing_fades_before_its_first_note() -> None:
    identify = Identify("synth-a", itertools.count(7).__next__)
    identify.begin(100.0, 10.0)
    assert identify.end(100.1) == []
    assert not identify.on


def test_it_is_on_until_its_last_note_was_heard_and_is_silent() -> None:
    identify = Identify("synth-a", itertools.count(7).__next__, lambda: 0.5)
    identify.begin(100.0, 10.0)
    last = 0.0
    while (due := identify.next_deadline()) is not None:
        last = due if any(isinstance(note, NoteOff) for note in identify.on_deadline(due)) else last
        ended = due
    assert ended == pytest.approx(last + 0.5 + TAIL_S)


def test_boxes_have_tunes_of_their_own_that_stay() -> None:
    assert tune("synth-a") == tune("synth-a")
    tunes = {tuple((point.note, point.y) for point in tune(f"synth-{k}")) for k in range(20)}
    assert len(tunes) >= 19
    for k in range(100):
        first, second, third = (point.note for point in tune(f"synth-{k}"))
        assert first != second != third
