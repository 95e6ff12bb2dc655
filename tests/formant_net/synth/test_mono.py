"""One voice for all fingers of a controller."""

from __future__ import annotations

import random

from formant_net.protocol.messages import Point
from formant_net.synth.mono import Mono
from formant_net.synth.touches import Note, NoteMove, NoteOff, NoteOn


def at(x: float) -> Point:
    return Point(id=0, x=x, y=0.5)


def test_a_second_finger_joins_and_lifting_it_goes_back() -> None:
    mono = Mono()
    notes: list[Note] = [
        NoteOn(1, at(0.1)), NoteOn(2, at(0.2)), NoteMove(2, at(0.3)), NoteMove(1, at(0.15)), NoteOff(2), NoteOff(1),
    ]  # fmt: skip
    assert mono.take(notes, legato=True) == [
        NoteOn(1, at(0.1)), NoteMove(1, at(0.2)), NoteMove(1, at(0.3)), NoteMove(1, at(0.15)), NoteOff(1),
    ]  # fmt: skip


def test_without_legato_every_change_is_struck_again_on_the_same_voice() -> None:
    mono = Mono()
    notes: list[Note] = [NoteOn(1, at(0.1), 5.0), NoteOn(2, at(0.2), 6.0), NoteOff(2, 7.0), NoteOff(1, 8.0)]
    assert mono.take(notes, legato=False) == [
        NoteOn(1, at(0.1), 5.0),
        NoteOff(1, 6.0), NoteOn(1, at(0.2), 6.0),
        NoteOff(1, 7.0), NoteOn(1, at(0.1), 7.0),
        NoteOff(1, 8.0),
    ]  # fmt: skip


def test_an_older_finger_that_is_lifted_is_not_heard() -> None:
    mono = Mono()
    assert len(mono.take([NoteOn(1, at(0.1)), NoteOn(2, at(0.2))], legato=True)) == 2
    assert mono.take([NoteOff(1)], legato=True) == []
    assert mono.take([NoteOff(2)], legato=True) == [NoteOff(1)]  # the voice has the key of the finger that began it


def test_a_voice_begins_anew_after_all_fingers_were_up() -> None:
    mono = Mono()
    mono.take([NoteOn(1, at(0.1)), NoteOff(1)], legato=True)
    assert mono.take([NoteOn(2, at(0.2))], legato=True) == [NoteOn(2, at(0.2))]
    mono.forget()
    assert mono.take([NoteOff(2)], legato=True) == []
    assert mono.take([NoteOn(3, at(0.3))], legato=True) == [NoteOn(3, at(0.3))]


def test_any_fingers_are_one_voice_that_ends_with_the_last_of_them() -> None:
    for seed in range(200):
        draw = random.Random(seed)
        mono, sounding, key = Mono(), False, 0
        down: list[int] = []
        for _ in range(60):
            if down and draw.random() < 0.4:
                note: Note = NoteOff(down.pop(draw.randrange(len(down))))
            elif down and draw.random() < 0.5:
                note = NoteMove(draw.choice(down), at(draw.random()))
            else:
                key += 1
                down.append(key)
                note = NoteOn(key, at(draw.random()))
            for sung in mono.take([note], legato=draw.random() < 0.7):
                if isinstance(sung, NoteOn):
                    assert not sounding
                    sounding = True
                elif isinstance(sung, NoteOff):
                    assert sounding
                    sounding = False
                else:
                    assert sounding
            assert sounding == bool(down)
