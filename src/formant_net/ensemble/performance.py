"""Voices in time: they begin, glide and end at moments that were given before, and many changes go in one message."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from formant_net.hand.gathering import Gathering, Pace
from formant_net.hand.limits import Limits
from formant_net.hand.vowels import USUAL, mixed, y_of
from formant_net.protocol.gesture import TimedTouch, Vowel
from formant_net.protocol.messages import MAX_FINGERS
from formant_net.timers.allowance import Allowance

GLIDE_STEP_S = 0.01
"""Seconds between two touches of a glide. A synth follows within 20 ms, so no step is heard."""
EFFORT = 0.5
"""Where a glide of effort begins if the voice had none of its own."""


@dataclass(frozen=True, slots=True)
class Tone:
    """What a voice sings at one moment.

    note     MIDI number
    vowel    by name, a place 0…1, or on the way between some
    effort   0…1; None: the preset's own, or by `vel`
    """

    note: float
    vowel: Vowel = "a"
    effort: float | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """Where a glide goes; None stays as it is."""

    note: float | None = None
    vowel: Vowel | None = None
    effort: float | None = None


@dataclass(frozen=True, slots=True)
class Touches:
    """Fingers that changed, all at one moment: one message. `synths`: who hears a finger, by id; without it, all."""

    touches: list[TimedTouch]
    synths: Mapping[int | str, Collection[str]]


@dataclass(frozen=True, slots=True)
class Over:
    """A voice has ended. `left_out`: why it did not sound at all, in words; else empty."""

    voice: int
    left_out: str = ""


@dataclass(slots=True)
class _Voice:
    tone: Tone
    vel: float | None
    synths: Collection[str] | None
    glide: tuple[float, float, Tone, Tone] | None = None
    """When it began and ends, and from what to what."""
    ending: bool = False
    sent: TimedTouch | None = None

    def at(self, now: float) -> Tone:
        """What it sings now."""
        if self.glide is None:
            return self.tone
        begin, end, first, last = self.glide
        if now >= end:
            return last
        return between(first, last, (now - begin) / (end - begin))


@dataclass(order=True, slots=True)
class _Event:
    at: float
    rank: int
    """Ends come before beginnings of the same moment."""
    order: int
    voice: int = field(compare=False)
    do: _Voice | tuple[Change, float] | None = field(compare=False)
    """A beginning, a glide with its length in s, or the end."""


def between(first: Tone, last: Tone, share: float) -> Tone:
    """The tone at `share` (0…1) of the way: pitch in semitones, effort and vowel in equal steps."""
    share = min(max(share, 0.0), 1.0)
    effort = last.effort
    if effort is not None:
        begin = EFFORT if first.effort is None else first.effort
        effort = begin + share * (effort - begin)
    return Tone(first.note + share * (last.note - first.note), mixed(first.vowel, last.vowel, share), effort)


class Performance:
    """The core. `now` is s of one monotonic clock; it never decreases.

    What is due happens at once, also in the call that asks for it. What comes late does not shift what comes after it.

    limits    fingers that one synth hears, and new notes a second, at most
    """

    def __init__(self, limits: Limits | None = None, *, now: float = 0.0) -> None:
        self._limits = limits or Limits()
        self._gathering = Gathering(Pace(gather_s=GLIDE_STEP_S))
        self._allowance = Allowance(self._limits.notes_per_s, self._limits.notes_burst, now)
        self._numbers, self._order = itertools.count(1), itertools.count()
        self._events: list[_Event] = []
        self._voices: dict[int, _Voice] = {}
        self._alive: set[int] = set()
        """Voices that are planned or down."""
        self._ends: set[int] = set()
        """Those of them whose end is planned."""
        self._out: list[Touches | Over] = []

    @property
    def busy(self) -> bool:
        """True while something is planned: a beginning, a glide or an end. A voice that is only held does not count."""
        return bool(self._events) or any(voice.ending or voice.glide for voice in self._voices.values())

    @property
    def sounding(self) -> int:
        """Voices that are down."""
        return len(self._voices)

    def planned(self, voice: int) -> bool:
        """Whether its end is planned, or it is over."""
        return voice in self._ends or voice not in self._alive

    # --- in ------------------------------------------------------------------------------------------------------

    def new_voice(self) -> int:
        """A number for `start`."""
        return next(self._numbers)

    def start(
        self, voices: Mapping[int, Tone], vel: float | None, synths: Collection[str] | None, at: float, now: float
    ) -> None:
        """Voices begin together at `at`, sung by the synths with these ids, or by all."""
        for voice, tone in voices.items():
            self._alive.add(voice)
            self._plan(at, 1, voice, _Voice(tone, vel, synths))
        self._step(now)

    def glide(self, voice: int, change: Change, seconds: float, at: float, now: float) -> None:
        """From `at` on it moves for `seconds` (0: at once). A glide that is under way ends where it is."""
        self._plan(at, 2, voice, (change, seconds))
        self._step(now)

    def end(self, voice: int, at: float, now: float) -> None:
        """It ends at `at`."""
        if voice in self._alive:
            self._ends.add(voice)
            self._plan(at, 0, voice, None)
        self._step(now)

    def end_now(self, voice: int, now: float) -> None:
        """It ends now, and what was planned for it is dropped."""
        self._events = [event for event in self._events if event.voice != voice]
        heapq.heapify(self._events)
        if (known := self._voices.get(voice)) is not None:
            known.ending = True
            self._gathering.end(voice)
        elif voice in self._alive:
            self._over(voice)
        self._step(now)

    def all_off(self, now: float) -> None:
        """Every voice ends at once, and nothing is planned any more."""
        self._events.clear()
        for number in sorted(self._alive):
            self._gathering.end_now(number)
            voice = self._voices.get(number)
            if voice is None or voice.sent is None:
                self._voices.pop(number, None)
                self._over(number)
            else:
                voice.ending = True
        self._step(now)

    # --- out -----------------------------------------------------------------------------------------------------

    def next_deadline(self) -> float | None:
        """When `on_deadline` has something to do, s; in the past: at once. None: nothing is waiting."""
        moments = [self._events[0].at] if self._events else []
        if (due := self._gathering.due_at()) is not None:
            moments.append(due)
        return min(moments, default=None)

    def on_deadline(self, now: float) -> None:
        """Time passes."""
        self._step(now)

    def drain(self) -> list[Touches | Over]:
        """What came out since the last call."""
        out, self._out = self._out, []
        return out

    # --- inside --------------------------------------------------------------------------------------------------

    def _plan(self, at: float, rank: int, voice: int, do: _Voice | tuple[Change, float] | None) -> None:
        heapq.heappush(self._events, _Event(at, rank, next(self._order), voice, do))

    def _step(self, now: float) -> None:
        while self._events and self._events[0].at <= now:
            event = heapq.heappop(self._events)
            if isinstance(event.do, _Voice):
                self._begin(event.voice, event.do, now)
            elif (voice := self._voices.get(event.voice)) is None:
                continue  # it was left out, or has ended
            elif event.do is None:
                voice.ending = True
                self._gathering.end(event.voice)
            else:
                self._turn(event.voice, voice, *event.do, at=event.at)
        self._send(now)

    def _begin(self, number: int, voice: _Voice, now: float) -> None:
        if why := self._no_room(voice.synths, now):
            self._over(number, why)
            return
        self._allowance.take(now)
        self._voices[number] = voice
        self._gathering.start(number)

    def _no_room(self, synths: Collection[str] | None, now: float) -> str:
        """Why no voice can begin, in words; else empty."""
        if not self._allowance.some(now):
            return f"more than {self._limits.notes_per_s:g} new notes a second"
        sounding = [voice for voice in self._voices.values() if not voice.ending]
        if len(sounding) >= MAX_FINGERS:
            return f"{MAX_FINGERS} voices sound already"
        heard = sum(
            voice.synths is None or synths is None or not set(synths).isdisjoint(voice.synths) for voice in sounding
        )
        return f"a synth would have to sing more than {self._limits.fingers} voices" * (heard >= self._limits.fingers)

    def _turn(self, number: int, voice: _Voice, change: Change, seconds: float, *, at: float) -> None:
        first = voice.at(at)
        last = Tone(
            first.note if change.note is None else change.note,
            first.vowel if change.vowel is None else change.vowel,
            first.effort if change.effort is None else change.effort,
        )
        voice.tone, voice.glide = last, (at, at + seconds, first, last) if seconds > 0.0 else None
        self._gathering.move(number)

    def _send(self, now: float) -> None:
        batch = self._gathering.take(now)
        if batch is None:
            return
        touches, synths = [], {}
        for number in batch.up:
            voice = self._voices.pop(number)
            if voice.sent is not None:
                touches.append(replace(voice.sent, t=now, active=False))
        for number in batch.down:
            voice = self._voices[number]
            voice.sent = _touch(number, voice.at(now), voice.vel, now)
            touches.append(voice.sent)
            if voice.synths is not None:
                synths[voice.sent.id] = voice.synths
            if voice.glide is not None:
                if now < voice.glide[1]:
                    self._gathering.move(number)  # its next step
                else:
                    voice.glide = None
        self._out.append(Touches(touches, synths))
        for number in batch.up:
            self._over(number)

    def _over(self, voice: int, left_out: str = "") -> None:
        self._alive.discard(voice)
        self._ends.discard(voice)
        self._out.append(Over(voice, left_out))


def _touch(number: int, tone: Tone, vel: float | None, now: float) -> TimedTouch:
    y = y_of(tone.vowel, USUAL)
    return TimedTouch(
        now, f"voice-{number}", None, 0.0 if y is None else round(y, 4),
        None if tone.effort is None else round(tone.effort, 4),
        note=round(tone.note, 4), vel=vel, vowel=tone.vowel,
    )  # fmt: skip
