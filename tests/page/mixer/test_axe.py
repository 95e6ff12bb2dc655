"""The desk has no finding of axe-core that a person with a screen reader or with keys alone would stumble over."""

from __future__ import annotations

from importlib import resources
from typing import Any

from page.conftest import Stage
from page.desk_relay import DeskRelay
from page.mixer.test_desk_page import OPEN
from support.browser.chromium import Tab

AXE = resources.files("axe_playwright_python") / "axe.min.js"
FINDINGS = """axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
  violations.map(({ impact, id, nodes }) => [impact, id, nodes.map(({ target }) => target.join(" "))]))"""


def findings(tab: Tab) -> list[Any]:
    """What axe-core finds in the page as it is shown now. It is injected past the page's own policy."""

    tab.drawn()

    def run(script: str) -> Any:
        options = {"expression": script, "awaitPromise": True, "returnByValue": True}
        return tab.thread.run(tab.cdp.send("Runtime.evaluate", options))["result"].get("value")

    run(AXE.read_text("utf-8"))
    found = run(FINDINGS)
    assert isinstance(found, list), "axe has run"
    return found


def test_axe_finds_nothing_on_the_board_and_in_its_sheets(stage: Stage) -> None:
    relay = DeskRelay()
    relay.zone("z-nave", "Nave", mute=True)
    relay.box("synth-a", "North wall", "z-nave", db=-6)
    relay.box("synth-b", "South wall", mute=True)
    relay.box("synth-c", "Crypt", here=False)
    relay.parts["scenes/s-night"] = {"name": "Night", "ramp_s": 8}
    stage.started(relay)
    tab = stage.tab(relay, "desk")
    tab.until(f"{OPEN} === 3")
    assert findings(tab) == []
    tab.click("[aria-label='North wall: details']")
    tab.until("document.getElementById('part-title').textContent === 'North wall'")
    assert findings(tab) == []
    tab.click("#part .close")
    tab.click("#scenes-open")
    assert findings(tab) == []
    tab.click("#scenes .close")
    tab.evaluate("document.getElementById('play').replaceChildren()")  # planted: a link without a name
    assert [finding[1] for finding in findings(tab)] == ["link-name"]
