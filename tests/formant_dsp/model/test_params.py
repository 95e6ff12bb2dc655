"""Parameters: bounds, and one list for Python and C."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

import formant_dsp
from formant_dsp import ALGORITHMS, HOP, VoiceParams
from formant_dsp.model.params import RANGES, ROW_TAU_S, ROWS, VOICE_RMS, trusted


@pytest.mark.parametrize("name", RANGES)
def test_every_parameter_takes_its_bounds_and_nothing_beyond(name: str) -> None:
    bounds = RANGES[name]
    for value in (bounds.low, bounds.high, bounds.default):
        assert getattr(VoiceParams(**{name: value}), name) == value  # type: ignore[arg-type]
    for value in (bounds.low - 1.0, bounds.high * 1.01 + 0.01, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=name):
            VoiceParams(**{name: value})  # type: ignore[arg-type]


def test_unknown_algorithm_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="voice, modfm, chowning, poisson, natural"):
        VoiceParams(algorithm="granular")


def test_row_has_the_order_of_the_c_side() -> None:
    """rows.pxd beside the source lists the rows; a row for each, and a time constant for each."""
    text = (Path(__file__).parents[3] / "src" / "formant_dsp" / "kernels" / "rows.pxd").read_text(encoding="utf-8")
    rows = {name: int(index) for name, index in re.findall(r"([A-Z_]+) = (\d+)", text)}
    assert rows["ROWS"] == ROWS == len(ROW_TAU_S) == len(VoiceParams().target_row())
    assert rows["HOP"] == HOP == formant_dsp.HOP
    marked = VoiceParams(
        level_db=6.0, skirt=0.2, skirt_width_hz=400.0, voicing=1.5, voicing_width_hz=100.0, resonance=0.25,
        vibrato_cents=33.0, drift_cents=7.0,
    ).target_row()  # fmt: skip
    assert marked[rows["P_LEVEL"]] == pytest.approx(1.9953, abs=1e-4)
    assert marked[rows["P_SKIRT"]] == 0.2
    assert marked[rows["P_SKIRT_WIDTH"]] == 2.0
    assert marked[rows["P_VOICING"]] == 1.5
    assert marked[rows["P_VOICING_WIDTH"]] == 0.0
    assert marked[rows["P_RESONANCE"]] == 0.25
    assert marked[rows["P_VIBRATO"]] == 33.0
    assert marked[rows["P_DRIFT"]] == 7.0
    rough = VoiceParams(jitter_percent=0.5, shimmer_db=0.2, flutter=25.0, voiced=0.75, breath=1.25).target_row()
    assert rough[rows["P_JITTER"]] == 0.5
    assert rough[rows["P_SHIMMER"]] == 0.2
    assert rough[rows["P_FLUTTER"]] == 25.0
    assert rough[rows["P_VOICED"]] == 0.75
    assert rough[rows["P_BREATH"]] == 1.25
    metal = VoiceParams(pan=-0.5, zing=0.25, zing_morph=-0.75, symmetry=0.3).target_row()
    assert metal[rows["P_PAN"]] == -0.5
    assert metal[rows["P_ZING"]] == 0.25
    assert metal[rows["P_ZING_MORPH"]] == -0.75
    assert metal[rows["P_SYMMETRY"]] == pytest.approx(-0.2)
    for kind, algorithm in enumerate(ALGORITHMS):
        assert VoiceParams(algorithm=algorithm).target_row()[rows["P_KIND"]] == kind == rows[algorithm.upper()]


def test_the_documentation_has_every_parameter_with_its_range_and_default() -> None:
    text = (Path(__file__).parents[3] / "docs" / "understand" / "voice.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+ \| [^|]+) \|", text, re.MULTILINE))
    assert rows == {
        name: f"{r.low:g} … {r.high:g} {r.unit}".rstrip() + f" | {r.default:g}" for name, r in RANGES.items()
    }


def test_the_bank_sings_as_loud_as_the_parameters_say() -> None:
    text = (Path(__file__).parents[3] / "src" / "formant_dsp" / "bank" / "memory" / "state.pxd").read_text(
        encoding="utf-8"
    )
    (rms,) = re.findall(r"#define FORMANT_RMS ([\d.]+)f", text)
    assert float(rms) == VOICE_RMS


def test_a_trusted_copy_is_what_replace_gives_and_leaves_the_original_alone() -> None:
    params = VoiceParams(f0_hz=100.0, breath=0.3, vowel=formant_dsp.sung("bass")["o"], algorithm="natural")
    changed = trusted(params, {"pan": -0.5, "f0_hz": 300.0})
    assert changed == replace(params, pan=-0.5, f0_hz=300.0)
    assert params.f0_hz == 100.0
    assert trusted(params, {}) == params
    with pytest.raises(KeyError):
        trusted(params, {"volume": 1.0})
