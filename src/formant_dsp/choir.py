"""One touch, n singers: each with an own voice, and none of them exactly on time.

A `Choir` says, once and repeatably, in what its singers differ. `ChoirBank` stands before a bank and turns every note
into n, so that whoever plays need not know how many sing.

Detune of ± 10 cents and onsets spread over 10 … 40 ms keep voices apart to the ear (below 2 ms two onsets are one). A
late singer has a `delay_s`: the bank begins his note so much after the event, exact to the frame.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import exp2, log10
from statistics import NormalDist
from typing import Any, Protocol

from formant_dsp.params import RANGES as VOICE_RANGES
from formant_dsp.params import Range, VoiceParams
from formant_dsp.tract import scaled
from formant_dsp.vowels import Vowel

MOST_SINGERS = 64
"""Sub-keys of a note: key · 64 + singer, so no two notes share one."""

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
    """What one singer differs in from the note that is asked for."""

    cents: float = 0.0
    level_db: float = 0.0
    pan: float = 0.0
    tract_size: float = 1.0
    vibrato_rate: float = 1.0
    vibrato_depth: float = 1.0
    vibrato_delay_s: float = 0.0
    onset_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Choir:
    """The singers of one touch.

    singers          1 … 64
    detune_cents     0 … 50, standard deviation of the pitch; together they are in tune
    spread           0 … 1, width of the room they stand in (-1 left … 1 right)
    onset_spread_s   0 … 0.2, the last begins so much later than the first
    tract_spread     0 … 0.2, standard deviation of the length of the tract
    level_spread_db  0 … 6, standard deviation; together they are as loud as one
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
        """What each singer does with one note. One singer alone does exactly what is asked for."""
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
        """n values around 0: their mean is 0, so that a choir of few is in tune as well, none beyond 2.5 deviations."""
        values = [normal(0.006 + 0.988 * uniform()) for _ in range(n)]
        mean = sum(values) / n
        return [deviation * (value - mean) for value in values]

    cents, sizes, levels = spread(choir.detune_cents), spread(choir.tract_spread), spread(choir.level_spread_db)
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
            vibrato_rate=0.92 + 0.16 * uniform(),
            vibrato_depth=0.7 + 0.6 * uniform(),
            vibrato_delay_s=0.2 * uniform(),  # a cycle and more: their phases have nothing to do with each other
            onset_s=onsets[i],
        )
        for i in range(n)
    )


def _as(member: Member, params: VoiceParams) -> VoiceParams:
    vowel = params.vowel
    changes: dict[str, Any] = {
        "f0_hz": _within("f0_hz", params.f0_hz * exp2(member.cents / 1200.0)),
        "level_db": _within("level_db", params.level_db + member.level_db),
        "vowel": Vowel(scaled(vowel.frequency_hz, member.tract_size), vowel.bandwidth_hz, vowel.level_db),
        "vibrato_cents": _within("vibrato_cents", params.vibrato_cents * member.vibrato_depth),
        "vibrato_hz": _within("vibrato_hz", params.vibrato_hz * member.vibrato_rate),
        "vibrato_delay_s": _within("vibrato_delay_s", params.vibrato_delay_s + member.vibrato_delay_s),
        "delay_s": _within("delay_s", params.delay_s + member.onset_s),
        "pan": _within("pan", params.pan + member.pan),
    }
    return replace(params, **changes)


def _within(name: str, value: float) -> float:
    bounds = VOICE_RANGES[name]
    return min(max(value, bounds.low), bounds.high)


class BankLike(Protocol):
    """What a choir needs of a bank: False says that it is full and nothing was done."""

    def note_on(self, key: int, params: Any, *, frame: int | None = None) -> bool: ...
    def update(self, key: int, params: Any, *, frame: int | None = None) -> bool: ...
    def note_off(self, key: int, *, frame: int | None = None) -> bool: ...
    def all_off(self, *, frame: int | None = None) -> bool: ...
    def set_volume(self, volume: float, *, frame: int | None = None) -> bool: ...


class ChoirBank:
    """A bank in which every note has several singers: the parameters of a note are a list, one entry a singer.

    `Choir.sing` and `Preset.voice_params` make such lists; their lengths may differ from note to note. Keys below 2**57
    (the bank's are 64 times as many). Needs n voices of the bank a note.
    """

    def __init__(self, bank: BankLike) -> None:
        self._bank = bank
        self._sounding: dict[int, int] = {}

    def note_on(self, key: int, params: Sequence[VoiceParams], *, frame: int | None = None) -> bool:
        """All singers begin, or none: False when the bank's ring is full."""
        if not 1 <= len(params) <= MOST_SINGERS:
            raise ValueError(f"a note of {len(params)} singers: 1 … {MOST_SINGERS} can sing it")
        for singer, each in enumerate(params):
            if not self._bank.note_on(sub_key(key, singer), each, frame=frame):
                # Who has begun stops again. The ring keeps a reserve for that; beyond it the voice's lease ends it.
                for begun in range(singer):
                    self._bank.note_off(sub_key(key, begun), frame=frame)
                return False
        self._sounding[key] = len(params)
        return True

    def update(self, key: int, params: Sequence[VoiceParams], *, frame: int | None = None) -> bool:
        """The note goes on as these singers: who is one too many stops, who is missing begins.

        False when the ring was full for one of them: say it again, it is a state."""
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
        """All singers end. False when the ring was full for one: ask again, until then the note is held."""
        singers = range(self._sounding.get(key, 0))
        done = [self._bank.note_off(sub_key(key, singer), frame=frame) for singer in singers]
        if not all(done):
            return False
        self._sounding.pop(key, None)
        return True

    def all_off(self, *, frame: int | None = None) -> bool:
        if not self._bank.all_off(frame=frame):
            return False
        self._sounding.clear()
        return True

    def set_volume(self, volume: float, *, frame: int | None = None) -> bool:
        return self._bank.set_volume(volume, frame=frame)


def sub_key(key: int, singer: int) -> int:
    """The bank's key of one singer of a note."""
    return key * MOST_SINGERS + singer
