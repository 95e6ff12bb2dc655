"""The rows of the table: what is asked of a server, and which figures are taken. Each gets a fresh server process.

A figure is given by its name. Those in processor time count what the server process used and hold on a busy machine;
those by the clock do not.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from signaling.load import PEER, Client, candidate, crowd, frame, join, leave, offer, peer_candidate, peer_offer

PAIRS, EACH = 8, 1500
REST_S = 0.3
"""Seconds in which a server finishes what it was asked, before its processor time is read."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server process under test. `many`: the clients of the row `beat`."""

    name: str
    port: int
    pid: int
    many: int

    def used_s(self) -> float:
        """Seconds of processor time so far (Linux: the clock of another process, clock_getcpuclockid(3))."""
        return time.clock_gettime((~self.pid << 3) | 2)

    def memory(self) -> int:
        """Bytes that the process has in memory."""
        for line in Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Rss:"):
                return 1024 * int(line.split()[1])
        raise ValueError("this system does not tell the memory of a process")


Figures = dict[str, float]
Row = Callable[[Server], Awaitable[Figures]]


def percentile(sorted_s: list[float], percent: float) -> float:
    """One of sorted values."""
    return sorted_s[min(len(sorted_s) - 1, int(percent / 100.0 * len(sorted_s)))]


def _percentiles(sorted_s: list[float], *percents: float) -> Figures:
    return {f"p{percent:g} ms": 1000 * percentile(sorted_s, percent) for percent in percents}


def _texts(pair: int, name: str, *, distinct: bool) -> list[str]:
    """What one synth sends: descriptions that repeat with candidates between, or descriptions that never do."""
    target = f"ctrl-{pair}"
    describe, propose = (peer_offer, peer_candidate) if name == PEER else (offer, candidate)
    if distinct:
        return [describe(target, pair * EACH + n) for n in range(EACH)]
    return [describe(target, pair) if n % 3 else propose(target, n) for n in range(EACH)]


async def _routed(server: Server, *, distinct: bool) -> Figures:
    pairs: list[tuple[Client, Client, list[bytes]]] = []
    for n in range(PAIRS):
        ctrl, synth = [await join(server.port, f"{kind}-{n}", server.name) for kind in ("ctrl", "synth")]
        pairs.append((synth, ctrl, [frame(text) for text in _texts(n, server.name, distinct=distinct)]))
    await asyncio.sleep(REST_S)
    before = [ctrl.frames for _, ctrl, _ in pairs]
    begun, used = time.perf_counter(), server.used_s()

    async def send(synth: Client, frames: list[bytes]) -> None:
        for start in range(0, len(frames), 20):
            await synth.write(b"".join(frames[start : start + 20]))

    await asyncio.gather(*(send(synth, frames) for synth, _, frames in pairs))
    await asyncio.gather(
        *(ctrl.until(seen + len(frames)) for (_, ctrl, frames), seen in zip(pairs, before, strict=True))
    )
    told = {"messages/s": PAIRS * EACH / (time.perf_counter() - begun)}
    return told | {"messages/s of CPU": PAIRS * EACH / (server.used_s() - used)}


async def repeated(server: Server) -> Figures:
    """Routed descriptions of 1.5 kB that repeat, with candidates between."""
    return await _routed(server, distinct=False)


async def distinct(server: Server) -> Figures:
    """Routed descriptions of 1.5 kB that never repeat."""
    return await _routed(server, distinct=True)


async def _latencies(server: Server, per_s: float, seconds: float) -> list[float]:
    """How long each message takes at a rate, s, sorted."""
    ctrl, synth = [await join(server.port, f"{kind}-l", server.name) for kind in ("ctrl", "synth")]
    await asyncio.sleep(REST_S)
    data = frame((peer_offer if server.name == PEER else offer)("ctrl-l", 1))
    sent: list[float] = []
    ctrl.times = []
    begun = time.perf_counter()
    while (elapsed := time.perf_counter() - begun) < seconds:
        for _ in range(int(elapsed * per_s) - len(sent)):
            sent.append(time.perf_counter())
            synth.transport.write(data)
        await asyncio.sleep(0.0005)
    await asyncio.sleep(REST_S)
    leave(ctrl, synth)
    return sorted(there - left for left, there in zip(sent, ctrl.times, strict=False))


async def latency(server: Server) -> Figures:
    """A description each 0.2 ms between two clients."""
    used = server.used_s()
    times = await _latencies(server, 5000.0, 3.0)
    return {"CPU us": 1e6 * (server.used_s() - used) / len(times)} | _percentiles(times, 50, 90, 99)


async def connect(server: Server) -> Figures:
    """1,000 clients connect and register, 50 at a time."""
    begun, used = time.perf_counter(), server.used_s()
    clients, times = await crowd(server.port, 1000, "ctrl-c", server.name)
    took = time.perf_counter() - begun
    await asyncio.sleep(REST_S)
    told = {"CPU us each": 1e6 * (server.used_s() - used) / len(clients), "s for all": took}
    leave(*clients)
    return told | _percentiles(times, 50, 99)


async def join_heard(server: Server) -> Figures:
    """One controller registers, until 1,000 synths have heard of it. All of them stay: a relay announces no end."""
    synths, _ = await crowd(server.port, 1000, "synth-h")
    await asyncio.sleep(REST_S)
    joined, took = [], []
    used = server.used_s()
    for n in range(20):
        before = [synth.frames for synth in synths]
        begun = time.perf_counter()
        joined.append(await join(server.port, f"ctrl-h{n}"))
        await asyncio.gather(*(synth.until(frames + 1) for synth, frames in zip(synths, before, strict=True)))
        took.append(time.perf_counter() - begun)
        await asyncio.sleep(0.1)
    told = {"CPU ms": 1000 * (server.used_s() - used) / len(joined)}
    leave(*synths, *joined)
    return told | _percentiles(sorted(took), 50, 90)


async def idle(server: Server) -> Figures:
    """Memory of a registered client that says nothing."""
    warm, _ = await crowd(server.port, 100, "ctrl-w")
    await asyncio.sleep(REST_S)
    before = server.memory()
    clients, _ = await crowd(server.port, 2000, "ctrl-i")
    await asyncio.sleep(REST_S)
    size = (server.memory() - before) / len(clients)
    leave(*warm, *clients)
    return {"kB": size / 1000}


async def beat(server: Server, seconds: float = 20.0) -> Figures:
    """Clients that only beat, each every 20 s, and 50 messages a second between two others."""
    clients, _ = await crowd(server.port, server.many, "ctrl-b")
    await asyncio.sleep(REST_S)
    data = frame('{"type":"heartbeat"}')

    async def beats() -> None:
        done, begun = 0, time.perf_counter()
        while True:
            due = int((time.perf_counter() - begun) * len(clients) / 20.0)
            for n in range(done, due):
                clients[n % len(clients)].transport.write(data)
            done = due
            await asyncio.sleep(0.02)

    task = asyncio.create_task(beats())
    begun, used = time.perf_counter(), server.used_s()
    times = await _latencies(server, 50.0, seconds)
    share = (server.used_s() - used) / (time.perf_counter() - begun)
    task.cancel()
    leave(*clients)
    return {"% of a core": 100 * share} | _percentiles(times, 50, 90, 99)


ROWS: dict[str, Row] = {
    "repeated": repeated,
    "distinct": distinct,
    "latency": latency,
    "connect": connect,
    "join": join_heard,
    "idle": idle,
    "beat": beat,
}
OF_PEER = ("repeated", "distinct", "latency", "connect")
"""Rows that npm's `peer` has, too: it announces nobody."""
GOALS: dict[tuple[str, str], float] = {
    ("repeated", "messages/s of CPU"): 0.6,
    ("distinct", "messages/s of CPU"): 0.35,
    ("latency", "p99 ms"): 1.3,
    ("connect", "CPU us each"): 1.3,
    ("join", "CPU ms"): 1.1,
    ("join", "p50 ms"): 1.1,
    ("idle", "kB"): 1.1,
    ("beat", "% of a core"): 1.3,
    ("beat", "p99 ms"): 1.3,
}
"""Ratios to the relay: of messages a second the least, of all others the most."""
