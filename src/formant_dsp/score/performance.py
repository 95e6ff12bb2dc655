"""A performance: notes and touches of a preset as events of a score."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from formant_dsp.model.choir import sub_key
from formant_dsp.model.params import HOP, VoiceParams, trusted
from formant_dsp.model.placement import pan_of
from formant_dsp.model.vowels import Vowel
from formant_dsp.score.score import Event

if TYPE_CHECKING:
    from formant_dsp.model.presets import Preset

RELEASE_S = 0.4
"""Seconds before the end of a performance at which its last note is released, so that the release is audible."""

FADE_SHARE = 1.5
"""Share of its release after which a note is silent: `release_s` is the time to -60 dB, and a voice ends at -96 dB."""

Way = Callable[[float], list[VoiceParams]]
"""The parameters of each singer of a note after a share 0 … 1 of its length."""


class Touch(Protocol):
    """One finger at one moment of a gesture; docs/play/gestures.md describes the fields."""

    @property
    def t(self) -> float:
        """Seconds since the start."""

    @property
    def id(self) -> int | str: ...
    @property
    def x(self) -> float | None: ...
    @property
    def y(self) -> float: ...
    @property
    def z(self) -> float | None: ...
    @property
    def active(self) -> bool:
        """False lifts the finger."""

    @property
    def note(self) -> float | None: ...
    @property
    def vel(self) -> float | None: ...


def line(first: VoiceParams, f0_hz: float, vowel: Vowel) -> Way:
    """One singer, who glides from `first` to another pitch (Hz) and vowel, linear in log pitch and log formants."""
    ratio = f0_hz / first.f0_hz
    return lambda share: [
        replace(first, f0_hz=first.f0_hz * math.pow(ratio, share), vowel=first.vowel.toward(vowel, share))
    ]


def finger_on_path(preset: Preset, x: tuple[float, float], y: tuple[float, float]) -> Way:
    """A finger without pressure that moves from the first to the second x and y, each 0 … 1. The vowels are a path."""
    return lambda share: preset.voice_params(_between(x, share), _between(y, share))


def finger_on_plane(
    preset: Preset, x: tuple[float, float], start: tuple[float, float], end: tuple[float, float]
) -> Way:
    """A finger without pressure on a plane of vowels, which moves in x and from one (backness, openness) to another.

    All values are 0 … 1.
    """
    (u, s), (v, t) = zip(start, end, strict=True)
    return lambda share: preset.voice_params(
        _between(x, share), 0.0, place=(_between((u, s), share), _between((v, t), share))
    )


def _between(ends: tuple[float, float], share: float) -> float:
    return ends[0] + share * (ends[1] - ends[0])


def note_events(way: Way, frames: int, sample_rate: int, *, moves: bool) -> Iterator[Event]:
    """The events of one note that fills a performance.

    way      parameters of its singers over time
    frames   length of the performance; the release is inside it
    moves    True: new parameters every hop; False: only those at the start
    """
    release = max(frames - round(RELEASE_S * sample_rate), frames // 2)
    for frame in range(0, release, HOP) if moves else (0,):
        singers = way(frame / release)
        yield from (Event(frame, sub_key(1, i), each) for i, each in enumerate(singers))
    yield from (Event(release, sub_key(1, i), None) for i in range(len(singers)))


def gesture_events(touches: Iterable[Touch], preset: Preset, width: float, sample_rate: int) -> tuple[list[Event], int]:
    """The events of a gesture on a preset, and its length in frames until its sound has ended.

    A finger that is still down after the last touch is lifted there.

    touches   sorted by time
    width     0 … 1: how far the notes are spread over the channels, low ones on the left; 0: at the preset's places
    """
    notes: dict[int | str, tuple[int, int]] = {}
    events: list[Event] = []
    end_s = 0.0
    for touch in touches:
        end_s = touch.t
        frame = round(touch.t * sample_rate)
        if touch.active:
            # A finger that comes down again starts a new note, so that the old note keeps its release.
            params = sung(touch, preset, width)
            key, _ = notes.setdefault(touch.id, (len(events) + 1, len(params)))
            events += [Event(frame, sub_key(key, i), each) for i, each in enumerate(params)]
        elif touch.id in notes:
            key, singers = notes.pop(touch.id)
            events += [Event(frame, sub_key(key, i), None) for i in range(singers)]
    for key, singers in notes.values():
        events += [Event(round(end_s * sample_rate), sub_key(key, i), None) for i in range(singers)]
    return events, max(round((end_s + RELEASE_S) * sample_rate), end_of(events, sample_rate))


def end_of(events: Iterable[Event], sample_rate: int) -> int:
    """The frame at which the sound of all released notes has ended (-96 dB); notes without a release do not count."""
    sounding: dict[int, VoiceParams] = {}
    end = 0
    for event in events:
        if event.params is not None:
            sounding.setdefault(event.key, event.params)  # the release is read at the start of a note
        elif (first := sounding.pop(event.key, None)) is not None:
            tail_s = first.delay_s + FADE_SHARE * first.release_s
            end = max(end, event.frame + math.ceil(tail_s * sample_rate) + 4 * HOP)
    return end


def sung(touch: Touch, preset: Preset, width: float) -> list[VoiceParams]:
    """The parameters of each singer of a preset for one touch, with its pan; `width` as in `gesture_events`."""
    params = preset.voice_params(touch.x, touch.y, touch.z, note=touch.note, vel=touch.vel)
    if width == 0.0:
        return params
    x = preset.x_of(preset.pitch_hz(None, touch.note)) if touch.x is None else touch.x
    return [trusted(each, {"pan": pan_of(x, width, each.pan)}) for each in params]
