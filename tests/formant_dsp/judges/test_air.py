"""Judge 11, the singer: air above 5.5 kHz, breath and whisper against a vocal tract, and growl.

Thresholds from measured singers: docs/understand/judges.md.
"""

from __future__ import annotations

import functools
import itertools

import numpy as np
import pytest
from scipy.signal import welch
from support.judges.judge import Judge, at_least, at_most, between
from support.judges.signals import RATE, steady, still
from support.sound.spectrum import Array, N, alias_db, odd_f0

from formant_dsp import Bank, VoiceParams, isas, sung
from formant_dsp.model.params import trusted
from formant_dsp.model.presets import load
from formant_dsp.reference import render
from formant_dsp.score.score import Event

VOICED = ("alto", "bass", "child", "falsetto", "plain", "ring-tenor", "soprano", "tenor")
PITCH = {"bass": 45, "tenor": 57, "plain": 57, "ring-tenor": 57, "alto": 64, "falsetto": 62, "soprano": 69, "child": 66}
STILL = {"vibrato_cents": 0.0, "scoop_cents": 0.0, "onset_tilt_db": 0.0, "attack_s": 0.01}

OCTAVE_8 = Judge(11, "8 kHz octave re total, voiced presets", "dB", between(-50.0, -25.0), between(-50.0, -28.0))
OCTAVE_16 = Judge(11, "16 kHz octave re 8 kHz octave", "dB", between(-20.0, -3.0), between(-20.0, -3.0))
SLOPE = Judge(11, "8 kHz octave, dB a dB of level", "", between(1.1, 1.9), between(1.1, 1.9))
ALIASES = Judge(11, "aliases of the high band re the voice, 44.1 kHz", "dB", at_most(-110.0), at_most(-110.0))
ALIASES_48 = Judge(11, "same, 48 and 96 kHz", "dB", at_most(-125.0), at_most(-125.0))
WHISPER_BANDS = Judge(11, "whisper: 400 Hz bands to 12 kHz re the strongest", "dB", at_least(-45.0), at_least(-40.0))
WHISPER_VALLEY = Judge(11, "whisper: valleys between formants 900 Hz apart", "dB", at_most(30.0), at_most(25.0))
PULSE = Judge(11, "breath: depth of its bursts, 2 … 8 kHz", "", between(0.25, 0.6), between(0.25, 0.6))
HALVES = Judge(11, "growl: partials halfway between harmonics re their neighbours", "dB", between(-13.0, -7.0),
               between(-13.0, -7.0))  # fmt: skip
EXACT = Judge(11, "air, breath, growl on every instruction set re the float64 reference", "dB", at_most(-100.0),
              at_most(-100.0))  # fmt: skip


def band_db(y: Array, rate: int, low: float, high: float) -> float:
    f, power = welch(y, rate, nperseg=4096)
    return float(10 * np.log10(power[(f >= low) & (f < high)].sum() + 1e-30))


@functools.cache
def sound(name: str, y: float, z: float, note: float, seconds: float = 1.5) -> Array:
    params = trusted(load(name).voice_params(None, y, z, note=note)[0], STILL)
    return steady(params, seconds=seconds)[RATE // 2 :]


@pytest.mark.parametrize("name", VOICED)
def test_the_octaves_above_the_formants_are_those_of_singers(name: str) -> None:
    for y in (0.0, 0.25, 0.5, 0.75, 1.0):
        for z in (0.6, 0.85):
            heard = sound(name, y, z, PITCH[name])
            octave = band_db(heard, RATE, 5657, 11314)
            OCTAVE_8.hold(octave - band_db(heard, RATE, 20, 24000), (name, y, z))
            OCTAVE_16.hold(band_db(heard, RATE, 11314, 20000) - octave, (name, y, z))


@pytest.mark.parametrize("name", ["bass", "soprano", "tenor"])
def test_the_high_band_grows_faster_than_the_level(name: str) -> None:
    soft, loud = (sound(name, 0.0, z, PITCH[name]) for z in (0.55, 0.95))
    high, level = (
        band_db(loud, RATE, *band) - band_db(soft, RATE, *band) for band in ((5657.0, 11314.0), (20.0, 24000.0))
    )
    SLOPE.hold(high / level, name)


@pytest.mark.parametrize(("rate", "judge"), [(44100, ALIASES), (48000, ALIASES_48), (96000, ALIASES_48)], ids=str)
def test_the_high_band_does_not_alias(rate: int, judge: Judge) -> None:
    for k, vowel, hz in ((201, "a", 6600.0), (601, "i", 6600.0), (1201, "u", 6600.0), (301, "a", 9000.0)):
        params = still(f0_hz=odd_f0(k, rate), vowel=sung("tenor")[vowel], air=1.0, air_hz=hz, jitter_percent=0.0)
        bank = Bank(voices=1, sample_rate=rate)
        both = [_render(bank, rate, trusted(params, {"air": air})) for air in (0.0, 1.0)]
        # without jitter there is noise as well: what the lobes add is measured on a voice that has none of it
        judge.hold(alias_db(both[0], k), (rate, k, vowel))
        assert both[1].shape == both[0].shape
        lobes = trusted(params, {"jitter_percent": 0.3})
        judge.hold(_aliases_of_lobes(lobes, rate, k), (rate, k, vowel, hz))


def _render(bank: Bank, rate: int, params: VoiceParams) -> Array:
    bank = Bank(voices=1, sample_rate=rate)
    assert bank.note_on(1, params)
    return bank.render(int(0.5 * rate) + N).astype(np.float64)


def _aliases_of_lobes(params: VoiceParams, rate: int, k: int) -> float:
    """Aliases of the reference's lobes alone, which can be had without jitter and without noise."""
    from formant_dsp.reference import air

    row = np.array(params.target_row())
    bands = air.air(row, _first(params, rate), odd_f0(k, rate), rate, 0.0)
    phase = ((np.arange(N, dtype=np.int64) * (k << 16)) % 2**32).astype(np.float64)
    rows = air.Air(*(np.full(N, float(part)) for part in bands))
    lobes = air.sound(phase, rows)
    power = np.abs(np.fft.rfft(lobes)) ** 2
    power[::k] = 0.0
    return float(10 * np.log10(power.sum() / (N / 2) / (N / 2) / 2.0 + 1e-40))


def _first(params: VoiceParams, rate: int) -> float:
    from formant_dsp.reference.voice import Voice

    voice = Voice(Event(0, 1, params), 1, rate, 0)
    voice.hop()
    return voice.first


def test_whisper_has_no_holes() -> None:
    for y in (0.0, 0.25, 0.5, 0.75, 1.0):
        heard = sound("whisper", y, 0.8, 57, 3.0)
        bands = np.array([band_db(heard, RATE, low, low + 400) for low in range(0, 12000, 400)])
        WHISPER_BANDS.hold(float(bands[1:].min() - bands.max()), y)
        params = load("whisper").voice_params(None, y, 0.8, note=57)[0]
        f, power = welch(heard, RATE, nperseg=4096)
        smooth = 10 * np.log10(np.convolve(power, np.ones(17) / 17, "same"))
        hz = params.vowel.frequency_hz
        for low, high in itertools.pairwise(hz):
            if high - low > 900:
                between_them = smooth[(f > low) & (f < high)].min()
                peaks = [smooth[np.abs(f - each) < 100].max() for each in (low, high)]
                WHISPER_VALLEY.hold(float(np.mean(peaks) - between_them), (y, low, high))


def test_breath_comes_in_bursts_after_the_pulse() -> None:
    f0 = 150.0
    both = still(f0_hz=f0, breath=1.0, voiced=1.0)
    dry = steady(still(f0_hz=f0), seconds=4.0)
    noise = (steady(both, seconds=4.0) - dry)[RATE:]
    spectrum = np.fft.rfft(noise)
    f = np.fft.rfftfreq(len(noise), 1 / RATE)
    spectrum[(f < 2000) | (f > 8000)] = 0.0
    envelope = np.fft.irfft(spectrum) ** 2
    t = np.arange(len(envelope)) / RATE
    power = 2 * abs(np.mean(envelope * np.exp(-2j * np.pi * f0 * t))) / np.mean(envelope)
    PULSE.hold(power / 2, f0)  # of the amplitude: half of that of the power, while it is small


def test_growl_puts_partials_between_the_harmonics() -> None:
    k = 402  # of half the pitch: its odd multiples are the new partials
    y = steady(still(f0_hz=k * RATE / N, growl=0.3), seconds=3.0)
    bins = np.abs(np.fft.rfft(y[-N:] * np.hanning(N)))
    lines = np.array([bins[round(m * k / 2) - 2 : round(m * k / 2) + 3].max() for m in range(1, 40)])
    middle, around = lines[2:30:2], (lines[1:29:2] + lines[3:31:2]) / 2
    HALVES.hold(float(20 * np.log10(np.median(middle / around))), k)


@pytest.mark.parametrize("isa", isas())
@pytest.mark.parametrize("algorithm", ["voice", "natural", "modfm"])
def test_every_instruction_set_has_the_air_of_the_reference(isa: str, algorithm: str) -> None:
    fields = {"algorithm": algorithm, "air": 1.0, "growl": 0.2, "onset_tilt_db": 6.0, "vibrato_cents": 30.0}
    start = VoiceParams(f0_hz=220.0, breath=0.3, vibrato_delay_s=0.0, **fields)  # type: ignore[arg-type]
    then = VoiceParams(f0_hz=262.0, breath=0.0, air_hz=8000.0, vibrato_delay_s=0.0, **fields)  # type: ignore[arg-type]
    bank = Bank(voices=1, isa=isa)
    assert bank.note_on(1, start, frame=17)
    assert bank.update(1, then, frame=6000)
    got = bank.render(14400).astype(np.float64)
    want = render([Event(17, 1, start), Event(6000, 1, then)], 14400)
    EXACT.hold(10 * np.log10(np.sum((got - want) ** 2) / np.sum(want**2)), (isa, algorithm))
