"""Labels of marks: near their finger, inside the surface, never over each other."""

from __future__ import annotations

import random
from typing import Any

import pytest
from page.conftest import ask
from support.browser.chromium import Tab


def place(tab: Tab, wanted: list[dict[str, float]], width: int, height: int) -> list[dict[str, float] | None]:
    script = "async ([wanted, area]) => (await import('/show/labels.js')).placeLabels(wanted, area)"
    return list(tab.evaluate(script, [wanted, {"width": width, "height": height}]))


def meet(a: dict[str, float], b: dict[str, float]) -> bool:
    return (
        a["left"] < b["left"] + b["width"]
        and b["left"] < a["left"] + a["width"]
        and a["top"] < b["top"] + b["height"]
        and b["top"] < a["top"] + a["height"]
    )


@pytest.mark.parametrize(("width", "height"), [(390, 788), (844, 334), (1440, 844), (320, 240)])
@pytest.mark.parametrize("fingers", [1, 2, 5, 10, 32])
def test_no_two_labels_meet_and_none_leaves_the_surface(tab: Tab, width: int, height: int, fingers: int) -> None:
    draw = random.Random(fingers * width)
    for _ in range(10):
        wanted = [
            {"x": draw.uniform(0, width), "y": draw.uniform(0, height), "width": draw.uniform(120, 190), "height": 44}
            for _ in range(fingers)
        ]
        boxes = [box for box in place(tab, wanted, width, height) if box is not None]
        assert boxes, "the first finger always has a label"
        for k, box in enumerate(boxes):
            assert 0 <= box["left"] <= width - box["width"]
            assert 0 <= box["top"] <= height - box["height"]
            assert not any(meet(box, other) for other in boxes[k + 1 :])


def test_two_fingers_side_by_side_both_have_a_label(tab: Tab) -> None:
    wanted: list[dict[str, float]] = [{"x": x, "y": 400, "width": 160, "height": 44} for x in (150, 240)]
    assert all(place(tab, wanted, 390, 788))


def test_a_label_is_above_its_finger_where_there_is_room(tab: Tab) -> None:
    (box,) = place(tab, [{"x": 200, "y": 400, "width": 160, "height": 44}], 390, 788)
    assert box == {"left": 120, "top": 286, "width": 160, "height": 44}
    (below,) = place(tab, [{"x": 200, "y": 60, "width": 160, "height": 44}], 390, 788)
    assert below is not None
    assert below["top"] > 60


def test_marks_are_drawn_where_the_canvas_knows_no_round_corners(tab: Tab) -> None:
    """Safari before 16 and Chrome before 99 have no `roundRect`: the second of two fingers had no mark there."""
    drawn: Any = ask(
        tab,
        "show/surface",
        """const { roundRect } = CanvasRenderingContext2D.prototype;
        delete CanvasRenderingContext2D.prototype.roundRect;
        const { Touches } = await import('/play/touches.js');
        const touches = new Touches(bounds);
        const canvas = document.createElement('canvas');
        canvas.style.cssText = 'width: 390px; height: 700px; display: block';
        document.body.append(canvas);
        const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        try {
          const surface = new m.Surface(canvas, touches, () => 0);
          await frame();
          const pictures = [canvas.toDataURL()];
          for (const x of [0.2, 0.8]) {
            touches.down(x, 0.5);
            surface.invalidate();
            await frame();
            pictures.push(canvas.toDataURL());
          }
          return new Set(pictures).size;
        } finally {
          canvas.remove();
          CanvasRenderingContext2D.prototype.roundRect = roundRect;
        }""",
    )
    assert drawn == 3
    assert tab.errors == []
