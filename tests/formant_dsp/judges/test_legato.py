"""Judge 13, legato: a jump of a finger is sung in its own time, a slide is followed, and neither sounds like a key."""

from __future__ import annotations

import numpy as np
import pytest
from support.judges.judge import Judge, at_most, between
from support.judges.signals import RATE, still
from support.sound.pitch import PURE, cents
from support.sound.spectrum import Array

from formant_dsp import Bank, VoiceParams, sung

MIDDLE = Judge(
    13, "jump of 2, 5, 12 semitones: middle 75 % re the law of singers", "×", between(0.6, 3.0), between(0.8, 1.5)
)
OVERSHOOT = Judge(13, "same, overshoot", "%", between(0.0, 20.0), between(4.5, 14.0))
OVERSHOOT_CENTS = Judge(13, "same, overshoot", "cents", at_most(120.0), at_most(80.0))
DIP = Judge(13, "level dip of a join", "dB", between(0.0, 4.0), between(0.5, 2.5))
LATE = Judge(13, "a finger that slides 4 … 30 semitones a second: how late the pitch follows", "ms", at_most(20.0))


def pitch_of(moves: list[tuple[float, float]], seconds: float, **fields: float) -> Array:
    """Cents re 440 Hz of a pure tone that begins there; moves are (seconds, semitones re 440 Hz)."""
    bank = Bank(ring_capacity=4096)

    def params(semitones: float) -> VoiceParams:
        return still(f0_hz=440.0 * 2 ** (semitones / 12), vowel=PURE, algorithm="poisson", **fields)

    assert bank.note_on(1, params(0.0))
    for at, semitones in moves:
        assert bank.update(1, params(semitones), frame=int(at * RATE))
    return cents(bank.render(int(seconds * RATE)).astype(np.float64), 440.0, RATE)


@pytest.mark.parametrize("semitones", [2.0, 5.0, 12.0, -2.0, -5.0, -12.0])
def test_a_jump_takes_its_time_and_overshoots_a_little(semitones: float) -> None:
    got = pitch_of([(0.5, semitones)], 1.5)[RATE // 2 :] / (100.0 * semitones)
    up = semitones > 0
    size = abs(semitones)
    law = (0.0896 + 0.0087 * size if up else 0.1004 + 0.0058 * size) / 2
    MIDDLE.hold((np.argmax(got > 0.875) - np.argmax(got > 0.125)) / RATE / law, semitones)
    over = got[: RATE // 2].max() - 1.0
    OVERSHOOT.hold(100 * over, semitones)
    OVERSHOOT_CENTS.hold(100 * over * size, semitones)
    assert abs(np.mean(got[int(0.4 * RATE) : int(0.6 * RATE)]) - 1.0) * size * 100 < 0.1


def test_two_octaves_overshoot_by_less_than_a_semitone_and_legato_stretches_the_time() -> None:
    wide = pitch_of([(0.5, 24.0)], 1.5)[RATE // 2 :]
    OVERSHOOT_CENTS.hold(wide[: RATE // 2].max() - 2400.0, 24)
    times = []
    for legato in (0.5, 1.0, 2.5):
        got = pitch_of([(0.5, 7.0)], 1.7, legato=legato)[RATE // 2 :] / 700.0
        times.append((np.argmax(got > 0.875) - np.argmax(got > 0.125)) / RATE)
    assert times[1] / times[0] == pytest.approx(2.0, rel=0.1)
    assert times[2] / times[1] == pytest.approx(2.5, rel=0.05)


@pytest.mark.parametrize("speed", [4.0, 12.0, 30.0])
@pytest.mark.parametrize("rate_hz", [50.0, 120.0])
def test_a_slide_is_followed(speed: float, rate_hz: float) -> None:
    """Steps of a screen: none of them is a jump, also where one is larger than a semitone after two of the like."""
    steps = [(0.5 + i / rate_hz, speed * i / rate_hz) for i in range(1, int(12.0 / speed * rate_hz) + 1)]
    got = pitch_of(steps, 0.5 + 12.0 / speed + 0.3)
    asked = np.interp(np.arange(len(got)) / RATE, [0.5, 0.5 + 12.0 / speed], [0.0, 1200.0])
    middle = slice(int((0.5 + 3.0 / speed) * RATE), int((0.5 + 10.0 / speed) * RATE))
    LATE.hold(1e3 * np.mean((asked - got)[middle]) / (100 * speed) - 500.0 / rate_hz, (speed, rate_hz))
    assert got[RATE // 4 : -RATE // 8].max() < 1202.0  # no overshoot: the finger's motion is the curve


def test_a_step_below_a_semitone_is_a_slide_and_one_above_is_a_join() -> None:
    below, above = (pitch_of([(0.5, step)], 1.2)[RATE // 2 :] / (100 * step) for step in (0.95, 1.05))
    times = [(np.argmax(got > 0.875) - np.argmax(got > 0.125)) / RATE for got in (below, above)]
    assert times[0] < 0.025 < 0.04 < times[1]
    assert below[: RATE // 2].max() < 1.002 < 1.05 < above[: RATE // 2].max()


def test_portamento_is_an_override() -> None:
    got = pitch_of([(0.5, 12.0)], 1.5, portamento_s=0.2)[RATE // 2 :] / 1200.0
    assert (np.argmax(got > 0.9) - np.argmax(got > 0.1)) / RATE == pytest.approx(0.2, rel=0.02)
    assert got[: RATE // 2].max() < 1.002


def levels(events: list[tuple[float, str, float]], seconds: float, **fields: float) -> Array:
    """Level of every millisecond, dB, over two periods; events are (seconds, "on" or "off", Hz)."""
    bank = Bank()
    for at, what, hz in events:
        if what == "off":
            assert bank.note_off(1, frame=int(at * RATE))
        else:
            params = still(f0_hz=hz, vowel=sung("tenor")["a"], resonance=0.0, **fields)
            assert bank.note_on(1, params, frame=int(at * RATE))
    power = np.convolve(bank.render(int(seconds * RATE)).astype(np.float64) ** 2, np.ones(480) / 480, "same")
    return np.asarray(10 * np.log10(power[::48] + 1e-20))


def test_a_join_dips_a_little_and_a_note_struck_again_dips_more() -> None:
    joined = levels([(0.0, "on", 200.0), (0.6, "on", 225.0)], 1.0)
    again = levels([(0.0, "on", 200.0), (0.6, "off", 0.0), (0.6, "on", 225.0)], 1.0)
    before = np.median(joined[400:580])
    DIP.hold(before - joined[600:700].min())
    struck = before - again[600:700].min()
    assert 6.0 < struck < 15.0
    below = np.flatnonzero(again[590:800] < before - 6.0)
    assert 15 < len(below) < 80  # ms
    assert again[900] == pytest.approx(joined[900], abs=0.5)


def test_vibrato_goes_on_through_a_join_and_begins_anew_when_struck_again() -> None:
    """Depth after the change, in windows of a cycle: half and back, against none and the delay."""
    depth = {}
    for how in ("join", "again"):
        bank = Bank(seed=2)
        life = {
            "vibrato_cents": 60.0, "vibrato_delay_s": 0.3, "vibrato_fade_s": 0.2, "vibrato_drift_percent": 0.0,
            "vibrato_spread": 0.0, "vibrato_hz": 6.0,
        }  # fmt: skip
        for at, hz in ((0.0, 440.0), (1.5, 493.883)):
            if at and how == "again":
                assert bank.note_off(1, frame=int(at * RATE))
            params = VoiceParams(f0_hz=hz, vowel=PURE, algorithm="poisson", **life)
            assert bank.note_on(1, params, frame=int(at * RATE))
        got = cents(bank.render(3 * RATE).astype(np.float64), 493.883, RATE)[3 * RATE // 2 :]
        cycle = RATE // 6
        depth[how] = [float(np.ptp(got[i * cycle : (i + 1) * cycle])) / 2 for i in range(8)]
    assert 45.0 < depth["join"][2] < 65.0  # after 0.33 s
    assert depth["again"][1] < 10.0  # 0.17 … 0.33 s: the delay runs
    assert depth["again"][6] == pytest.approx(depth["join"][6], rel=0.15)


def test_a_slide_takes_the_vibrato_away() -> None:
    life = {"vibrato_cents": 60.0, "vibrato_delay_s": 0.0, "vibrato_drift_percent": 0.0, "vibrato_spread": 0.0}
    steps = [(1.0 + i / 100, 0.12 * i) for i in range(1, 101)]
    got = pitch_of(steps, 2.8, **life)
    slope = np.polyfit(np.arange(RATE // 2), got[int(1.3 * RATE) : int(1.8 * RATE)], 1)
    left = got[int(1.3 * RATE) : int(1.8 * RATE)] - np.polyval(slope, np.arange(RATE // 2))
    assert np.abs(left).max() < 15.0
    assert np.ptp(got[int(2.4 * RATE) : int(2.7 * RATE)]) > 90.0
