"""How an honest client fares while strangers attack: latency before and during, one JSON line an attack.

    python benchmarks/hostile.py [SECONDS] [NAME …]

Attacks on the server come from one address (127.0.0.x), the honest pair from another; what is measured is one message
from a controller to a synth through the server. Attacks on a synth come over a WebRTC link of their own; what is
measured is the round trip of a ping that carries a touch, every 20 ms, over the link of another player.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from support.machine.processes import processes
from support.net.attacks import ATTACKS
from support.net.honest import witness
from support.net.stranger import DEEDS, Stranger

from formant_net.protocol.join import JoinUrl

TESTS = Path(__file__).resolve().parents[1] / "tests"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(TESTS)}


def figures(times: list[float]) -> dict[str, float]:
    """Percentiles in ms."""
    ordered = sorted(times)

    def at(share: float) -> float:
        return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)

    return (
        {"n": len(ordered), "p50": at(0.5), "p95": at(0.95), "p99": at(0.99), "max": at(1.0)} if ordered else {"n": 0}
    )


async def attacker(*arguments: str) -> asyncio.subprocess.Process:
    """A process that attacks as soon as it has said so."""
    made = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *arguments, stdout=asyncio.subprocess.PIPE, cwd=TESTS, env=ENVIRONMENT
    )
    assert made.stdout is not None
    await made.stdout.readline()
    return made


async def on_server(name: str, join: JoinUrl, number: int, seconds: float) -> dict[str, object]:
    port = join.http_url.rsplit(":", 1)[1].strip("/")
    async with witness(join.ws_url, join.key) as honest:
        before = await honest.latencies(seconds)
        bad = await attacker("support.net.attacks", name, port, f"127.0.1.{number}", str(seconds + 0.5))
        during = await honest.latencies(seconds)
        assert bad.stdout is not None
        deeds = int(await bad.stdout.readline())
        await bad.wait()
        after = await honest.latencies(seconds / 2)
    return {"on": "server", "attack": name, "deeds": deeds} | {
        key: figures(times) for key, times in (("before", before), ("during", during), ("after", after))
    }


async def on_synth(name: str, join: JoinUrl, seconds: float) -> dict[str, object]:
    async with Stranger(join.ws_url, join.key) as honest:
        await honest.linked()
        before = await honest.round_trips(seconds)
        bad = await attacker("support.net.stranger", name, join.ws_url, join.key or "", str(seconds))
        during = await honest.round_trips(seconds)
        assert bad.stdout is not None
        end = asyncio.create_task(bad.stdout.readline())
        while not end.done():  # a player that says nothing for three seconds is taken for gone
            await honest.round_trips(0.5)
        told = json.loads(await end)
        await bad.wait()
        after = await honest.round_trips(seconds / 2)
    return {
        "on": "synth",
        "attack": name,
        "deeds": told["count"],
        "closed": told["closed"],
        "after_s": told["after_s"],
    } | {key: figures(times) for key, times in (("before", before), ("during", during), ("after", after))}


def main() -> None:
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    seconds = float(words.pop(0)) if words and words[0].replace(".", "").isdigit() else 5.0
    with processes() as start:
        server = start("server", "--port", "0", "--key", "abcd", "--advertise", "127.0.0.1")
        join = JoinUrl.parse(server.wait_for("Join: ").removeprefix("Join: ").split()[0])
        for number, name in enumerate(ATTACKS, 1):
            if not words or name in words:
                print(json.dumps(asyncio.run(on_server(name, join, number, seconds))), flush=True)
        start("synth", str(join), "--audio", "none", "--id", "synth-a").wait_for("Ready: ")
        for name in DEEDS:
            if not words or name in words:
                print(json.dumps(asyncio.run(on_synth(name, join, seconds))), flush=True)


if __name__ == "__main__":
    main()
