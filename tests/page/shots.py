"""Pictures of the touch page in every layout, to be looked at: `cd tests && python -m page.shots FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

from page.conftest import ONE_OPEN
from page.offerer import Offerer
from page.relay import Relay
from support.browser.chromium import Chromium, Finger, LoopThread

from formant_dsp.model.presets import DEFAULT, load

SIZES = {"390": (390, 844), "844": (844, 390), "820": (820, 1180), "1440": (1440, 900)}
ADDRESSES = {
    "plain": "",
    "major": "scale=major&root=D",
    "dense": "tuning=equal-53",
    "gamelan": "tuning=slendro&octaves=2",
    "chart": "vowels=plane",
    "corners": "vowels=plane",
}
SINGS = {"chart": "child", "corners": "plane"}
"""The preset of the synths; elsewhere it is that of a synth without options."""


def main(folder: Path) -> None:
    """Draw each address in each size: played, with the sheet, and with the list of synths."""
    folder.mkdir(parents=True, exist_ok=True)
    thread = LoopThread()
    chromium, relay = Chromium(thread), Relay()
    thread.run(relay.start())
    synths = [Offerer(id=f"synth-{name[0]}", name=name) for name in ("North wall", "South wall")]
    for synth in synths:
        thread.run(synth.start(relay.host, relay.port))
    for size, (width, height) in SIZES.items():
        for name, address in ADDRESSES.items():
            for synth in synths:
                synth.state |= {"surface": load(SINGS.get(name, DEFAULT)).surface, "takes": ["note", "vel", "place"]}
            tab = chromium.tab(viewport={"width": width, "height": height})
            tab.goto(f"{relay.url}#{address}")
            tab.until(ONE_OPEN.replace("=== 1", "=== 2"))

            def shot(what: str, tab=tab, stem: str = f"{size}-{name}") -> None:  # type: ignore[no-untyped-def]
                thread.run(tab.page.screenshot(path=str(folder / f"{stem}-{what}.png")))

            tab.click("#strip-hold")
            tab.fingers(Finger(0, 0.3, 0.6))
            tab.fingers()
            tab.fingers(Finger(0, 0.62, 0.3))
            tab.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
            shot("played")
            tab.fingers()
            tab.click("#strip-scale")
            tab.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
            shot("sheet")
            if name == "plain":
                tab.click("#panel-toggle")
                shot("synths")
            tab.close()
    for synth in synths:
        thread.run(synth.stop())
    thread.run(relay.stop())
    chromium.close()
    thread.close()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "shots"))
