"""Strangers on real WebRTC links: each deed ends its own link, and whoever plays beside it goes on playing.

What a deed costs the synth is counted in processor time, so that a busy machine changes it little.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from support.machine.processes import Process, processes
from support.net.stranger import DEEDS, Stranger
from support.suite.patience import PATIENCE_S

from formant_net.protocol.join import JoinUrl

TESTS = Path(__file__).parents[3]
MOST_S = 1.2
"""Seconds of processor time that a deed may cost the synth until its link has ended; measured are 0 to 0.3 s. Where
nothing was counted, the link never ended, and 8 s of floods cost 1.5 to 2.4 s."""


@pytest.fixture
def ensemble() -> Iterator[tuple[JoinUrl, Process]]:
    """A server and a synth without sound, each a process."""
    with processes() as start:
        server = start("server", "--port", "0", "--key", "abcd")
        join = JoinUrl.parse(server.wait_for("Join: ").removeprefix("Join: ").split()[0])
        # Few messages are many here, so that a busy machine floods fast enough.
        limits = [
            word for one in ("block_s=60", "messages_per_s=120", "messages_burst=150") for word in ("--limit", one)
        ]
        synth = start("synth", str(join), "--audio", "none", "--id", "synth-a", *limits)
        synth.wait_for("Ready: ")
        yield join, synth


@asynccontextmanager
async def stranger(deed: str, join: JoinUrl) -> AsyncIterator[asyncio.StreamReader]:
    """A process that does the deed for 8 s at most, and what it says; it is gone at the end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "support.net.stranger", deed, join.ws_url, "abcd", "8"),
        stdout=asyncio.subprocess.PIPE,
        cwd=TESTS,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
    )
    assert process.stdout is not None
    try:
        yield process.stdout
        await process.wait()
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


SHORT = ("flood", "channels", "fragments", "open again")
"""One of each kind: messages, channels, parts of messages, nonsense for aiortc. test_inbound.py has all on a clock."""


@pytest.mark.parametrize(
    "deed", [each if each in SHORT else pytest.param(each, marks=pytest.mark.long) for each in DEEDS]
)
def test_a_stranger_loses_its_link_and_the_player_beside_it_goes_on(
    ensemble: tuple[JoinUrl, Process], deed: str
) -> None:
    join, synth = ensemble

    async def story() -> None:
        async with Stranger(join.ws_url, join.key, "ctrl-honest") as honest:
            await honest.linked()
            times: list[float] = []
            # All the time, also while the stranger starts and ends: a player that is silent for 3 s loses its link.
            playing = asyncio.create_task(honest.play(times))
            quiet, used = len(times), synth.cpu_s()
            await asyncio.sleep(1.5)
            each = (synth.cpu_s() - used) / max(1, len(times) - quiet)
            async with stranger(deed, join) as lines:
                assert await lines.readline() == b"linked\n"
                begun, used = len(times), synth.cpu_s()
                told = json.loads(await asyncio.wait_for(lines.readline(), PATIENCE_S))
                cost = synth.cpu_s() - used - each * (len(times) - begun)
            while len(times) - begun <= 20:
                assert not playing.done(), playing.exception()
                await asyncio.sleep(0.02)
            playing.cancel()
            assert told["closed"], told
            assert cost < MOST_S, (cost, told)
            assert statistics.median(times[begun:]) < 2.0, "the player was heard: its pings are answered"
            assert honest.channels["params"].readyState == "open"
            assert honest.offers_since_open == 0

    asyncio.run(asyncio.wait_for(story(), 2.0 * PATIENCE_S))
    assert "not called again for 60 s" in synth.wait_for("controller lost")
