"""The mapping from touches to voices: its lists against those of Python, and its parts against each other."""

from __future__ import annotations

import math
import random
import re
from array import array
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, cast

import pytest

from formant_dsp import ALGORITHMS, Bank, VoiceParams, sung
from formant_dsp.model import expression
from formant_dsp.model.choir import Member
from formant_dsp.model.expression import NEUTRAL_EFFORT, SUNG_BY, Expression, express, onset
from formant_dsp.model.params import RANGES, made, numbers_of
from formant_dsp.model.presets import Preset, load, names, parse
from formant_dsp.model.vowels import Vowel, VowelPath, logs
from formant_dsp.touch import mapping


def listed(file: str, prefix: str) -> list[str]:
    """The names of a `cdef enum` that begin with a prefix, in order, without it and in small letters."""
    text = (Path(__file__).parents[3] / "src" / "formant_dsp" / "touch" / file).read_text("utf-8")
    return [name.lower() for name in re.findall(rf"^    {prefix}_([A-Z0-9_]+)(?: = \d+)?(?:\s*#.*)?$", text, re.M)]


def test_the_numbers_of_a_voice_are_those_of_its_parameters_in_the_same_order() -> None:
    assert listed("numbers.pxd", "V") == list(RANGES)
    assert len(RANGES) == mapping.COUNT


def test_expression_and_singer_are_laid_out_as_python_writes_them() -> None:
    assert listed("code.pxd", "E") == list(expression.RANGES)
    assert listed("code.pxd", "M") == [item.name for item in fields(Member)]
    header = load("plain").code[: mapping.HEADER_NUMBERS]
    assert len(header) == 8 + len(expression.RANGES) + 3 * len(RANGES)
    assert header[-len(RANGES) :].tolist() == [bounds.high for bounds in RANGES.values()]


def test_constants_of_the_core_are_those_of_python() -> None:
    text = (Path(__file__).parents[3] / "src/formant_dsp/touch/expression.pxd").read_text("utf-8")
    assert float(re.findall(r"FORMANT_NEUTRAL_EFFORT ([\d.]+)", text)[0]) == NEUTRAL_EFFORT


def test_numbers_of_a_voice_go_out_and_come_back() -> None:
    params = VoiceParams(f0_hz=123.0, vowel=sung("alto")["e"], algorithm="poisson", pan=-0.5, lease_s=2.0)
    vowel = params.vowel
    numbers = (*numbers_of(params), *vowel.frequency_hz, *vowel.bandwidth_hz, *vowel.level_db)
    again = made(numbers, "poisson")
    assert replace(again, vowel=vowel) == params
    assert again.vowel.frequency_hz == vowel.frequency_hz
    assert again.vowel.level_db == vowel.level_db


@pytest.mark.parametrize("name", names())
def test_a_touch_is_its_parts_one_after_the_other(name: str) -> None:
    """Pitch, vowel, expression, level and choir as the public functions have them give the voices of a touch."""
    preset, random_ = load(name), random.Random(name)
    for _ in range(12):
        x, y, z = random_.random(), random_.random(), random_.random()
        vowel, f0_hz = preset.way.at(y), preset.f0_hz(x)
        if preset.widths_follow_f0:
            vowel = replace(
                vowel, bandwidth_hz=tuple(min(max(b * f0_hz / 100.0, 5.0), 2000.0) for b in vowel.bandwidth_hz)
            )
        effort = preset.effort(z)
        e = express(vowel, f0_hz, preset.expression, preset.voice, effort=effort, algorithm=preset.algorithm)
        level = e.level_db + 40.0 - 40.0 * preset.expression.effort + preset.trim_db
        begins = onset(preset.expression, effort) if preset.algorithm in SUNG_BY else {}
        numbers = {**begins, **preset.voice, **cast(dict[str, Any], e.fields)}
        one = VoiceParams(
            algorithm=preset.algorithm, f0_hz=f0_hz, vowel=e.vowel, level_db=min(max(level, -80.0), 12.0), **numbers
        )
        assert [flat(each) for each in preset.voice_params(x, y, z)] == [
            pytest.approx(flat(each), rel=1e-12, abs=1e-12) for each in preset.choir.sing(one)
        ]


def flat(params: VoiceParams) -> list[float]:
    vowel = params.vowel
    return [*numbers_of(params), *vowel.frequency_hz, *vowel.bandwidth_hz, *vowel.level_db]


def test_a_vowel_between_two_is_between_their_logarithms() -> None:
    a, b = sung("bass")["u"], sung("bass")["i"]
    third = a.toward(b, 1.0 / 3.0)
    assert logs(third) == pytest.approx([u + (v - u) / 3.0 for u, v in zip(logs(a), logs(b), strict=True)])
    assert VowelPath((a, b)).at(1.0 / 3.0) == third


def test_the_middle_of_the_surface_is_meant_where_x_is_not_known() -> None:
    preset = load("plain")
    assert preset.voice_params(None, 0.3, 0.5) == preset.voice_params(0.5, 0.3, 0.5)
    assert preset.voice_params(None, 0.3, 0.5, note=57.0)[0].f0_hz == 220.0


def test_low_notes_stand_at_the_left_as_far_as_the_width_says() -> None:
    pan = list(RANGES).index("pan")
    code = load("plain").code
    for x, width, wanted in ((0.0, 0.5, -0.5), (0.5, 0.5, 0.0), (1.0, 1.0, 1.0), (None, 1.0, 0.0), (0.25, 0.0, 0.0)):
        assert mapping.voices(code, x, 0.5, 0.5, None, None, 0.0, width)[0][pan] == pytest.approx(wanted)


def test_the_greater_of_two_numbers_is_smooth_and_sharp_far_away() -> None:
    assert mapping.smooth_max(1.0, 1.0, 2.0) == pytest.approx(1.0 + 2.0 * math.log(2.0))
    assert mapping.smooth_max(100.0, 0.0, 2.0) == 100.0
    assert mapping.smooth_max(0.0, 100.0, 2.0) == 100.0


def test_every_algorithm_has_its_level() -> None:
    vowel = sung("tenor")["a"]
    numbers = [bounds.default for bounds in RANGES.values()]
    levels = [mapping.error_db(numbers, vowel, kind) for kind in range(len(ALGORITHMS))]
    assert levels[ALGORITHMS.index("natural")] == 0.0
    assert all(0.0 < abs(level) < 10.0 for level in levels[:4])


def test_a_row_is_what_the_bank_gets() -> None:
    params = VoiceParams(level_db=-20.0, skirt=0.3, symmetry=0.4)
    row = mapping.row(numbers_of(params), params.vowel, 0)
    assert row == params.target_row()
    assert row[15] == pytest.approx(0.1)
    assert row[16] == 0.3
    assert row[31] == pytest.approx(-0.1)
    assert mapping.row(numbers_of(params), params.vowel, 1)[16] == 0.0
    assert Bank(voices=1).note_on(1, params)


OUT_OF_RANGE = """
title = "t"
description = "d"
[expression]
tract_size = 0.6
larynx = 1
[[vowels.own]]
name = "a"
frequency_hz = [500, 1500, 2500, 3500, 19000]
bandwidth_hz = [80, 90, 120, 150, 200]
level_db = [0, -6, -12, -18, -24]
[[vowels.own]]
name = "b"
frequency_hz = [500, 1500, 2500, 3500, 19000]
bandwidth_hz = [80, 90, 120, 150, 200]
level_db = [0, -6, -12, -18, -24]
"""


def test_a_vowel_that_a_short_tract_moves_too_high_stays_at_the_bound() -> None:
    preset = parse(OUT_OF_RANGE)
    (voice,) = preset.voice_params(0.5, 0.5, 0.5)
    assert max(voice.vowel.frequency_hz) == 20_000.0
    assert Vowel(voice.vowel.frequency_hz, voice.vowel.bandwidth_hz, voice.vowel.level_db)


def test_a_preset_is_one_array_of_finite_numbers() -> None:
    for preset in map(load, names()):
        assert isinstance(preset, Preset)
        assert isinstance(preset.code, array)
        assert all(map(math.isfinite, preset.code))
        assert preset.code[7] == preset.singers


def test_the_expression_is_that_of_the_public_function() -> None:
    vowel = sung("tenor")["o"]
    neutral = express(vowel, 220.0, Expression(tuning=0.0, larynx=0.0, damping=0.0))
    assert neutral.vowel.level_db == pytest.approx(vowel.level_db)
