"""Several singers a touch: different, in tune, repeatable, and all of them stop."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from formant_dsp import Bank, VoiceParams, sung
from formant_dsp.model.choir import RANGES, Choir, ChoirBank, sub_key

NOTE = VoiceParams(f0_hz=220.0, vowel=sung("alto")["a"], vibrato_cents=30.0)


class Ring:
    """A bank with room for so many more events; it remembers who sounds."""

    def __init__(self, room: int = 10_000) -> None:
        self.room = room
        self.sounding: dict[int, Any] = {}

    def _push(self) -> bool:
        self.room -= 1
        return self.room >= 0

    def note_on(self, key: int, params: Any, *, frame: int | None = None) -> bool:
        if not self._push():
            return False
        self.sounding[key] = params
        return True

    def update(self, key: int, params: Any, *, frame: int | None = None) -> bool:
        if not self._push():
            return False
        if key in self.sounding:
            self.sounding[key] = params
        return True

    def note_off(self, key: int, *, frame: int | None = None) -> bool:
        if not self._push():
            return False
        self.sounding.pop(key, None)
        return True

    def all_off(self, *, frame: int | None = None) -> bool:
        self.sounding.clear()
        return True

    def set_volume(self, volume: float, *, frame: int | None = None) -> bool:
        return self._push()


def test_one_singer_sings_exactly_what_is_asked_for() -> None:
    assert Choir().sing(NOTE) == [NOTE]


def test_the_same_seed_gives_the_same_choir_and_another_seed_another() -> None:
    assert Choir(6, seed=1).sing(NOTE) == Choir(6, seed=1).sing(NOTE)
    assert Choir(6, seed=1).sing(NOTE) != Choir(6, seed=2).sing(NOTE)


@pytest.mark.parametrize("n", [2, 5, 16, 64])
@pytest.mark.parametrize("seed", range(5))
def test_a_choir_is_in_tune_and_as_loud_as_one(n: int, seed: int) -> None:
    singers = Choir(n, detune_cents=20.0, seed=seed).sing(NOTE)
    cents = [1200 * math.log2(s.f0_hz / 220.0) for s in singers]
    assert sum(cents) / n == pytest.approx(0.0, abs=1e-6)
    assert max(map(abs, cents)) < 120.0
    assert 10 * math.log10(sum(10 ** (s.level_db / 10) for s in singers)) == pytest.approx(0.0, abs=1e-6)


def test_singers_differ_in_everything_that_makes_a_voice() -> None:
    singers = Choir(8, seed=3).sing(NOTE)
    for name in ("f0_hz", "level_db", "vowel", "vibrato_cents", "vibrato_hz", "vibrato_delay_s", "delay_s", "pan"):
        assert len({getattr(s, name) for s in singers}) == 8, name
    deviation = np.std([1200 * math.log2(s.f0_hz / 220.0) for s in Choir(64, detune_cents=10.0).sing(NOTE)])
    assert deviation == pytest.approx(10.0, rel=0.3)


def test_places_fill_the_room_evenly() -> None:
    pans = sorted(m.pan for m in Choir(4, spread=0.8).members)
    assert pans == pytest.approx([-0.6, -0.2, 0.2, 0.6])
    assert {m.pan for m in Choir(4, spread=0.0).members} == {0.0}


def test_onsets_are_spread_over_the_time_that_is_given() -> None:
    onsets = sorted(m.onset_s for m in Choir(5, onset_spread_s=0.04).members)
    assert onsets == pytest.approx([0.0, 0.01, 0.02, 0.03, 0.04])


def test_a_late_singer_is_heard_late_by_that_much() -> None:
    """Half the level of a singer with an onset 30 ms later comes 20 … 40 ms later."""
    first, last = (min(Choir(2, onset_spread_s=s, seed=1).sing(NOTE), key=lambda p: -p.attack_s) for s in (0.0, 0.03))

    def half_s(params: VoiceParams) -> float:
        bank = Bank(voices=2)
        bank.note_on(1, params)
        y = np.abs(bank.render(48000))
        level = np.array([y[i : i + 436].max() for i in range(0, 47000, 48)])  # a period and a half
        return float(np.argmax(level > 0.5 * level[-200:].mean()) * 0.001)

    assert half_s(last) - half_s(first) == pytest.approx(0.03, abs=0.01)


def test_no_two_notes_share_a_key() -> None:
    keys = {sub_key(key, singer) for key in range(200) for singer in range(64)}
    assert len(keys) == 200 * 64


def test_on_move_and_off_reach_every_singer() -> None:
    ring = Ring()
    bank = ChoirBank(ring)
    choir = Choir(5)
    assert bank.note_on(7, choir.sing(NOTE))
    assert bank.note_on(8, [NOTE])
    assert len(ring.sounding) == 6
    higher = VoiceParams(f0_hz=330.0)
    assert bank.update(7, choir.sing(higher))
    assert sorted(p.f0_hz > 300 for p in ring.sounding.values()) == [False] + [True] * 5
    assert bank.note_off(7)
    assert list(ring.sounding) == [sub_key(8, 0)]
    room = ring.room
    assert bank.update(7, choir.sing(higher))
    assert ring.room == room  # a note that is over costs nothing more
    assert bank.all_off()
    assert ring.sounding == {}


@pytest.mark.parametrize("room", range(5))
def test_a_note_begins_whole_or_not_at_all(room: int) -> None:
    """The ring is full after some singers: those stop, and it may be asked again."""
    ring = Ring(room)
    bank = ChoirBank(ring)
    assert not bank.note_on(1, Choir(5).sing(NOTE))
    ring.room = 100
    assert bank.note_off(1)  # nothing of it is remembered
    assert bank.note_on(1, Choir(5).sing(NOTE))
    assert len(ring.sounding) == 5


def test_a_note_off_that_finds_the_ring_full_is_asked_again() -> None:
    ring = Ring()
    bank = ChoirBank(ring)
    assert bank.note_on(1, Choir(5).sing(NOTE))
    ring.room = 2
    assert not bank.note_off(1)
    ring.room = 100
    assert bank.note_off(1)
    assert ring.sounding == {}


def test_a_held_note_has_the_singers_of_the_preset_that_changes_under_it() -> None:
    ring = Ring()
    bank = ChoirBank(ring)
    assert bank.note_on(1, [NOTE])
    for singers in (6, 1, 3):
        assert bank.update(1, Choir(singers).sing(NOTE))
        assert sorted(ring.sounding) == [sub_key(1, i) for i in range(singers)]
    ring.room = 4  # room for three that move and one that begins
    assert not bank.update(1, Choir(6).sing(NOTE))
    ring.room = 100
    assert bank.update(1, Choir(6).sing(NOTE))
    assert len(ring.sounding) == 6
    assert bank.note_off(1)
    assert ring.sounding == {}
    assert bank.update(1, Choir(6).sing(NOTE))  # over: nobody begins again
    assert ring.sounding == {}


def test_singers_come_and_go_in_a_real_bank_without_a_voice_left_or_a_click() -> None:
    real = Bank(voices=16)
    bank = ChoirBank(real)
    assert bank.note_on(1, [NOTE])
    sound = [real.render(9600)]
    for singers in (6, 1, 6, 1):
        assert bank.update(1, Choir(singers, seed=2).sing(NOTE))
        sound.append(real.render(24000))
        assert real.active == singers
    assert bank.note_off(1)
    sound.append(real.render(48000))
    assert real.active == 0
    fast = np.abs(np.diff(np.concatenate(sound), 4))  # a step stands out from a voice by orders of magnitude here
    steady = np.abs(np.diff(sound[-2][-9600:], 4)).max()
    assert fast.max() < 8.0 * steady  # six voices at most, and their vowels


def test_a_real_bank_sings_and_falls_silent() -> None:
    real = Bank(voices=16)
    bank = ChoirBank(real)
    assert bank.note_on(1, Choir(8, seed=2).sing(NOTE))
    assert np.sqrt(np.mean(real.render(48000)[24000:] ** 2)) == pytest.approx(0.1, rel=0.5)
    assert real.active == 8
    assert bank.note_off(1)
    real.render(48000)
    assert real.active == 0


@pytest.mark.parametrize("name", RANGES)
def test_what_is_out_of_range_is_refused_by_name_and_range(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}=.* must be within"):
        Choir(**{name: RANGES[name].high * 1.5 + 1})  # type: ignore[arg-type]


def test_nobody_is_not_a_choir() -> None:
    with pytest.raises(ValueError, match="1 … 64 can sing it"):
        ChoirBank(Ring()).note_on(1, [])
    with pytest.raises(ValueError, match="whole number"):
        Choir(2.5)  # type: ignore[arg-type]


def test_exactly_64_can_sing_a_note_and_no_more() -> None:
    bank = Ring()
    choir = ChoirBank(bank)
    assert choir.note_on(1, [NOTE] * 64)
    assert len(bank.sounding) == 64
    with pytest.raises(ValueError, match="65 singers: 1 … 64 can sing it"):
        choir.note_on(2, [NOTE] * 65)
    assert len(bank.sounding) == 64
    assert choir.note_off(1)
    assert bank.sounding == {}
