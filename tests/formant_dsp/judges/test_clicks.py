"""Judge 6, clicks and zipper: whatever moves, nothing sounds above the voice, and no frame stands out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import firwin, lfilter
from support.judges.judge import Judge, at_most
from support.judges.signals import RATE, held, moved, steady, still, sweep
from support.sound.spectrum import ABOVE_THE_AIR_HZ, Array, click_frames, high_band_db, third_difference_db

from formant_dsp import ALGORITHMS, Bank, VoiceParams, Vowel, VowelPath, isas, sung
from formant_dsp.model.formant import index_of_width
from formant_dsp.model.params import trusted
from formant_dsp.model.presets import load, names

VOWEL_U, VOWEL_I = sung("tenor")["u"], sung("tenor")["i"]
LOW, HIGH = (Vowel((500, f2, 2600, 3200, 3500), (80, 100, 120, 130, 140), (0, -6, -12, -18, -30)) for f2 in (700, 2400))
FIVE_HZ, FIVE_DB = (600, 1200, 2500, 3300, 3900), (0, -6, -12, -18, -24)
SHARP, BLUNT = Vowel(FIVE_HZ, (44,) * 5, FIVE_DB), Vowel(FIVE_HZ, (2000,) * 5, FIVE_DB)
"""Index 0.2 and 30 at 220 Hz: the widest formant there is."""


def energy(what: str, passes: float, good: float, why: str = "") -> Judge:
    return Judge(6, f"high band: {what}", "dB", at_most(passes), at_most(good), why=why)


JUMP_10 = energy("vowel u to i in 10 ms", -60.0, -66.0)
JUMP_50 = energy("vowel u to i in 50 ms", -70.0, -76.0)
SWEEP_10 = energy("F2 700 to 2,400 Hz in 10 ms", -60.0, -66.0)
SWEEP_50 = energy("F2 700 to 2,400 Hz in 50 ms", -70.0, -76.0)
GLIDE = energy("glide of an octave in 200 ms", -85.0, -95.0)
WIDTHS = energy("widths 44 to 2,000 Hz in 50 ms", -70.0, -76.0)
LEVEL = energy("level -80 to 0 dB at once", -60.0, -66.0)
ON_OFF = energy("note on and off", -60.0, -66.0)
STOLEN = energy("a stolen voice", -60.0, -66.0)
VIBRATO = energy("vibrato of ± 100 cents", -95.0, -105.0)
FINGER = energy("finger that jumps at 60 Hz, pitch and vowel", -75.0, -88.0)
JUMPS = energy("pitch jumps up to two octaves, at 5 ms and at the preset's own portamento", -60.0, -60.0)
JUMPS_ALONE = Judge(6, "same, residue voice: loudest 2.7 ms re the rms", "dB", at_most(-45.0), at_most(-60.0),
                    why="a pitch that moves two octaves in 20 ms is itself so wide")  # fmt: skip
TOGETHER = energy("pitch and vowel jump together, in every preset, 44.1, 48 and 96 kHz", -60.0, -60.0)
SHORT = energy("rise in 5 to 30 ms, fall in 20 and 30 ms, in every preset, 44.1, 48 and 96 kHz", -60.0, -66.0)
PRESETS = energy("a held note gets the numbers of another preset", -60.0, -60.0)
STATIC = energy("nothing moves", -120.0, -140.0, why="rounding to 24 bits of mantissa")
THIRD = Judge(6, "third difference re the peak, any of these", "dB", at_most(-20.0), at_most(-20.0))
LOCAL = Judge(6, "frames of 2.7 ms that stand out by 20 dB, any of these", "frames", at_most(0), at_most(0))
LOCAL_RESIDUE = Judge(
    6, "same, residue voice while its vowel changes", "frames", at_most(0), at_most(0),
)  # fmt: skip
LAST = Judge(6, "last frame of a note re its peak", "dB", at_most(-80.0), at_most(-80.0))

MOVES = {
    JUMP_10: (still(f0_hz=220, vowel=VOWEL_U), still(f0_hz=220, vowel=VOWEL_I), 0.010, 7000.0),
    JUMP_50: (still(f0_hz=220, vowel=VOWEL_U), still(f0_hz=220, vowel=VOWEL_I), 0.050, 7000.0),
    SWEEP_10: (still(f0_hz=220, vowel=LOW), still(f0_hz=220, vowel=HIGH), 0.010, 7000.0),
    SWEEP_50: (still(f0_hz=110, vowel=LOW), still(f0_hz=110, vowel=HIGH), 0.050, 7000.0),
    GLIDE: (still(f0_hz=110), still(f0_hz=220), 0.200, 7000.0),
    # F5 + 80 dB of the lobe + 1 kHz: there lies the voice itself below
    WIDTHS: (still(f0_hz=220, vowel=SHARP), still(f0_hz=220, vowel=BLUNT), 0.050, 10_200.0),
    LEVEL: (still(f0_hz=220, level_db=-80), still(f0_hz=220), 0.0, 7000.0),
}


def judge(energy_of: Judge, y: Array, above_hz: float = 7000.0, case: object = "", local: bool = True) -> None:
    energy_of.hold(high_band_db(y, RATE, above_hz), case)
    THIRD.hold(third_difference_db(y), (energy_of.what, case))
    if local:
        LOCAL.hold(click_frames(y, RATE, above_hz), (energy_of.what, case))


@pytest.mark.parametrize("move", MOVES, ids=lambda move: move.what[11:])
def test_moves_do_not_click(move: Judge) -> None:
    start, stop, seconds, above_hz = MOVES[move]
    # A level that comes out of silence is an onset, and meant to stand out.
    judge(move, moved(start, sweep(start, stop, seconds))[RATE // 4 :], above_hz, local=move is not LEVEL)


@pytest.mark.parametrize("algorithm", ["modfm", "chowning", "poisson"])
@pytest.mark.parametrize("move", [JUMP_10, JUMP_50, SWEEP_10, SWEEP_50, GLIDE], ids=lambda move: move.what[11:])
def test_moves_of_the_other_voices_do_not_click(move: Judge, algorithm: str) -> None:
    start, stop, seconds, above_hz = MOVES[move]
    path = [(at, _sung(params, algorithm)) for at, params in sweep(start, stop, seconds)]
    judge(move, moved(_sung(start, algorithm), path)[RATE // 4 :], above_hz, algorithm)


@pytest.mark.parametrize("move", [JUMP_10, JUMP_50, SWEEP_10, SWEEP_50, GLIDE], ids=lambda move: move.what[11:])
def test_moves_of_the_residue_voice_stay_below_the_thresholds(move: Judge) -> None:
    start, stop, seconds, above_hz = MOVES[move]
    path = [(at, _sung(params, "natural")) for at, params in sweep(start, stop, seconds)]
    y = moved(_sung(start, "natural"), path)[RATE // 4 :]
    judge(move, y, above_hz, "natural", local=False)
    LOCAL_RESIDUE.hold(click_frames(y, RATE, above_hz), move.what)


def _sung(params: VoiceParams, algorithm: str) -> VoiceParams:
    return still(f0_hz=params.f0_hz, vowel=params.vowel, level_db=params.level_db, algorithm=algorithm)


STILL = {
    "vibrato_cents": 0.0, "jitter_percent": 0.0, "shimmer_db": 0.0, "flutter": 0.0, "drift_cents": 0.0, "breath": 0.0,
    "voiced": 1.0, "air": 0.0, "scoop_cents": 0.0, "onset_tilt_db": 0.0, "level_db": -3.0,
}  # fmt: skip


def jump(rate: int, start: tuple[str, float, float], stop: tuple[str, float, float], **fields: object) -> Array:
    """A held note that goes at once from (preset, note, y) to another; from 0.25 s before that on."""
    bank = Bank(voices=2, sample_rate=rate)
    for at, (name, note, y) in zip((0, rate // 2 + 17), (start, stop), strict=True):
        params = load(name).voice_params(None, y, 0.5, note=note)[0]
        assert bank.note_on(1, trusted(params, {**STILL, **fields}), frame=at)
    return bank.render(rate).astype(np.float64)[rate // 4 :]


SLOWER = {"shear": 0.03, "zing": 0.01, "plane": 0.015, "even-odd": 0.01, "ring-tenor": 0.01}
"""Portamento, s, of presets whose bent, ringing or narrow carriers are wider themselves than 5 ms over two octaves."""
ABOVE_HZ = {"shear": 10_000.0}
"""Where a preset sounds above 7 kHz while nothing moves: its bent carriers have sidebands there, at -46 dB."""


@pytest.mark.parametrize("name", names())
def test_pitch_and_vowel_that_jump_together_do_not_click_in_any_preset(name: str) -> None:
    fast = {"portamento_s": SLOWER.get(name, 0.005)}
    for rate, interval, y, to, fields in (
        (44100, 12, 0.0, 1.0, {}), (48000, -12, 1.0, 0.0, {}), (96000, 7, 0.0, 0.5, {}), (48000, 24, 0.2, 0.9, {}),
        (96000, 12, 0.25, 0.75, fast), (44100, 24, 0.0, 1.0, fast), (48000, -24, 0.5, 0.0, fast),
    ):  # fmt: skip
        low = 41 if interval > 0 else 41 - interval
        sound = jump(rate, (name, low, y), (name, low + interval, to), **fields)
        level = high_band_db(sound, rate, ABOVE_HZ.get(name, 7000.0))
        TOGETHER.hold(level, (name, rate, interval, y, to, fields))


@pytest.mark.parametrize("name", names())
def test_short_notes_of_every_preset_do_not_click(name: str) -> None:
    for rate, note, y, attack_s, release_s in (
        (44100, 45, 0.0, 0.01, 0.02), (48000, 57, 0.5, 0.01, 0.02), (96000, 69, 1.0, 0.02, 0.03),
        (48000, 57, 0.0, 0.03, 0.03), (44100, 50, 0.3, 0.005, 0.02),
    ):  # fmt: skip
        params = load(name).voice_params(None, y, 0.5, note=note)[0]
        bank = Bank(voices=2, sample_rate=rate)
        edges = {**STILL, "attack_s": attack_s, "release_s": release_s}
        assert bank.note_on(1, trusted(params, edges), frame=rate // 10 + 1)
        assert bank.note_off(1, frame=rate * 3 // 10 + 11)
        sound = bank.render(rate // 2).astype(np.float64)
        SHORT.hold(high_band_db(sound, rate, ABOVE_HZ.get(name, 7000.0)), (name, rate, note, y, attack_s, release_s))


@pytest.mark.parametrize("name", names())
def test_a_pitch_that_jumps_does_not_click(name: str) -> None:
    fast = SLOWER.get(name, 0.005)
    for rate, interval, y, fields in (
        (44100, 24, 0.0, {"portamento_s": fast}), (48000, -24, 0.5, {"portamento_s": fast}), (48000, 7, 0.0, {}),
        (96000, 12, 1.0, {"portamento_s": fast}), (96000, 24, 0.2, {}), (44100, -12, 1.0, {}),
    ):  # fmt: skip
        low = 41 if interval > 0 else 41 - interval
        sound = jump(rate, (name, low, y), (name, low + interval, y), **fields)
        JUMPS.hold(high_band_db(sound, rate, 7000.0), (name, rate, interval, y, fields))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_pitch_and_vowel_that_jump_together_do_not_click(algorithm: str) -> None:
    for rate in (44100, 48000, 96000):
        sound = jump(rate, ("plain", 45, 0.0), ("plain", 57, 1.0), algorithm=algorithm)
        JUMPS.hold(high_band_db(sound, rate, 7000.0), (algorithm, rate))


@pytest.mark.parametrize("colour", [{}, {"symmetry": 0.3}, {"zing": 0.4}], ids=str)
def test_no_period_of_the_residue_voice_clicks_when_its_pitch_jumps(colour: dict[str, float]) -> None:
    for rate, interval in ((48000, 7), (44100, 12), (96000, 24)):
        sound = jump(rate, ("speaker", 41, 0.0), ("speaker", 41 + interval, 0.0), **colour)
        taps = firwin(511, 7000.0, window=("kaiser", 12.0), pass_zero=False, fs=rate)
        frames = lfilter(taps, 1.0, sound)[512 : 512 + 128 * 180].reshape(-1, 128)
        loudest = np.sqrt(np.mean(frames**2, axis=1).max() / np.mean(sound**2))
        JUMPS_ALONE.hold(20 * np.log10(loudest), (colour, rate, interval))


def test_numbers_of_another_preset_do_not_click() -> None:
    for start, stop in (("speaker", "child"), ("tenor", "nasal"), ("zing", "soprano"), ("bass", "shear")):
        for rate in (44100, 48000, 96000):
            PRESETS.hold(high_band_db(jump(rate, (start, 50, 0.2), (stop, 50, 0.2)), rate, 7000.0), (start, stop, rate))


def test_widest_formant_has_the_index_that_is_asked_for() -> None:
    assert float(index_of_width(44 / 220)) == pytest.approx(0.2, abs=0.01)
    assert float(index_of_width(2000 / 220)) == pytest.approx(30, abs=1)


@pytest.mark.parametrize("isa", isas())
def test_nothing_moves_and_nothing_sounds_above_the_voice(isa: str) -> None:
    for f0 in (150.0, 220.0, 440.0):
        judge(STATIC, steady(still(f0_hz=f0), isa)[RATE // 4 :], case=(isa, f0))


def test_vibrato_does_not_click() -> None:
    judge(VIBRATO, steady(VoiceParams(f0_hz=220, vibrato_cents=100.0, vibrato_spread=0.0), seconds=2.0)[RATE:])


def test_finger_steps_of_60_hz_are_smoothed() -> None:
    """x and y of a finger jump at every frame of a 60 Hz screen; then F2 alone does, 1.8 octaves in 100 ms."""
    path = VowelPath.sung("tenor")
    steps = [(0.3 + i / 60, still(f0_hz=110 * 2 ** (i / 24), vowel=path.at(i / 24))) for i in range(25)]
    judge(FINGER, moved(still(f0_hz=110, vowel=path.at(0.0)), steps, 1.0)[RATE // 5 :])
    steps = [(0.3 + i / 60, still(f0_hz=150, vowel=LOW.toward(HIGH, min(i / 6, 1.0)))) for i in range(1, 25)]
    judge(FINGER, moved(still(f0_hz=150, vowel=LOW), steps, 1.0)[RATE // 5 :])


@pytest.mark.parametrize("f0_hz", [110.0, 440.0, 880.0])
def test_note_on_and_off_do_not_click(f0_hz: float) -> None:
    bank = Bank(voices=2)
    assert bank.note_on(1, still(f0_hz=f0_hz), frame=4800)
    assert bank.note_off(1, frame=28811)
    y = bank.render(RATE * 3 // 2).astype(np.float64)
    judge(ON_OFF, y, case=f0_hz, local=False)
    LOCAL.hold(click_frames(y[9600:], RATE), ("note off", f0_hz))
    LAST.hold(20 * np.log10(abs(y[np.flatnonzero(y)[-1]]) / np.abs(y).max()), f0_hz)
    assert not y[:4800].any()


def test_a_stolen_voice_fades_and_does_not_click() -> None:
    bank = Bank(voices=4)
    for i in range(24):
        assert bank.note_on(i + 1, still(f0_hz=110.0 * 2 ** (i / 12), level_db=-6.0), frame=i * 4800 + 1)
    y = bank.render(24 * 4800).astype(np.float64)
    assert bank.counters()["stolen"] == 20
    judge(STOLEN, y[9600:], 7500.0, local=False)


def test_a_click_is_found_by_these_judges() -> None:
    """The judges themselves: three frames cut out of a steady vowel must be seen by each of them."""
    y = held(still(f0_hz=220.0))
    cut = y.copy()
    cut[12000:12003] = 0.0
    assert high_band_db(y, RATE, 7000.0) < -120.0 < -75.0 < high_band_db(cut, RATE, 7000.0)
    assert click_frames(y, RATE) == 0 < click_frames(cut, RATE)
    step = y.copy()
    step[12000:] += 0.2 * np.abs(y).max()
    assert third_difference_db(y) < -20.0 < -10.0 < third_difference_db(step)


def test_a_click_of_a_living_voice_is_found_above_its_air() -> None:
    """One frame that is off by -35 dB re the rms, a step of -30 dB, a lost block of 128; and none elsewhere."""
    bank = Bank(voices=2, seed=3)
    assert bank.note_on(1, load("plain").voice_params(0.1, 0.02)[0])
    y = bank.render(RATE).astype(np.float64)[RATE // 10 :]
    rms = np.sqrt(np.mean(y**2))
    assert click_frames(y, RATE) > 0, "from 7 kHz up, the pulses of the air stand out"
    assert click_frames(y, RATE, ABOVE_THE_AIR_HZ) == 0
    for at in range(10_000, 30_000, 2311):
        one, step = y.copy(), y.copy()
        one[at] += rms * 10 ** (-35 / 20)
        step[at : at + 2400] += rms * 10 ** (-30 / 20) * np.linspace(1.0, 0.0, 2400)
        lost = np.delete(y, slice(at, at + 128))
        for planted in (one, step, lost):
            assert click_frames(planted, RATE, ABOVE_THE_AIR_HZ) > 0, at
