"""Two browsers on a network without multicast: linked over the relay of the server, and told so where there is none."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from page.conftest import ONE_OPEN, Stage
from page.relay import Relay
from page.sing.test_singing import ACTIVE
from page.test_loads import lan_address
from support.browser.chromium import Finger, Tab
from support.net.coturn import coturn

from formant_dsp.browser.bundle import wasm
from formant_net.protocol.ice import IceServers, parse_ice_server
from formant_net.protocol.timing import Timing

pytestmark = pytest.mark.skipif(not wasm(), reason="this build had no compiler for WebAssembly: make wasm says more")
CANDIDATE = re.compile(r"a?=?candidate:\S+ \d \S+ \d+ (\S+) \d+ typ (\w+)")
RECIPE = Path(__file__).parents[2] / "docs" / "install" / "security.md"
SOON = Timing(reach_s=1.0, link_setup_s=2.0)


def without_multicast(message: dict[str, Any]) -> dict[str, Any]:
    """As such a network has it: names that end in `.local` lead nowhere, and only a relay has an address."""
    data = message.get("data")
    if message["type"] in ("offer", "answer") and data:
        kept = [line for line in data["sdp"].splitlines(keepends=True) if passes(line)]
        return {**message, "data": {**data, "sdp": "".join(kept)}}
    if message["type"] == "ice-candidate" and data and not passes(data["candidate"]):
        return {**message, "data": None}
    return message


def passes(line: str) -> bool:
    found = CANDIDATE.search(line)
    return found is None or found[2] == "relay"


def pages(stage: Stage, relay: Relay) -> tuple[Tab, Tab]:
    """One that plays and one that sings, neither of which finds the other by itself."""
    relay.passes_on = without_multicast
    player = stage.tab(relay)
    player.until("formant.server === 'registered'")
    tab = stage.tab(relay)
    tab.goto(relay.url + "sing")
    tab.click("#sing")
    tab.until("formant.server === 'registered'")
    return player, tab


def test_a_relay_links_them(stage: Stage) -> None:
    """With the options of the recipe, and a password as the server makes it for each client."""
    host, [recipe] = lan_address(), re.findall(r"```text\n( +listening-port.*?)```", RECIPE.read_text("utf-8"), re.S)
    options = [line.strip() for line in recipe.splitlines() if line.strip() and "listening-port" not in line]
    with coturn(host, *(f"--{option}" for option in options)) as port:
        relays = IceServers.make([parse_ice_server(f"turn:{host}:{port}")], "SECRET")
        player, tab = pages(stage, stage.relay(ice_servers=relays.told("touch-ctrl", time.time())))
        player.until(ONE_OPEN)
        player.fingers(Finger(1, 0.4, 0.5))
        tab.until(f"{ACTIVE} === 1")


def test_without_a_relay_both_say_that_there_is_no_path_and_what_to_do(stage: Stage) -> None:
    player, tab = pages(stage, stage.relay(timing=SOON))
    tab.until("formant.status.includes('finds no path to a player: this network keeps browsers apart. The server')")
    said = "ending.startsWith('no path to it: this network') && ending.includes('--ice-server')"
    player.until(f"formant.links.some(({{ ending }}) => {said})")


def test_a_relay_that_is_down_is_named(stage: Stage) -> None:
    server = {"urls": [f"turn:{lan_address()}:9"], "username": "choir", "credential": "north-wind"}
    player, tab = pages(stage, stage.relay(timing=SOON, ice_servers=[server]))
    tab.until("formant.status.includes('also not over the relay of the server')")
    player.until("formant.links.some(({ ending }) => ending.includes('is the relay up?'))")
