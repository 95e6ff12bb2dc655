"""Notes reach a bank whose ring may be full, and a finger becomes what the preset says of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from support.sound.spectrum import f0_hz

from formant_dsp import Bank
from formant_dsp.model import presets
from formant_dsp.model.choir import ChoirBank
from formant_net.aio.client.singer import Singer, voicing
from formant_net.protocol.codec import decode_channel
from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.messages import Point
from formant_net.synth.identify import GAIN, NOTE_S, tune
from formant_net.synth.remote import SetVolume
from formant_net.synth.touches import NoteMove, NoteOff, NoteOn


@dataclass
class TightBank:
    """A bank whose ring takes only so many events."""

    room: int
    done: list[tuple[object, ...]] = field(default_factory=list)

    def _push(self, *event: object) -> bool:
        if self.room == 0:
            return False
        self.room -= 1
        self.done.append(event)
        return True

    def note_on(self, key: int, params: Any, *, frame: int | None = None) -> bool:
        return self._push("on", key, params)

    def update(self, key: int, params: Any, *, frame: int | None = None) -> bool:
        return self._push("update", key, params)

    def note_off(self, key: int, *, frame: int | None = None) -> bool:
        return self._push("off", key)

    def set_volume(self, volume: float) -> bool:
        return self._push("volume", volume)


def finger(
    x: float, y: float, z: float | None = None, *, place: tuple[float, float] | None = None, **more: float
) -> Point:
    return Point(id=0, x=x, y=y, z=z, place=place, **more)


def singer(room: int) -> tuple[Singer, TightBank]:
    bank = TightBank(room)
    return Singer(bank, lambda point: (point.x, point.y, point.z)), bank


def test_notes_reach_the_bank_in_order() -> None:
    hand, bank = singer(10)
    for effect in (NoteOn(1, finger(0.1, 0.2)), NoteMove(1, finger(0.3, 0.2, 0.5)), NoteOff(1), SetVolume(0.5)):
        hand.take(effect)
    assert bank.done == [("on", 1, (0.1, 0.2, None)), ("update", 1, (0.3, 0.2, 0.5)), ("off", 1), ("volume", 0.5)]
    assert not hand.pending


def test_the_end_of_a_note_is_asked_for_until_the_ring_has_room() -> None:
    hand, bank = singer(1)
    hand.take(NoteOn(1, finger(0.0, 0.0)))
    hand.take(NoteOff(1))
    hand.retry()
    assert hand.pending
    bank.room = 1
    hand.retry()
    assert bank.done[-1] == ("off", 1)
    assert not hand.pending


def test_a_start_that_had_to_wait_begins_where_the_finger_is_by_then() -> None:
    hand, bank = singer(0)
    hand.take(NoteOn(1, finger(0.0, 0.0)))
    hand.take(NoteMove(1, finger(0.9, 0.0)))
    bank.room = 1
    hand.retry()
    assert bank.done == [("on", 1, (0.9, 0.0, None))]


def test_a_note_that_ended_before_it_could_start_is_never_started() -> None:
    hand, bank = singer(0)
    hand.take(NoteOn(1, finger(0.0, 0.0)))
    hand.take(NoteOff(1))
    assert not hand.pending
    bank.room = 5
    hand.retry()
    assert bank.done == []


def test_ends_come_before_starts_for_they_free_voices() -> None:
    hand, bank = singer(1)
    hand.take(NoteOn(1, finger(0.0, 0.0)))
    hand.take(NoteOff(1))
    bank.room = 0
    hand.take(NoteOn(2, finger(0.0, 0.0)))
    bank.room = 2
    hand.retry()
    assert [event[:2] for event in bank.done] == [("on", 1), ("off", 1), ("on", 2)]


def test_a_volume_that_had_to_wait_is_the_newest() -> None:
    hand, bank = singer(0)
    hand.take(SetVolume(0.1))
    hand.take(SetVolume(0.9))
    bank.room = 5
    hand.retry()
    assert bank.done == [("volume", 0.9)]


# --- from a finger to the parameters of its voices


def test_a_note_is_sung_at_its_pitch_wherever_x_is() -> None:
    sung = voicing(presets.load("plain"), 0.0, 1.0)
    for x in (0.0, 1.0):
        (voice,) = sung(finger(x, 0.5, note=69.5))
        assert voice.f0_hz == pytest.approx(440.0 * 2 ** (0.5 / 12))
        assert voice.lease_s == 1.0
    (voice,) = sung(finger(1.0, 0.5))
    assert voice.f0_hz == pytest.approx(880.0), "without a note x is the pitch"


@pytest.mark.parametrize(("note", "hz"), [(0.0, 20.0), (15.4, 20.0), (107.3, 4000.0), (135.0, 4000.0)])
def test_a_note_that_no_voice_sings_is_sung_at_the_nearest(note: float, hz: float) -> None:
    (voice,) = voicing(presets.load("plain"), 0.0, 1.0)(finger(0.5, 0.5, note=note))
    assert voice.f0_hz == hz


def test_a_place_on_the_plane_is_the_vowel_and_a_path_has_none() -> None:
    plane, path = (voicing(presets.load(name), 0.0, 1.0) for name in ("giant", "tenor"))
    close, wide = (plane(finger(0.5, 0.5, place=place))[0].vowel.frequency_hz for place in ((1.0, 0.0), (0.3, 1.0)))
    assert close[0] < 0.7 * wide[0]
    assert close[1] > 1.5 * wide[1]
    assert plane(finger(0.5, 0.1, place=(1.0, 0.0)))[0].vowel.frequency_hz == close, "whatever y is"
    assert path(finger(0.5, 0.5, place=(1.0, 0.0)))[0] == path(finger(0.5, 0.5))[0]


def test_x_places_a_note_between_the_loudspeakers() -> None:
    sung = voicing(presets.load("plain"), 1.0, 1.0)
    assert [sung(finger(x, 0.5, note=60.0))[0].pan for x in (0.0, 0.5, 1.0)] == [-1.0, 0.0, 1.0]


def test_a_resting_finger_is_worked_out_once() -> None:
    sung = voicing(presets.load("choir"), 0.5, 1.0)
    assert sung(finger(0.25, 0.5, 0.7)) is sung(finger(0.25, 0.5, 0.7))
    assert sung(finger(0.25, 0.5, 0.7)) is not sung(finger(0.25, 0.5, 0.7, note=60.0))


@pytest.mark.parametrize("wrong", ["NaN", "Infinity", "-Infinity", "1e999", "-0.01", "1000.0", '"0.5"', "[0.5]"])
@pytest.mark.parametrize("field_name", ["x", "y", "z", "note", "vel", "place"])
def test_what_no_voice_can_sing_is_refused_when_the_message_is_read(field_name: str, wrong: str) -> None:
    """The only check on the way of a finger to its voice: the singer trusts the point that passed it."""
    fields = {"x": "0.5", "y": "0.5", "z": "0.5", "note": "60", "vel": "0.5", "place": "[0.5, 0.5]"} | {
        field_name: wrong
    }
    finger = ", ".join(f'"{name}": {value}' for name, value in fields.items())
    for text in (
        f'{{"type": "touch", "active": true, {finger}}}',
        f'{{"type": "touch", "active": true, "x": 0.5, "y": 0.5, "points": [{{"id": 1, {finger}}}]}}',
    ):
        with pytest.raises(ProtocolError):
            decode_channel(text)


def test_the_singer_gets_the_same_numbers_as_a_caller_that_is_checked() -> None:
    preset = presets.load("choir")
    point = Point(id=1, x=0.3, y=0.7, z=0.4, note=61.5, vel=0.2)
    checked = preset.voice_params(point.x, point.y, point.z, note=point.note, vel=point.vel, lease_s=1.0)
    assert voicing(preset, 0.0, 1.0)(point) == checked


RATE = 48000


def tune_of(volume: float) -> list[NDArray[np.float64]]:
    """The three notes of a box as its bank renders them, one after the other."""
    bank = Bank(voices=4, sample_rate=RATE, channels=1)
    singer = Singer(ChoirBank(bank), voicing(presets.load("plain"), 0.0, 1.0))
    singer.take(SetVolume(volume))
    bank.render(RATE // 5)
    notes = []
    for key, point in enumerate(tune("synth-7k2m9x4q"), 1):
        singer.take(NoteOn(key, point))
        notes.append(np.asarray(bank.render(int(NOTE_S * RATE)), dtype=np.float64).reshape(-1))
        singer.take(NoteOff(key))
        bank.render(RATE // 2)
    return notes


def test_a_box_that_is_identified_sings_its_three_notes_20_db_below_full_volume() -> None:
    quiet, loud = tune_of(GAIN), tune_of(1.0)
    for sound, full, point in zip(quiet, loud, tune("synth-7k2m9x4q"), strict=True):
        assert point.note is not None
        hz = 440.0 * 2 ** ((point.note - 69) / 12)
        assert abs(1200 * np.log2(f0_hz(sound[RATE // 8 :], RATE, hz) / hz)) < 50.0, "a living voice"
        level = 20 * np.log10(np.sqrt(np.mean(sound**2)) / np.sqrt(np.mean(full**2)))
        assert level == pytest.approx(-20.0, abs=1.5), "full volume may meet the limiter"
