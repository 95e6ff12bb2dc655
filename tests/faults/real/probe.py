"""A server, a synth, or controllers that come and go; each tells what its process keeps: one JSON object a line.

python -m faults.real.probe server ADDRESS | synth URL | guests URL SEED
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from formant_net.aio.client.controller import ControllerNode, ControllerOptions
from formant_net.aio.client.synth import SynthNode, SynthOptions
from formant_net.aio.driver import clock
from formant_net.aio.run import run_until_signal
from formant_net.aio.server.edge import EdgeOptions, running_edge
from formant_net.cli.options.servers import servers_of
from formant_net.ops.log import configure
from formant_net.protocol.gesture import TimedTouch

SAMPLE_S = 10.0


def sample(**more: Any) -> None:
    """What this process keeps at this moment."""
    gc.collect()
    with open("/proc/self/status") as status:
        fields = dict(line.split(":", 1) for line in status)
    links = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if _there(fd)]
    figures = {
        "event": "stats", "at": clock(), "rss_kb": int(fields["VmRSS"].split()[0]), "threads": int(fields["Threads"]),
        "fds": len(links), "sockets": sum(link.startswith("socket:") for link in links),
        "tasks": len(asyncio.all_tasks()), "objects": len(gc.get_objects()),
    }  # fmt: skip
    print(json.dumps(figures | more), flush=True)


def _there(fd: str) -> bool:
    return os.path.lexists(f"/proc/self/fd/{fd}")


async def watching(work: Coroutine[Any, Any, None], **more: Any) -> None:
    task = asyncio.create_task(work)
    while not task.done():
        await asyncio.wait({task}, timeout=SAMPLE_S)
        sample(**more)
    await task


async def server(address: str) -> None:
    options = EdgeOptions(host=address, port=8080, key=os.environ["FORMANT_KEY"])
    async with running_edge(options):
        await watching(asyncio.sleep(1e9))


async def synth(url: str) -> None:
    node = SynthNode(
        SynthOptions("synth-real", "real", servers_of((url,), None), audio="none"), on_note=lambda text: None
    )
    await node.start()
    try:
        await watching(asyncio.sleep(1e9))
    finally:
        await node.stop()


async def guests(url: str, seed: str) -> None:
    """One controller after the other: comes, plays, and leaves in good order or without a word."""
    draw, count = random.Random(int(seed)), {"guests": 0, "failed": 0}

    async def come_and_go() -> None:
        while True:
            node = ControllerNode(ControllerOptions(f"ctrl-guest-{seed}-{count['guests']}", servers_of((url,), None)))
            count["guests"] += 1
            node.start()
            try:
                await asyncio.wait_for(node.wait_for_synths(1), 20.0)
                await node.play([TimedTouch(0.05 * n, 1, draw.random(), draw.random()) for n in range(8)])
            except TimeoutError:
                count["failed"] += 1
            if draw.random() < 0.5:
                await node.finish()
            else:  # its finger is still down
                node.client.driver.close()
                await node.client.close()

    task = asyncio.create_task(come_and_go())
    while not task.done():
        await asyncio.wait({task}, timeout=SAMPLE_S)
        sample(**count)
    await task


def main() -> None:
    what, *arguments = sys.argv[1:]
    configure("text", "critical")
    roles: dict[str, Callable[..., Coroutine[Any, Any, None]]] = {"server": server, "synth": synth, "guests": guests}
    run_until_signal(roles[what](*arguments))


if __name__ == "__main__":
    main()
