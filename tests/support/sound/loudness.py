"""The loudness of presets on one phrase, and the trims that make them equal.

PYTHONPATH=tests python -m support.sound.loudness            # a table
PYTHONPATH=tests python -m support.sound.loudness --write    # and into the files of src/formant_dsp/data/presets
"""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyloudnorm
from numpy.typing import NDArray
from scipy.signal import resample_poly

from formant_dsp import Bank
from formant_dsp.model.choir import ChoirBank
from formant_dsp.model.presets import Preset, load, names

RATE = 48000
TARGET_LUFS = -21.0
"""So that a chord of eight of any preset hardly meets the limiter (judges/test_limiter.py)."""
NOTE_S = 0.6
PHRASE = (0.20, 0.45, 0.60, 0.35, 0.70, 0.10, 0.50, 0.30)
"""Pitches along the preset's own surface: every voice is judged where it sings."""


def phrase(preset: Preset, xs: tuple[float, ...] = PHRASE, note_s: float = NOTE_S) -> NDArray[np.float64]:
    """Legato notes; during each the finger moves through a third of the vowels, so that all of them are heard often."""
    real = Bank(voices=64, sample_rate=RATE, seed=5)
    bank = ChoirBank(real)
    steps = 20
    blocks = []
    for key, x in enumerate(xs, start=1):
        for i in range(steps):
            y = ((key - 1) * 3 / len(xs) + i / steps * 3 / len(xs)) % 2.0
            params = preset.voice_params(x, 2.0 - y if y > 1.0 else y)
            assert bank.note_on(key, params) if i == 0 else bank.update(key, params)
            blocks.append(real.render(int(note_s * RATE / steps)))
        assert bank.note_off(key)
    return np.concatenate(blocks).astype(np.float64)


def lufs(y: NDArray[np.float64]) -> float:
    """Integrated loudness (ITU-R BS.1770)."""
    return float(pyloudnorm.Meter(RATE).integrated_loudness(y))


def true_peak_db(y: NDArray[np.float64]) -> float:
    """Largest value between the samples as well: four times oversampled, dB re full scale."""
    return float(20 * np.log10(np.abs(resample_poly(y, 4, 1, window=("kaiser", 10.0))).max() + 1e-12))


def main() -> None:
    folder = Path(__file__).parents[3] / "src" / "formant_dsp" / "data" / "presets"
    for name in names():
        preset = load(name)
        loud = lufs(phrase(replace(preset, trim_db=0.0)))
        trim = round(TARGET_LUFS - loud, 1)
        print(f"{name:12} {loud:7.2f} LUFS untrimmed, trim_db = {trim:+.1f} (file: {preset.trim_db:+.1f})")
        if "--write" in sys.argv:
            file = folder / f"{name}.toml"
            text = file.read_text(encoding="utf-8")
            file.write_text(re.sub(r"(?m)^trim_db = .*$", f"trim_db = {trim}", text), encoding="utf-8")


if __name__ == "__main__":
    main()
