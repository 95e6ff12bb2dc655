"""A browser that lacks something the page cannot do without is told so, and joins nothing."""

from __future__ import annotations

import pytest
from page.conftest import ONE_OPEN, Stage
from support.browser.chromium import Tab


def without(stage: Stage, script: str) -> tuple[list[dict[str, object]], Tab]:
    """A page in a browser that `script` has taken something from; what it registered."""
    relay = stage.relay()
    tab = stage.tab(stage.relay())
    stage.thread.run(tab.page.add_init_script(script))
    tab.goto(relay.url)
    tab.until("document.readyState === 'complete'")
    return relay.registers, tab


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        ("delete window.RTCPeerConnection", "WebRTC"),
        ("delete window.WebSocket", "WebSocket"),
        ("delete window.PointerEvent", "pointer events"),
        ("delete window.ResizeObserver", "ResizeObserver"),
        ("delete HTMLScriptElement.prototype.noModule", "JavaScript modules"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_joined(stage: Stage, lost: str, words: str) -> None:
    registers, tab = without(stage, lost)
    tab.until("!document.getElementById('unable').hidden")
    tab.says("#unable-text", words)
    tab.says("#unable-text", "Firefox")
    assert registers == []


def test_a_browser_that_cannot_read_the_modules_is_told_that_the_page_did_not_start(stage: Stage) -> None:
    relay = stage.relay()
    relay.assets["/main.js"] = relay.assets["/show/style.css"]  # served, and no module
    tab = stage.tab(relay)
    tab.until("!document.getElementById('unable').hidden")
    tab.says("#unable-text", "could not start")


@pytest.mark.parametrize(
    "lost",
    [
        "delete CanvasRenderingContext2D.prototype.roundRect",
        "delete HTMLDialogElement.prototype.showModal",
        "delete Navigator.prototype.wakeLock",
        "delete window.Worker",
        "Object.defineProperty(window, 'sessionStorage', {get() { throw new Error('forbidden'); }});"
        "Object.defineProperty(window, 'localStorage', {get() { throw new Error('forbidden'); }})",
        "delete Element.prototype.setPointerCapture",
    ],
    ids=["roundRect", "showModal", "wakeLock", "Worker", "storage", "capture"],
)
def test_what_can_be_done_without_is_done_without(stage: Stage, lost: str) -> None:
    relay = stage.relay()
    stage.synth(relay)
    tab = stage.tab(stage.relay())
    stage.thread.run(tab.page.add_init_script(lost))
    tab.errors.clear()
    tab.goto(relay.url)
    tab.until(ONE_OPEN)
    tab.key_down("KeyA")
    tab.until("formant.fingers.length === 1")
    tab.key_up("KeyA")
    tab.click("#panel-toggle")
    assert tab.evaluate("document.getElementById('unable').hidden") is True
    assert tab.errors == []
