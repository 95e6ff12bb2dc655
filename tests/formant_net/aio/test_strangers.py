"""Strangers on real WebRTC links: each deed ends its own link, and whoever plays beside it goes on playing."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.processes import Process, processes
from support.stranger import DEEDS, Stranger

from formant_net.join import JoinUrl

TESTS = Path(__file__).parents[2]


@pytest.fixture
def ensemble() -> Iterator[tuple[JoinUrl, Process]]:
    """A server and a synth without sound, each a process."""
    with processes() as start:
        server = start("server", "--port", "0", "--key", "abcd")
        join = JoinUrl.parse(server.wait_for("Join: ").removeprefix("Join: ").split()[0])
        # Few messages are many here, so that a busy machine floods fast enough.
        limits = [
            word for one in ("shun_s=60", "messages_per_s=120", "messages_burst=150") for word in ("--limit", one)
        ]
        synth = start("synth", str(join), "--audio", "none", "--id", "synth-a", *limits)
        synth.wait_for("Ready: ")
        yield join, synth


@pytest.mark.parametrize("deed", list(DEEDS))
def test_a_stranger_loses_its_link_and_the_player_beside_it_goes_on(
    ensemble: tuple[JoinUrl, Process], deed: str
) -> None:
    join, synth = ensemble

    async def story() -> None:
        async with Stranger(join.ws_url, join.key, "ctrl-honest") as honest:
            await honest.linked()
            before = await honest.round_trips(1.0)
            bad = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "support.stranger", deed, join.ws_url, "abcd", "8"),
                stdout=asyncio.subprocess.PIPE,
                cwd=TESTS,
                env={**os.environ, "PYTHONPATH": str(TESTS)},
            )
            assert bad.stdout is not None
            assert await bad.stdout.readline() == b"linked\n"
            during = await honest.round_trips(2.0)
            told = json.loads(await asyncio.wait_for(bad.stdout.readline(), 30.0))
            await bad.wait()
            assert told["closed"], told
            assert len(during) > 20, "the player was heard all the time"
            assert statistics.median(during) < 0.1, (statistics.median(before), statistics.median(during))
            assert honest.channels["params"].readyState == "open"
            assert honest.links == 1

    asyncio.run(asyncio.wait_for(story(), 60.0))
    assert "not called again for 60 s" in synth.wait_for("controller lost")
