"""The examples of the documentation run as they stand."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

import formant_dsp
import formant_dsp.bank

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_makes_a_sound(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "sound.wav"
    subprocess.run([sys.executable, str(path), str(target)], check=True, timeout=300)
    sound, rate = soundfile.read(target)
    assert rate == 48000
    assert 0.05 < np.abs(sound).max() < 0.86
    assert len(sound) > 2 * rate
    assert np.abs(sound[-rate // 50 :]).max() < 0.01, "the last note has not ended"


def test_the_gallery_names_every_example() -> None:
    text = (EXAMPLES[0].parent / "README.md").read_text(encoding="utf-8")
    assert {path.name for path in EXAMPLES} == set(re.findall(r"^\| \[([\w.]+)\]\(\1\)", text, re.MULTILINE))


def test_docstring_of_the_bank_is_true() -> None:
    names = {"Bank": formant_dsp.Bank, "VoiceParams": formant_dsp.VoiceParams}
    text = doctest.DocTestParser().get_doctest(formant_dsp.Bank.__doc__ or "", names, "Bank", None, None)
    assert len(text.examples) == 3
    assert doctest.DocTestRunner().run(text).failed == 0
