"""The page starts cleanly under the policy it is served with, says who it is, and asks for a key in words."""

from __future__ import annotations

import re
import socket

import pytest
from page.conftest import ONE_OPEN, Stage
from page.relay import PAGE

from formant_net.server.access.limits import Limits


def test_page_starts_without_a_console_error_and_registers_as_a_controller(stage: Stage) -> None:
    relay = stage.relay()
    tab = stage.tab(relay)
    tab.until("formant.server === 'registered'")
    assert tab.errors == []
    [register] = relay.registers
    assert re.fullmatch(r"touch-ctrl-[0-9a-f]{12}", register.pop("client_id"))
    assert re.fullmatch(r"[0-9a-f]{8}", register.pop("meta").pop("run"))
    assert register == {"type": "register", "role": "controller"}
    tab.until("document.getElementById('status-text').textContent === 'Looking for synths…'")


_RULES = ("core", "links", "mids", "mono", "node", "peer", "play-out", "player", "ranking", "remote", "roster")
_SINGS = ("far-synth", "singing", "synth", "worker")
OF_A_SYNTH = {
    *(f"synth/{name}.js" for name in _RULES),
    *(f"sing/{name}.js" for name in _SINGS),
    "set/late.js",
    "timers/allowance.js",
    "singer.js",
}
"""Only a page that sings for others needs these: the touch page loads them when that is switched on."""
OF_THE_DESK = ("desk.js", "desk/", "fleet/", "mixer/")
"""What only the page `/desk` loads."""


def test_every_asset_is_the_servers_own(stage: Stage) -> None:
    relay = stage.relay()
    stage.tab(relay).until("formant.server === 'registered'")
    files = {path.relative_to(PAGE).as_posix() for path in PAGE.rglob("*") if path.is_file()}
    modules = {name for name in files if name.endswith(".js") and not name.startswith(OF_THE_DESK)}
    needed = modules - {"sing/worklet.js", *OF_A_SYNTH}

    def asked() -> set[str]:
        return {path.lstrip("/") for path in relay.requests} - {""}

    stage.until(lambda: needed <= asked(), "every module is asked for: that of a worker may come last")
    assert not any(name.startswith(OF_THE_DESK) for name in asked())
    assert asked() <= files
    assert 200 * len(relay.requests) <= Limits().connects_burst, "a hall behind one address may load it at once"


def test_page_plays_where_the_context_is_not_secure(stage: Stage) -> None:
    """A phone opens http://LAN-address: no wake lock and no randomUUID there, and nothing may throw."""
    relay = stage.relay(host=lan_address())
    stage.synth(relay)
    tab = stage.tab(relay)
    assert tab.evaluate("isSecureContext") is False
    tab.until(ONE_OPEN)
    assert tab.errors == []
    tab.click("#panel-toggle")
    tab.says("#panel", "browsers keep it awake for https")


def lan_address() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("203.0.113.1", 9))  # no packet leaves; it only picks the address
        return str(probe.getsockname()[0])


def test_key_of_the_fragment_goes_into_register_and_stays_out_of_every_request(stage: Stage) -> None:
    relay = stage.relay(key="s3cret-key")
    tab = stage.tab(relay)
    tab.until("formant.server === 'registered'")
    assert relay.registers[0]["key"] == "s3cret-key"
    assert not any("s3cret" in path for path in relay.requests)
    tab.reload()
    tab.until("formant.server === 'registered'")
    assert relay.registers[-1]["key"] == "s3cret-key"


def test_key_of_the_query_works_and_moves_into_the_fragment(stage: Stage) -> None:
    relay = stage.relay(key="s3cret-key")
    tab = stage.tab(stage.relay())
    tab.goto(f"http://127.0.0.1:{relay.port}/?key=s3cret-key")
    tab.until("formant.server === 'registered'")
    assert tab.evaluate("location.search") == ""
    assert tab.evaluate("location.hash") == "#key=s3cret-key"


@pytest.mark.parametrize(("fragment", "words"), [("#key=wrong", "Wrong key"), ("", "This instrument needs a key")])
def test_without_the_right_key_the_page_asks_for_it_and_does_not_knock_again(
    stage: Stage, fragment: str, words: str
) -> None:
    relay = stage.relay(key="right")
    tab = stage.tab(stage.relay())
    tab.goto(f"http://127.0.0.1:{relay.port}/{fragment}")
    tab.until("formant.server === 'needs-key' && document.getElementById('gate').open")
    assert tab.text("#gate-title") == words
    assert tab.text("#status-text") == words
    tab.evaluate("dispatchEvent(new Event('online'))")
    assert len(relay.registers) == 1
    tab.fill("#gate-key", f"http://somewhere/#key={relay.key}")  # people paste the whole address
    tab.click("#gate-button")
    tab.until("formant.server === 'registered' && !document.getElementById('gate').open")
    assert tab.evaluate("location.hash") == "#key=right"


@pytest.mark.parametrize("code", ["token-expired", "not-allowed"])
def test_an_invitation_that_is_over_is_said_and_another_asked_for(stage: Stage, code: str) -> None:
    relay = stage.relay()
    relay.refuse_next = {"type": "error", "code": code, "message": "your invitation has expired", "about": "register"}
    tab = stage.tab(relay)
    tab.until("formant.server === 'needs-key' && document.getElementById('gate').open")
    assert tab.text("#gate-title") == "your invitation has expired"
    tab.fill("#gate-key", "another")
    tab.click("#gate-button")
    tab.until("formant.server === 'registered'")
    assert relay.registers[-1]["key"] == "another"


def test_kicked_page_stays_away_until_somebody_asks(stage: Stage) -> None:
    relay, _, tab = stage.playing()
    old = tab.evaluate("formant.id")
    stage.thread.run(relay.send(old, {"type": "kicked", "reason": "the concert is over"}))
    tab.until("document.getElementById('gate').open")
    tab.says("#gate-text", "the concert is over")
    tab.evaluate("dispatchEvent(new Event('online'))")
    assert tab.evaluate("formant.server") == "kicked"
    assert tab.evaluate("formant.links[0].state") == "lost"
    assert len([r for r in relay.registers if r["client_id"] == old]) == 1
    tab.click("#gate-button")
    tab.until("formant.server === 'registered'")
    tab.until(ONE_OPEN)
    assert tab.evaluate("formant.id") != old
