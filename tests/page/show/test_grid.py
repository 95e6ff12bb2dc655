"""The still picture: its labels."""

from __future__ import annotations

import json

import pytest
from page.conftest import ask
from support.browser.chromium import Tab

from formant_dsp.model.presets import load, names

SURFACES = [
    *[load(name).surface for name in names()],
    {"low_hz": 200, "octaves": 0.1, "vowels": ["a", "i"]},
    {"low_hz": 30, "octaves": 7, "vowels": list("aeiou")},
    {"low_hz": 55, "octaves": 5, "vowels": list("aeiouoieaei")},
    {"low_hz": 110, "octaves": 3, "vowels": [f"vowel{k:02}x" for k in range(30)]},
]


WRITTEN = """
const {rangeOf} = await import('/protocol/range.js');
const ctx = document.createElement('canvas').getContext('2d'); const out = [];
ctx.fillText = (text, x, y) => { if (!text) return; const m = ctx.measureText(text);
  out.push([text, x - m.actualBoundingBoxLeft, x + m.actualBoundingBoxRight,
    y - m.actualBoundingBoxAscent, y + m.actualBoundingBoxDescent]); };
"""


@pytest.mark.parametrize(
    ("width", "height"), [(320, 480), (390, 733), (504, 335), (844, 335), (820, 1126), (1440, 845)]
)
def test_no_two_labels_of_the_plane_meet(tab: Tab, width: int, height: int) -> None:
    for name in ("child", "plane"):
        surface = load(name).surface
        written = ask(
            tab, "show/grid",
            f"{WRITTEN} const area = {{width: {width}, height: {height}, left: 0, top: 0, bottom: 0}};"
            f"m.drawChart(ctx, area, rangeOf({json.dumps(surface)}).plane); return out;",
        )  # fmt: skip
        texts = [text for text, *_ in written]
        assert {"front", "back", "close", "open", "i", "u"} <= set(texts)
        for k, (one, left, right, top, bottom) in enumerate(written):
            assert left >= -0.5, one
            assert right <= width + 0.5, one
            for other, from_x, to_x, from_y, to_y in written[k + 1 :]:
                assert right <= from_x or to_x <= left or bottom <= from_y or to_y <= top, (name, one, other)


@pytest.mark.parametrize(("width", "height"), [(320, 480), (360, 740), (740, 360), (1600, 700)])
def test_no_two_labels_of_the_surface_meet(tab: Tab, width: int, height: int) -> None:
    """Boxes of all that is written, as (text, left, right, top, bottom)."""
    for surface in SURFACES:
        written = ask(
            tab, "show/grid",
            f"{WRITTEN} const area = {{width: {width}, height: {height}, left: 0, top: 0, bottom: 20}};"
            f"m.drawGrid(ctx, area, rangeOf({json.dumps(surface)})); return out;",
        )  # fmt: skip
        texts = [text for text, *_ in written]
        assert surface is not None
        assert surface["vowels"][0] in texts  # type: ignore[index]
        assert surface["vowels"][-1] in texts  # type: ignore[index]
        assert any(text[-1].isdigit() and text[0] in "ABCDEFG" for text in texts), "no note has a name"
        for k, (one, left, right, top, bottom) in enumerate(written):
            assert left >= -0.5, one
            assert right <= width + 0.5, one
            for other, from_x, to_x, from_y, to_y in written[k + 1 :]:
                assert right <= from_x or to_x <= left or bottom <= from_y or to_y <= top, (surface, one, other)
