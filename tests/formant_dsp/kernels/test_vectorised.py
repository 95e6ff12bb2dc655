"""The check of the sample loops (`make vectorised`) finds a loop that fell back to scalar code."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support.suite.features import X86_64, need
from support.suite.require import require

sys.path.insert(0, str(Path(__file__).parent))  # importlib mode leaves it out

import vectorised

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def build() -> Path:
    """The folder of the latest build for this machine."""
    need(X86_64)
    found = vectorised.latest_build(ROOT / "build")
    if found is None or not (found / "_kernels_sse2.c").exists():
        pytest.skip("the kernels were not built in this tree: run `make dev` or `make test` once")
    assert found is not None
    require("cc")
    return found


def scalar_loops(build: Path, folder: Path, source: str, cross: bool) -> list[str]:
    """What the check says of this source, as the baseline or as aarch64."""
    path = folder / "_kernels_planted.c"
    path.write_text(source, encoding="utf-8")
    command = vectorised.cross_command(build, folder) if cross else vectorised.commands(build)["sse2"]
    return vectorised.scalar_loops(vectorised.compile_report(command, path, folder / "planted.o"), source)


def planted(source: str, function: str, statement: str) -> str:
    """The source with a statement in the loop of a function; no line moves."""
    lines = source.splitlines()
    (number,) = vectorised.loops(source)[function]
    assert lines[number - 1].endswith("{")
    lines[number - 1] += " " + statement
    return "\n".join(lines)


@pytest.mark.parametrize("cross", [False, True], ids=["sse2", "neon"])
def test_loops_that_fall_back_to_scalar_are_named_and_no_others(build: Path, cross: bool, tmp_path: Path) -> None:
    if cross:
        require(vectorised.CROSS, how="make vectorised")
    bad = (build / "_kernels_sse2.c").read_text(encoding="utf-8")
    for function in ("set_plain_5", "set_bands_5"):
        bad = planted(bad, function, '__asm__ volatile("");')
    assert scalar_loops(build, tmp_path, bad, cross) == ["set_bands_5", "set_plain_5"]


def test_a_loop_that_is_scalar_in_one_of_three_places_is_named(build: Path, tmp_path: Path) -> None:
    """Only where Poisson and classic voices sound; in the two other variants the constant takes the statement out."""
    source = (build / "_kernels_sse2.c").read_text(encoding="utf-8")
    bad = planted(source, "control_formant", 'if (__pyx_v_others) __asm__ volatile("");')
    assert scalar_loops(build, tmp_path, bad, cross=False) == ["control_formant"]


def test_a_sample_loop_that_nobody_listed_is_checked(build: Path) -> None:
    """What is exempt is listed, not what is checked."""
    source = (build / "_kernels_sse2.c").read_text(encoding="utf-8")
    assert {"fill_phase", "add_plain", "control_formant", "smooth_row", "mix"} <= vectorised.loops(source).keys()
    new = source.replace("_12breath_loops_add_band(", "_12breath_loops_brand_new(")
    assert "brand_new" in vectorised.loops(new)
    assert "brand_new" in vectorised.scalar_loops("", new)
