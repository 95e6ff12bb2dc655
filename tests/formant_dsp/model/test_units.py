"""Conversions between units: values that everybody knows, and the way back."""

from __future__ import annotations

import pytest

from formant_dsp.model.units import cents, db_to_gain, gain_to_db, hz_to_note, note_to_hz


@pytest.mark.parametrize(("level_db", "gain"), [(0.0, 1.0), (20.0, 10.0), (-60.0, 1e-3), (6.0205999, 2.0)])
def test_twenty_decibels_are_a_factor_of_ten(level_db: float, gain: float) -> None:
    assert db_to_gain(level_db) == pytest.approx(gain, rel=1e-8)
    assert gain_to_db(gain) == pytest.approx(level_db, abs=1e-6)


@pytest.mark.parametrize(("note", "hz"), [(69.0, 440.0), (81.0, 880.0), (60.0, 261.6255653), (69.5, 452.8929841)])
def test_note_69_is_440_hz_and_12_notes_are_an_octave(note: float, hz: float) -> None:
    assert note_to_hz(note) == pytest.approx(hz, rel=1e-9)
    assert hz_to_note(hz) == pytest.approx(note, abs=1e-8)


def test_a_semitone_is_100_cents_upwards() -> None:
    assert cents(note_to_hz(70.0), 440.0) == pytest.approx(100.0)
    assert cents(220.0, 440.0) == -1200.0
