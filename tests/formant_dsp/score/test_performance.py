"""Performances: notes and gestures become events at the right frames, for all singers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from formant_dsp import HOP, Bank, VoiceParams, sung
from formant_dsp.model.choir import sub_key
from formant_dsp.model.presets import load
from formant_dsp.score.performance import (
    RELEASE_S,
    end_of,
    finger_on_path,
    finger_on_plane,
    gesture_events,
    line,
    note_events,
)
from formant_dsp.score.score import render_score

RATE = 48000


@dataclass
class Finger:
    t: float
    id: int | str = 0
    x: float | None = 0.5
    y: float = 0.0
    z: float | None = None
    active: bool = True
    note: float | None = None
    vel: float | None = None


def test_a_line_is_straight_in_log_pitch_and_reaches_both_ends() -> None:
    vowels = sung("alto")
    way = line(VoiceParams(f0_hz=100.0, vowel=vowels["u"]), 400.0, vowels["i"])
    assert [round(way(share)[0].f0_hz, 9) for share in (0.0, 0.5, 1.0)] == [100.0, 200.0, 400.0]
    assert way(0.0)[0].vowel.frequency_hz == pytest.approx(vowels["u"].frequency_hz)
    assert way(1.0)[0].vowel.frequency_hz == pytest.approx(vowels["i"].frequency_hz)


def test_a_finger_goes_from_place_to_place() -> None:
    tenor, child = load("tenor"), load("child")
    way = finger_on_path(tenor, (0.0, 1.0), (0.0, 0.5))
    assert way(0.5)[0].f0_hz == pytest.approx(tenor.voice_params(0.5, 0.25)[0].f0_hz)
    assert way(0.5)[0].vowel == tenor.voice_params(0.5, 0.25)[0].vowel
    way = finger_on_plane(child, (0.2, 0.4), (0.1, 0.9), (1.0, 0.0))
    assert way(1.0) == child.voice_params(0.4, 0.0, place=(1.0, 0.0))


def test_a_note_that_stands_has_one_event_and_one_that_moves_one_a_hop() -> None:
    way = line(VoiceParams(f0_hz=100.0), 200.0, VoiceParams().vowel)
    frames = 2 * RATE
    release = frames - round(RELEASE_S * RATE)
    assert [event.frame for event in note_events(way, frames, RATE, moves=False)] == [0, release]
    moving = list(note_events(way, frames, RATE, moves=True))
    assert [event.frame for event in moving] == [*range(0, release, HOP), release]
    assert moving[-1].params is None
    short = list(note_events(way, 1000, RATE, moves=False))
    assert short[-1].frame == 500


def test_a_gesture_gives_each_finger_a_key_of_its_own_and_a_new_one_when_it_comes_again() -> None:
    touches = [
        Finger(0.0, "a"), Finger(0.5, "b", x=0.7), Finger(0.6, "a", x=0.6), Finger(1.0, "a", active=False),
        Finger(1.1, "a"), Finger(1.2, "stranger", active=False), Finger(1.5, "a", active=False),
    ]  # fmt: skip
    events, frames = gesture_events(touches, load("plain"), 0.0, RATE)
    assert frames == round((1.5 + RELEASE_S) * RATE)
    keys = [event.key for event in events]
    assert [event.frame for event in events] == [round(t * RATE) for t in (0.0, 0.5, 0.6, 1.0, 1.1, 1.5, 1.5)]
    assert keys[0] == keys[2] == keys[3]
    assert keys[4] == keys[5]
    assert len(set(keys)) == 3


def test_every_singer_of_a_choir_begins_and_ends() -> None:
    choir = load("choir")
    events, _ = gesture_events([Finger(0.0), Finger(1.0, active=False)], choir, 0.0, RATE)
    singers = len(choir.voice_params(0.5, 0.0))
    assert singers > 1
    assert [event.key for event in events] == [sub_key(1, i) for i in range(singers)] * 2
    assert [event.params is None for event in events] == [False] * singers + [True] * singers


def test_width_spreads_low_notes_to_the_left_and_high_ones_to_the_right() -> None:
    touches = [Finger(0.0, "low", x=0.0), Finger(0.0, "high", x=1.0), Finger(0.0, "note", x=None, note=69.0)]
    narrow, wide = (gesture_events(touches, load("plain"), width, RATE)[0] for width in (0.0, 1.0))
    assert [event.params.pan for event in narrow if event.params] == [0.0] * 3
    low, high, middle = (event.params.pan for event in wide if event.params)
    assert low == -1.0
    assert high == 1.0
    assert -1.0 < middle < 1.0


@pytest.mark.parametrize("name", ["plain", "chime", "glassy", "zing", "giant", "vintage", "choir"])
def test_a_gesture_ends_when_its_sound_has(name: str) -> None:
    events, frames = gesture_events([Finger(0.0), Finger(0.4, active=False)], load(name), 0.0, RATE)
    bank = Bank(voices=8, ring_capacity=64)
    sound = np.concatenate(list(render_score(bank, events, frames)))
    assert bank.active == 0
    assert not sound[-1:].any()
    assert np.abs(sound[: round(0.4 * RATE)]).max() > 0.01
    assert frames == max(round((0.4 + RELEASE_S) * RATE), end_of(events, RATE))


def test_a_finger_that_is_still_down_is_lifted_after_the_last_touch() -> None:
    events, frames = gesture_events([Finger(0.0), Finger(0.5, x=0.6)], load("plain"), 0.0, RATE)
    assert events[-1].params is None
    assert events[-1].frame == round(0.5 * RATE) < frames
