"""A choir: n singers for one touch, who differ in pitch, level, place, tract size, vibrato and onset.

A `Choir` draws what belongs to a singer once, from a seed. The bank draws the mistuning and the vibrato of each note.
`ChoirBank` wraps a bank and turns every note into n notes. The player does not need to know the number of singers.

The ear tells voices apart when they are detuned by ± 10 cents and their onsets are spread over 10 … 40 ms. Two onsets
less than 2 ms apart sound like one. A late singer has a `delay_s`: the bank starts the note this many seconds after the
event, exact to the frame.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from math import exp2, log10
from operator import attrgetter
from statistics import NormalDist
from typing import Any, Protocol

from formant_dsp.model.params import RANGES as VOICE_RANGES
from formant_dsp.model.params import Range, VoiceParams, made, numbers_of
from formant_dsp.touch.mapping import as_singer

MOST_SINGERS = 64
"""Most singers of a note. The sub-key of a singer is key · 64 + singer, so two notes never share a sub-key."""

RANGES = {
    "singers": Range("singers", 1, MOST_SINGERS, 1),
    "detune_cents": Range("cents", 0.0, 50.0, 10.0),
    "spread": Range("share", 0.0, 1.0, 1.0),
    "onset_spread_s": Range("s", 0.0, 0.2, 0.03),
    "tract_spread": Range("share", 0.0, 0.2, 0.03),
    "level_spread_db": Range("dB", 0.0, 6.0, 1.5),
}


@dataclass(frozen=True, slots=True)
class Member:
    """How one singer differs from the note that was requested.

    cents, level_db, pan, vibrato_delay_s, onset_s, detune_cents   are added
    tract_size, vibrato_rate, vibrato_depth                        are factors
    in_unison                                                      1: its unison with the others is meant
    """

    cents: float = 0.0
    level_db: float = 0.0
    pan: float = 0.0
    tract_size: float = 1.0
    vibrato_rate: float = 1.0
    vibrato_depth: float = 1.0
    vibrato_delay_s: float = 0.0
    onset_s: float = 0.0
    detune_cents: float = 0.0
    in_unison: float = 0.0


@dataclass(frozen=True, slots=True)
class Choir:
    """The singers of one touch.

    singers          1 … 64
    detune_cents     0 … 50 cents, standard deviation of the pitch: 0.8 of it belongs to the singer, and the mean of all
                     singers is in tune; 0.6 of it is drawn for each note, so no two notes have the same mistunings
    spread           0 … 1: the singers stand at pans -spread … spread
    onset_spread_s   0 … 0.2 s between the first and the last onset
    tract_spread     0 … 0.2 octaves, standard deviation of the tract's length
    level_spread_db  0 … 6 dB, standard deviation of the level; all singers together are as loud as one
    seed             the same seed gives the same singers
    error            ValueError naming the field, its value and its range
    """

    singers: int = 1
    detune_cents: float = RANGES["detune_cents"].default
    spread: float = RANGES["spread"].default
    onset_spread_s: float = RANGES["onset_spread_s"].default
    tract_spread: float = RANGES["tract_spread"].default
    level_spread_db: float = RANGES["level_spread_db"].default
    seed: int = 0
    members: tuple[Member, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, bounds in RANGES.items():
            bounds.check(name, getattr(self, name))
        if self.singers != int(self.singers):
            raise ValueError(f"singers={self.singers} must be a whole number")
        object.__setattr__(self, "members", _members(self))

    def sing(self, params: VoiceParams) -> list[VoiceParams]:
        """The parameters of each singer for one note. A single singer gets `params` unchanged."""
        if len(self.members) == 1:
            return [params]
        return [_as(member, params) for member in self.members]


def _members(choir: Choir) -> tuple[Member, ...]:
    n = int(choir.singers)
    if n == 1:
        return (Member(),)
    random_ = random.Random(choir.seed)
    normal = NormalDist().inv_cdf

    def uniform() -> float:
        return random_.random()

    def spread(deviation: float) -> list[float]:
        """n normal values, cut at 2.5 deviations and shifted to mean 0: even a choir of few singers is in tune."""
        values = [normal(0.006 + 0.988 * uniform()) for _ in range(n)]
        mean = sum(values) / n
        return [deviation * (value - mean) for value in values]

    cents, sizes, levels = spread(0.8 * choir.detune_cents), spread(choir.tract_spread), spread(choir.level_spread_db)
    loudness = 10.0 * log10(sum(10.0 ** (level / 10.0) for level in levels))
    places = [choir.spread * (2.0 * (i + 0.5) / n - 1.0) for i in range(n)]
    random_.shuffle(places)
    onsets = [choir.onset_spread_s * i / (n - 1) for i in range(n)]
    random_.shuffle(onsets)
    return tuple(
        Member(
            cents=cents[i],
            level_db=levels[i] - loudness,
            pan=places[i],
            tract_size=exp2(sizes[i]),
            vibrato_rate=0.97 + 0.06 * uniform(),
            vibrato_depth=0.85 + 0.3 * uniform(),
            vibrato_delay_s=0.2 * uniform(),  # more than one cycle, so the phases of the vibratos are independent
            onset_s=onsets[i],
            detune_cents=0.6 * choir.detune_cents,
            in_unison=1.0,
        )
        for i in range(n)
    )


def _as(member: Member, params: VoiceParams) -> VoiceParams:
    return made(as_singer(numbers_of(params), params.vowel, numbers_of_member(member), _LEAST, _MOST), params.algorithm)


numbers_of_member: Callable[[Member], tuple[float, ...]] = attrgetter(*(item.name for item in fields(Member)))
"""The numbers of a singer, in the order of touch/code.pxd."""

_LEAST, _MOST = tuple(r.low for r in VOICE_RANGES.values()), tuple(r.high for r in VOICE_RANGES.values())


class BankLike(Protocol):
    """What a choir needs of a bank. A method returns False when the bank's ring is full; it has done nothing then."""

    def note_on(self, key: int, params: Any, *, frame: int | None = None) -> bool: ...
    def update(self, key: int, params: Any, *, frame: int | None = None) -> bool: ...
    def note_off(self, key: int, *, frame: int | None = None) -> bool: ...
    def all_off(self, *, frame: int | None = None) -> bool: ...
    def set_volume(self, volume: float, *, frame: int | None = None) -> bool: ...


class ChoirBank:
    """A bank in which every note has several singers: the parameters of a note are a list with one entry per singer.

    `Choir.sing` and `Preset.voice_params` make such lists. Their lengths may differ from note to note. A note of n
    singers takes n voices of the bank. Keys must be below 2**57, because the bank's keys are 64 times larger.
    """

    def __init__(self, bank: BankLike) -> None:
        self._bank = bank
        self._sounding: dict[int, int] = {}

    def note_on(self, key: int, params: Sequence[VoiceParams], *, frame: int | None = None) -> bool:
        """Start the note with all its singers. False when the bank's ring is full: no singer starts then.

        error   ValueError for no singers, or for more than 64
        """
        if not 1 <= len(params) <= MOST_SINGERS:
            raise ValueError(f"a note of {len(params)} singers: 1 … {MOST_SINGERS} can sing it")
        for singer, each in enumerate(params):
            if not self._bank.note_on(sub_key(key, singer), each, frame=frame):
                # Release the singers that have started. The ring has a reserve for releases. If it is full as well,
                # the voice's lease ends the note.
                for begun in range(singer):
                    self._bank.note_off(sub_key(key, begun), frame=frame)
                return False
        self._sounding[key] = len(params)
        return True

    def update(self, key: int, params: Sequence[VoiceParams], *, frame: int | None = None) -> bool:
        """Change a held note to these singers: surplus singers are released, missing ones start.

        False when the ring was full for one of them. Call it again then: the parameters are a whole state. A key that
        does not sound is ignored, with True."""
        count = self._sounding.get(key, 0)
        if count == 0:
            return True  # a note that is over
        done = [
            self._bank.update(sub_key(key, singer), each, frame=frame) for singer, each in enumerate(params[:count])
        ]
        while count > len(params) and self._bank.note_off(sub_key(key, count - 1), frame=frame):
            count -= 1
        while count < len(params) and self._bank.note_on(sub_key(key, count), params[count], frame=frame):
            count += 1
        self._sounding[key] = count
        return all(done) and count == len(params)

    def note_off(self, key: int, *, frame: int | None = None) -> bool:
        """Release all singers. False when the ring was full for one of them: call it again, the note is held until
        then."""
        singers = range(self._sounding.get(key, 0))
        done = [self._bank.note_off(sub_key(key, singer), frame=frame) for singer in singers]
        if not all(done):
            return False
        self._sounding.pop(key, None)
        return True

    def all_off(self, *, frame: int | None = None) -> bool:
        """Release all notes. False when the ring was full: nothing is done then."""
        if not self._bank.all_off(frame=frame):
            return False
        self._sounding.clear()
        return True

    def set_volume(self, volume: float, *, frame: int | None = None) -> bool:
        """Set the master volume of the bank, as `Bank.set_volume`."""
        return self._bank.set_volume(volume, frame=frame)


def sub_key(key: int, singer: int) -> int:
    """The bank's key of one singer of a note."""
    return key * MOST_SINGERS + singer
