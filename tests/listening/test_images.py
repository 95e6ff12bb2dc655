"""The pictures of the documentation: all there, all shown, small."""

from __future__ import annotations

import re
from pathlib import Path

from PIL import Image

DOCS = Path(__file__).parents[2] / "docs"


def test_every_picture_is_shown_and_every_shown_picture_is_there() -> None:
    shown = {
        name for page in DOCS.glob("*.md") for name in re.findall(r"\(images/([\w-]+\.png)\)", page.read_text("utf-8"))
    }
    there = {file.name for file in (DOCS / "images").iterdir()}
    assert shown == there
    assert len(there) >= 6


def test_pictures_are_small() -> None:
    files = list((DOCS / "images").iterdir())
    assert sum(file.stat().st_size for file in files) < 400_000
    for file in files:
        with Image.open(file) as picture:
            assert picture.width <= 900
