"""A real synth tells a real server how it is."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from msgspec import UNSET
from support.net.loopback import edge, run

from formant_net.aio.client import synth as synth_module
from formant_net.aio.client.synth import SynthNode, SynthOptions
from formant_net.client.servers import Server
from formant_net.health.board import Throttled
from formant_net.health.machine import Facts

WEAK = Facts(model="Pi", temperature_c=48.0, undervoltage=True, throttled=Throttled(("voltage",), ("voltage",)))


def test_a_box_tells_its_server_how_it_is_and_at_once_what_turns_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synth_module, "WATCH_S", 0.05)

    async def main() -> None:
        async with edge(key="k") as server:
            servers = [Server(server.ws_url, "k")]
            synth = SynthNode(SynthOptions("synth-a", "Attic", servers, audio="none", voices=4), on_note=lambda _: None)
            synth.wellbeing.look = lambda: WEAK
            await synth.start()
            while (box := server.hub.health.boxes.get("synth-a")) is None or box.health is None:
                await asyncio.sleep(0.01)
            health = box.health
            assert (health.model, health.sample_rate, health.audible, health.links) == ("Pi", 48000, False, 0)
            assert (health.undervoltage, health.throttled, health.temperature_c) == (True, ["voltage"], 48.0)
            assert health.troubles == ["no-sound", "undervoltage"]
            assert (health.gain, health.registrations) == (1.0, 1)
            assert health.wifi_dbm is UNSET, "a figure that is not known is not there"
            synth.wellbeing.look = lambda: replace(WEAK, temperature_c=90.0)
            while "hot" not in (health := server.hub.health.boxes["synth-a"].health or health).troubles:
                await asyncio.sleep(0.01)
            assert health.temperature_c == 90.0
            await synth.stop()

    run(main())
