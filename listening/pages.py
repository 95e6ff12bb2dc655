"""Draws docs/install/images from the page `/desk` in a real Chromium, with boxes that are made up: `make images`."""

from __future__ import annotations

import io
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from page.desk_relay import DeskRelay
from PIL import Image
from support.browser.chromium import Chromium, LoopThread

FOLDER = Path(__file__).parents[1] / "docs" / "install" / "images"
WINDOWS = {"desk": (1280, 620), "desk-phone": (390, 760)}
"""Width and height of each picture, pixels."""


def hall() -> DeskRelay:
    """A church with ten boxes, two of which need somebody."""
    relay = DeskRelay()
    relay.parts["master"] = {"db": -3}
    relay.zone("z-nave", "Nave", order=1)
    relay.zone("z-choir", "Choir", order=2, db=-6)
    relay.zone("z-tower", "Tower", order=3, mute=True)
    for number, (name, zone, db) in enumerate(
        (
            ("North wall", "z-nave", -6),
            ("South wall", "z-nave", -8),
            ("West door", "z-nave", -4.5),
            ("Pulpit", "z-nave", -12),
            ("Stalls left", "z-choir", -3),
            ("Stalls right", "z-choir", -3),
            ("Organ loft", "z-choir", -10),
            ("Bell room", "z-tower", -14),
            ("Stairs", "z-tower", -16),
        ),
        1,
    ):
        relay.box(f"synth-{number}", name, zone, db=db)
    relay.parts["boxes/synth-4"]["mute"] = True
    relay.boxes["synth-7"]["here"] = False
    return relay


async def reports(relay: DeskRelay) -> None:
    """What the boxes say of how they are."""
    for number, id in enumerate(relay.boxes):
        for underflows in (0, 0):
            troubles = ["undervoltage"] if id == "synth-6" else []
            figures = {"rtt_ms": 2.4 + 0.7 * number, "busy": 0.24 + 0.02 * number, "temperature_c": 51 + number}
            await relay.health(id, version="0.2.0", underflows=underflows, troubles=troubles, **figures)


def draw(run: LoopThread, browser: Chromium, name: str, size: tuple[int, int]) -> Image.Image:
    """One picture of the desk."""
    relay = hall()
    run.run(relay.start())
    tab = browser.tab(viewport={"width": size[0], "height": size[1]}, is_mobile=False, has_touch=False)
    try:
        tab.goto(relay.at("desk"))
        tab.until(f"formant.board.boxes === {len(relay.boxes)}")
        run.run(reports(relay))
        tab.until("formant.board.attention === 2")
        tab.evaluate("() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        taken: Coroutine[Any, Any, bytes] = tab.page.screenshot()
        return Image.open(io.BytesIO(run.run(taken))).convert("RGB")
    finally:
        tab.close()
        run.run(relay.stop())


def main() -> None:
    """Write all pictures."""
    FOLDER.mkdir(exist_ok=True)
    run = LoopThread()
    browser = Chromium(run)
    try:
        for name, size in WINDOWS.items():
            draw(run, browser, name, size).save(FOLDER / f"{name}.png", optimize=True)
    finally:
        browser.close()
        run.close()


if __name__ == "__main__":
    main()
