"""A synth that sings without life: what is measured of its sound is then the instrument's, not the singer's."""

from __future__ import annotations

from pathlib import Path

STILL = """title = "Still"
description = "As plain, without vibrato, wander, noise and air."

[voice]
vibrato_cents = 0

[mapping]
f0_low_hz = 110
octaves = 3
dynamic_range_db = 14
"""


def sing_still(folder: Path) -> list[str]:
    """Options of `formant-node synth` for the preset `still`, which is written into a new folder below `folder`."""
    presets = folder / "presets"
    presets.mkdir(exist_ok=True)
    (presets / "still.toml").write_text(STILL, encoding="utf-8")
    return ["--presets", str(presets), "--preset", "still"]
