"""A server under attack from one address: an honest client of another goes on, and the server is well afterwards.

`benchmarks/hostile.py` measures the same for longer. Here only what must hold on any machine: messages arrive, within
half a second at the median; nothing grows; nothing is logged a thousand times.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.machine.processes import Process, processes
from support.net.attacks import ATTACKS
from support.net.honest import witness
from support.suite.patience import PATIENCE_S

from formant_net.protocol.join import JoinUrl

TESTS = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[JoinUrl, Process]]:
    with processes() as start:
        process = start("server", "--port", "0", "--key", "abcd", "--advertise", "127.0.0.1")
        join = JoinUrl.parse(process.wait_for("Join: ").removeprefix("Join: ").split()[0])
        yield join, process


async def health(join: JoinUrl) -> dict[str, object]:
    """From 127.0.0.1, an address that attacks nobody."""
    host, port = "127.0.0.1", int(join.http_url.rsplit(":", 1)[1].strip("/"))
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"GET /healthz HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
    body = (await reader.read()).partition(b"\r\n\r\n")[2]
    writer.close()
    told: dict[str, object] = json.loads(body)
    return told


SHORT = ("slowloris", "websocket flood", "small frames", "fragments", "compression bombs", "large JSON")
"""connection/ and fuzz/ have the others, without a process."""


@pytest.mark.parametrize(
    "attack", [each if each in SHORT else pytest.param(each, marks=pytest.mark.long) for each in ATTACKS]
)
def test_an_honest_client_is_heard_during_and_the_server_is_well_after(
    server: tuple[JoinUrl, Process], attack: str
) -> None:
    join, process = server
    source = f"127.0.0.{10 + list(ATTACKS).index(attack)}"  # an address that has not attacked before
    port = join.http_url.rsplit(":", 1)[1].strip("/")
    said = len(process.output().splitlines())

    async def story() -> None:
        async with witness(join.ws_url, join.key) as honest:
            attacker = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "support.net.attacks", attack, port, source, "-"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                cwd=TESTS,
                env={**os.environ, "PYTHONPATH": str(TESTS)},
            )
            assert attacker.stdout is not None
            assert attacker.stdin is not None
            assert await attacker.stdout.readline() == b"attacking\n"
            during = await honest.latencies(0.8, least=15)
            attacker.stdin.close()
            deeds = int(await attacker.stdout.readline())
            await attacker.wait()
            assert deeds > 0, "the attack never began"
            assert statistics.median(during) < 0.5
            await honest.latency()
        async with asyncio.timeout(PATIENCE_S):
            while (told := await health(join))["connections"] != 0:  # what was cut off is being cleared away
                await asyncio.sleep(0.05)
        assert told["status"] == "ok"
        assert told["counters"]["internal_faults"] == 0  # type: ignore[index]

    asyncio.run(asyncio.wait_for(story(), 2.0 * PATIENCE_S))
    lines = process.output().splitlines()[said:]
    assert len(lines) < 100, lines[:5]
    assert not any("Traceback" in line for line in lines)
