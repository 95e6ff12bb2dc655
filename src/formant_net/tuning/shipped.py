"""The tunings that come with Formant, each a Scala file whose comments name its source."""

from __future__ import annotations

from pathlib import Path

from formant_net.tuning.scl import Scale, TuningError, parse_scl

FOLDER = Path(__file__).parent / "shipped"
NAMES = (
    "equal",
    "just",
    "pythagorean",
    "quarter-comma",
    "equal-19",
    "equal-31",
    "equal-53",
    "bohlen-pierce",
    "pelog",
    "slendro",
)


def shipped(name: str) -> Scale:
    """A tuning of NAMES. Raises TuningError for another name."""
    if name not in NAMES:
        raise TuningError(f"{name!r} is no tuning of Formant's: use {', '.join(NAMES)}, or a file that ends with .scl")
    return parse_scl((FOLDER / f"{name}.scl").read_bytes())
