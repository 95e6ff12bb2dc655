"""The pictures of the documentation: all there, all shown, small."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from PIL import Image, ImageChops

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "understand"


def test_every_picture_is_shown_and_every_shown_picture_is_there() -> None:
    """Those of the voice, and those of the desk in docs/install."""
    shown = {
        (page.parent / name).resolve()
        for page in DOCS.parent.glob("*/*.md")
        for name in re.findall(r"!\[[^\]]*\]\(([\w./-]+\.png)\)", page.read_text("utf-8"))
    }
    there = set(DOCS.parent.glob("*/images/*"))
    assert shown == there
    assert len(there) >= 6


def test_pictures_are_small() -> None:
    files = list((DOCS / "images").iterdir())
    assert sum(file.stat().st_size for file in files) < 400_000
    for file in files:
        with Image.open(file) as picture:
            assert picture.width <= 900


def test_the_pictures_are_those_of_the_present_voice(tmp_path: Path) -> None:
    """Another default, another sound: `make images`. Instruction sets differ by a shade of a pixel here and there."""
    code = f"from pathlib import Path; from listening import images as i; i.FOLDER = Path({str(tmp_path)!r}); i.main()"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "tests"), str(ROOT)))}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, check=True, capture_output=True, timeout=300)
    for file in (DOCS / "images").iterdir():
        with Image.open(file) as shown, Image.open(tmp_path / file.name) as drawn:
            assert shown.size == drawn.size, file.name
            apart = ImageChops.difference(shown.convert("L"), drawn.convert("L"))
        assert sum(apart.histogram()[32:]) <= 1e-4 * shown.width * shown.height, f"{file.name}: run `make images`"
