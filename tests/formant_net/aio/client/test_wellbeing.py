"""A real synth tells a real server how it is."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET
from support.net.loopback import edge, hear, run, say

from formant_dsp import VoiceParams
from formant_net.aio.client import synth as synth_module
from formant_net.aio.client.synth import SynthNode, SynthOptions
from formant_net.client.servers import Server
from formant_net.health.board import Throttled
from formant_net.health.machine import Facts
from formant_net.protocol.steering import QUIET_DB

WEAK = Facts(model="Pi", temperature_c=48.0, undervoltage=True, throttled=Throttled(("voltage",), ("voltage",)))


def test_a_box_tells_its_server_how_it_is_and_at_once_what_turns_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synth_module, "WATCH_S", 0.05)

    async def main() -> None:
        async with edge(key="k") as server:
            servers = [Server(server.ws_url, "k")]
            synth = SynthNode(SynthOptions("synth-a", "Attic", servers, audio="none", voices=4), on_note=lambda _: None)
            synth.wellbeing.look = lambda: WEAK
            counted = synth.output.counters  # of a sound that this machine does not hold up
            even = {"underflows": 0, "late": 0, "overruns": 0, "render_histogram": [100, 0]}
            monkeypatch.setattr(synth.output, "counters", lambda: counted() | even)
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


async def level(desk: Any, id: str) -> float:
    """The next one of a box that a desk hears."""
    while True:
        message = await hear(desk)
        if message["type"] == "desk-levels" and id in message["peak_db"]:
            return float(message["peak_db"][id])


@pytest.mark.parametrize("heard", [True, False])
def test_a_desk_hears_how_loud_a_box_is_while_it_can_be_heard(heard: bool, tmp_path: Path) -> None:
    """From the callback to the desk: a note, then silence. A box that nobody can hear says nothing."""

    async def main() -> None:
        async with edge(key="k") as server:
            audio = f"wav:{tmp_path}/take.wav" if heard else "none"
            options = SynthOptions("synth-a", "Attic", [Server(server.ws_url, "k")], audio=audio, voices=4)
            synth = SynthNode(options, on_note=lambda _: None)
            peaks: list[float | None] = []
            measured = synth.core.measured
            synth.core.measured = lambda peak, now: peaks.append(peak) or measured(peak, now)  # type: ignore[method-assign, func-returns-value]
            await synth.start()
            while "synth-a" not in server.hub.clients():
                await asyncio.sleep(0.01)
            desk = await server.join("desk-1", key="k")
            await say(desk, "desk-meters", on=True)
            synth.bank.note_on(1, VoiceParams(f0_hz=220.0, lease_s=0.0))
            try:
                if not heard:
                    while len(peaks) < 4:
                        await asyncio.sleep(0.01)
                    assert set(peaks) == {None}
                    assert server.hub._levels.next_deadline() is None, "it has said nothing"
                    return
                while await level(desk, "synth-a") < -40.0:
                    pass
                synth.bank.note_off(1)
                while await level(desk, "synth-a") > QUIET_DB:
                    pass
            finally:
                await synth.stop()

    run(main())
