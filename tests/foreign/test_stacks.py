"""Other WebRTC stacks play a synth with what they make, unchanged: npm's werift and libdatachannel's binding."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from support.net.loopback import PATIENT, edge, run
from support.suite.require import require

from formant_net.aio.client.synth import SynthNode, SynthOptions
from formant_net.aio.driver import clock
from formant_net.client.servers import Server
from formant_net.synth.touches import NoteMove, NoteOff, NoteOn

HERE = Path(__file__).parent


@pytest.mark.parametrize("stack", ["werift", "node-datachannel"])
def test_a_simple_controller_on_another_stack_plays_a_note_and_ends_it(stack: str) -> None:
    require("node", how="make foreign")
    if not (HERE / "node_modules" / stack).exists():
        pytest.skip(f"npm package {stack} is not installed: run `make foreign` once")

    async def main() -> None:
        notes: list[tuple[float, Any]] = []
        async with edge() as server:
            options = SynthOptions("synth-a", "Attic", [Server(server.ws_url)], audio="none", voices=4, timing=PATIENT)
            synth = SynthNode(options, on_note=lambda text: None)
            take = synth.singer.take

            def noted(effect: Any, *frame: Any) -> None:
                if isinstance(effect, NoteOn | NoteMove | NoteOff):
                    notes.append((clock(), effect))
                take(effect, *frame)

            synth.singer.take = noted  # type: ignore[assignment, method-assign]
            await synth.start()
            player = await asyncio.create_subprocess_exec(
                *("node", HERE / "player.mjs", stack, server.ws_url), stdout=asyncio.subprocess.PIPE
            )
            assert player.stdout is not None
            try:
                said = [json.loads(await player.stdout.readline())]
                while said[-1]["event"] != "released":
                    said.append(json.loads(await player.stdout.readline()))
                while not any(isinstance(note, NoteOff) for _, note in notes):
                    await asyncio.sleep(0.01)
            finally:
                player.kill()
                await player.wait()
                await synth.stop()
        # On a busy machine werift, which gathers for 5 s, may answer an offer when it has been given up.
        events = [one["event"] for one in said]
        assert set(events[:-2]) == {"offered"}, said
        assert events[-2:] == ["linked", "released"], said
        assert [type(note) for _, note in notes].count(NoteOn) == 1
        (last, _), (end, off) = notes[-2:]
        assert isinstance(off, NoteOff)
        assert end - last < PATIENT.hold_s, "the release ended it, not the hold"

    run(main())
