"""The loudness of a voice, foretold: against the voice."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from formant_dsp import ALGORITHMS, Bank, VoiceParams, sung
from formant_dsp.model.evenness import rms_error_db
from formant_dsp.model.tables import table

RATE = 48000


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("fields", [{}, {"skirt": 0.3, "voicing": 1.5, "resonance": 1.0}], ids=str)
def test_it_is_what_a_render_has(algorithm: str, fields: dict[str, float]) -> None:
    """60 … 1,100 Hz, sung and spoken vowels: within 0.15 dB of the rms of a steady note."""
    vowels = [sung("tenor")["a"], sung("soprano")["u"], sung("bass")["i"], table("h95_tokens", "women")["ɛ"]]
    for f0, vowel in itertools.product((60.0, 97.0, 171.0, 333.0, 520.0, 880.0, 1100.0), vowels):
        bank = Bank(voices=2)
        assert bank.note_on(
            1, VoiceParams(f0_hz=f0, vowel=vowel, algorithm=algorithm, vibrato_cents=0.0, level_db=-3.0, **fields)
        )
        rms = np.std(bank.render(RATE // 2)[-RATE // 5 :].astype(np.float64))
        got = 20 * np.log10(rms / 0.1) + 3.0
        assert rms_error_db(vowel, f0, algorithm, fields) == pytest.approx(got, abs=0.15), (f0, vowel)


@pytest.mark.parametrize(
    "fields", [{"zing": 1.0}, {"zing": 0.7, "zing_morph": -0.8}, {"zing": 0.5, "zing_morph": 0.6}], ids=str
)
def test_zing_is_foretold_too(fields: dict[str, float]) -> None:
    """Two equal harmonics that the fundamental modulates can be 5 dB softer than one: within 0.3 dB."""
    vowels = [sung("tenor")["a"], sung("soprano")["u"], sung("bass")["i"]]
    for f0, vowel in itertools.product((97.0, 171.0, 333.0, 520.0), vowels):
        bank = Bank(voices=2)
        params = {
            "algorithm": "chowning",
            "vibrato_cents": 0.0,
            "level_db": -6.0,
            "resonance": 0.0,
            "swell": 0.0,
            **fields,
        }
        assert bank.note_on(1, VoiceParams(f0_hz=f0, vowel=vowel, **params))  # type: ignore[arg-type]
        rms = np.std(bank.render(RATE)[-RATE // 5 :].astype(np.float64))
        got = 20 * np.log10(rms / 0.1) + 6.0
        assert rms_error_db(vowel, f0, "chowning", {"resonance": 0.0, **fields}) == pytest.approx(got, abs=0.3), (
            f0,
            vowel,
        )


def test_there_is_something_to_foretell() -> None:
    """A pitch whose harmonics miss a narrow first formant, and one that meets it."""
    hit, missed = (rms_error_db(sung("tenor")["i"], f0, "modfm", {"resonance": 1.0}) for f0 in (145.0, 193.0))
    assert hit - missed > 5.0


def test_a_whisper_is_as_loud_as_it_says_and_half_a_voice_half_off() -> None:
    vowel, f0 = sung("tenor")["i"], 193.0
    off = rms_error_db(vowel, f0, "modfm", {"resonance": 1.0})
    assert off < -4.0
    assert rms_error_db(vowel, f0, "modfm", {"resonance": 1.0, "voiced": 0.0, "breath": 1.0}) == 0.0
    both = rms_error_db(vowel, f0, "modfm", {"resonance": 1.0, "voiced": 0.7, "breath": 0.7})
    assert both == pytest.approx(10 * np.log10(0.5 * 10 ** (off / 10) + 0.5))


def test_it_has_no_steps() -> None:
    """Along 5 octaves in steps of 1 cent: less than 0.05 dB a step."""
    curve = [rms_error_db(sung("tenor")["a"], 55.0 * 2 ** (i / 1200), "voice", {}) for i in range(0, 6000)]
    assert np.abs(np.diff(curve)).max() < 0.05
