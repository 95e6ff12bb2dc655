"""The tunings that come with Formant, against the interval that gives each its name."""

from __future__ import annotations

import math
import subprocess
import tomllib
from fnmatch import fnmatch
from itertools import pairwise
from pathlib import Path

import pytest

from formant_net.tuning.scl import TuningError
from formant_net.tuning.shipped import FOLDER, NAMES, shipped


def _cents(ratio: float) -> float:
    return 1200.0 * math.log2(ratio)


@pytest.mark.parametrize("name", NAMES)
def test_each_rises_has_no_warning_and_names_its_source(name: str) -> None:
    scale = shipped(name)
    assert list(scale.cents) == sorted(scale.cents)
    assert scale.warnings == ()
    comments = [line for line in (FOLDER / f"{name}.scl").read_text("utf-8").splitlines() if line.startswith("! ")]
    assert len(comments) >= 2, "its name and its source"


def test_the_folder_holds_these_and_no_other() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(NAMES)
    with pytest.raises(TuningError, match="'werckmeister' is no tuning"):
        shipped("werckmeister")


def test_a_wheel_contains_them() -> None:
    """A build takes every file of the packages, unless it is excluded or git ignores it."""
    root = Path(__file__).parents[3]
    build = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["scikit-build"]
    files = [f"src/formant_net/tuning/shipped/{name}.scl" for name in NAMES]
    assert all((root / file).is_file() for file in files)
    assert "src/formant_net" in build["wheel"]["packages"]
    assert [one for one in files for pattern in build["wheel"]["exclude"] if fnmatch(one, pattern)] == []
    ignored = subprocess.run(["git", "check-ignore", *files], cwd=root, capture_output=True, text=True, check=False)
    assert ignored.stdout == ""


@pytest.mark.parametrize(("name", "count", "period"), [
    ("equal", 12, 2), ("equal-19", 19, 2), ("equal-31", 31, 2), ("equal-53", 53, 2), ("bohlen-pierce", 13, 3),
])  # fmt: skip
def test_equal_steps(name: str, count: int, period: int) -> None:
    scale = shipped(name)
    assert scale.cents == pytest.approx([_cents(period) * step / count for step in range(1, count + 1)], abs=1e-5)


def test_fifths_and_thirds() -> None:
    just, pythagorean, quarter = shipped("just"), shipped("pythagorean"), shipped("quarter-comma")
    assert just.degree(7) == pythagorean.degree(7) == pytest.approx(_cents(3 / 2))
    assert just.degree(4) == quarter.degree(4) == pytest.approx(_cents(5 / 4))
    fifths = [3, 10, 5, 0, 7, 2, 9, 4, 11, 6, 1, 8]  # from E flat to G sharp
    for tuning, fifth in ((pythagorean, _cents(3 / 2)), (quarter, _cents(5) / 4)):
        for low, high in pairwise(fifths):
            assert (tuning.degree(high) - tuning.degree(low)) % 1200.0 == pytest.approx(fifth, abs=1e-4)


def test_gamelans_have_stretched_octaves() -> None:
    assert shipped("pelog").cents == (120, 270, 540, 670, 785, 950, 1215)
    assert shipped("slendro").cents == (231, 474, 717, 955, 1208)
