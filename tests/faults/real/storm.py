"""A storm of newcomers, with real processes: who plays goes on playing, and who has the key gets in.

    python -m faults.real.storm --seconds 60 --rate 200

Run it in `tests/`. A server and synths are processes of their own, so are the players, and so is the storm. The storm
comes with one audience token, from 20 addresses, each time under a new id, and stays for half a second after it has
heard whether it is in. One JSON line at the end. Exit code 1 when a bound was not kept.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from faults.lab.numbers import percentile
from support.machine.processes import Process, processes
from support.net.attacks import TEXT, UPGRADE, frame
from support.net.stranger import Stranger

from formant_net.protocol.join import JoinUrl
from formant_net.server.access.tokens import SCOPES, KeySet, make_key

TESTS = Path(__file__).resolve().parents[2]
KEY = "abcd-efgh-jkmn"
TOUCH_S, LINK_S = 0.02, 2.0
"""Most seconds of a touch and its answer, p99, and of a newcomer with the key until its link is open."""
STAYS_S, GIVES_UP_S = 0.5, 10.0
EVERY_S = 3.0
"""Seconds from one newcomer with the key to the next."""
ADDRESSES = 20


@dataclass(frozen=True)
class Storm:
    """What was measured; seconds.

    quiet, player, guest    p99 of a touch and its answer: of the player before the storm, then of it and of a guest
    linked                  how long each newcomer with the key took until its link was open
    heard                   what the server said to the storm, by kind or code
    server_ms, synth_ms     processor time of the server, and of a synth, for each newcomer, ms. It holds also on a busy
                            machine, where the other figures tell of the machine
    """

    seconds: float
    rate: float
    load: float
    quiet: float
    player: float
    guest: float
    touches: int
    linked: list[float]
    came: int
    heard: dict[str, int]
    server_ms: float
    synth_ms: float
    faults: int

    def broken(self) -> list[str]:
        """The bounds that were not kept, in words."""
        told = []
        if self.player > TOUCH_S:
            told.append(f"a touch took {1000 * self.player:.0f} ms (p99), {1000 * TOUCH_S:.0f} are allowed")
        if max(self.linked) > LINK_S:
            told.append(f"a newcomer with the key took {max(self.linked):.2f} s, {LINK_S:g} are allowed")
        return told


class _Newcomer(asyncio.Protocol):
    """Registers as soon as it can, and counts what it hears until it leaves: a while after the server has spoken."""

    def __init__(self, host: str, hello: bytes, heard: Counter[str], there: set[_Newcomer]) -> None:
        self._host, self._hello, self._heard, self._there = host, hello, heard, there
        self._data = b""
        self._waits = True

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.write(UPGRADE.format(host=self._host, more="").encode())
        self._there.add(self)
        asyncio.get_running_loop().call_later(GIVES_UP_S, transport.abort)

    def data_received(self, data: bytes) -> None:
        if not self._data:  # the answer to the upgrade; what is sent before it is not read
            self._transport.write(self._hello)
        elif self._waits:
            self._waits = False
            asyncio.get_running_loop().call_later(STAYS_S, self._transport.abort)
        self._data += data

    def connection_lost(self, _: Exception | None) -> None:
        self._there.discard(self)
        for said in ("registered", "too-many-joins", "server-full", "address-full", "too-fast", "offer"):
            if f'"{said}"'.encode() in self._data:
                self._heard[said] += 1


async def storm(host: str, port: int, token: str, rate: float, seconds: float) -> dict[str, Any]:
    """Newcomers at that rate; how many came, and what they heard."""
    heard: Counter[str] = Counter()
    loop = asyncio.get_running_loop()
    begun, came = loop.time(), 0
    there: set[_Newcomer] = set()
    tasks: set[asyncio.Task[None]] = set()

    async def one(number: int) -> None:
        hello = {"type": "register", "client_id": f"touch-ctrl-{secrets.token_hex(6)}", "key": token}
        made = _Newcomer(f"{host}:{port}", frame(TEXT, json.dumps(hello).encode()), heard, there)
        source = (f"127.0.1.{1 + number % ADDRESSES}", 0)
        try:
            await loop.create_connection(lambda: made, host, port, local_addr=source)
        except OSError as error:
            heard[type(error).__name__] += 1

    while (elapsed := loop.time() - begun) < seconds:
        for _ in range(int(elapsed * rate) - came):
            came += 1
            task = asyncio.create_task(one(came))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.sleep(0.005)
    await asyncio.sleep(STAYS_S)
    end = loop.time() + GIVES_UP_S
    while (tasks or there) and loop.time() < end:
        await asyncio.sleep(0.05)
    return {"came": came, "heard": dict(heard)}


async def play(url: str, key: str, id: str) -> None:
    """Play until standard input ends; at each line of it, print the round trips since the one before."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with Stranger(url, key, id) as player:
        await player.linked()
        print("linked", flush=True)
        times: list[float] = []
        playing = asyncio.create_task(player.play(times))
        while await reader.readline():
            assert not playing.done(), playing.exception()
            print(json.dumps(times), flush=True)
            times.clear()
        playing.cancel()


class _Player:
    """A player in a process of its own."""

    def __init__(self, url: str, key: str, id: str) -> None:
        self._process = _start("player", url, key, id)

    def linked(self) -> None:
        """Wait until it is."""
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "linked\n"

    def times(self) -> list[float]:
        """The round trips since the last call, s."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return [float(one) for one in json.loads(self._process.stdout.readline())]

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


def _start(*words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "faults.real.storm", *words]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=TESTS, env=environment
    )


async def _links(url: str, seconds: float) -> list[float]:
    """How long newcomers with the key take, one after the other."""
    took: list[float] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end or not took:
        begun = time.monotonic()
        got_in: float | None = None
        with suppress(TimeoutError, OSError):  # one that does not get in counts with the time that it tried
            async with Stranger(url, KEY) as newcomer:
                await newcomer.linked()
                got_in = time.monotonic()
        took.append((got_in or time.monotonic()) - begun)
        await asyncio.sleep(max(0.0, min(begun + EVERY_S, end) - time.monotonic()))
    return took


@contextmanager
def ensemble(synths: int) -> Iterator[tuple[JoinUrl, str, list[Process]]]:
    """A server with a key and tokens, and synths without sound: its URL, an audience token, and the processes."""
    with tempfile.TemporaryDirectory() as folder, processes() as start:
        keys = Path(folder) / "keys.json"
        keys.write_text(json.dumps({"keys": [make_key("HS256", "a", secrets.token_bytes)]}))
        claims = {"exp": time.time() + 3600.0, "scope": " ".join(SCOPES["audience"])}
        token = KeySet.parse(keys.read_text()).sign(claims)
        server = start("server", "--port", "0", "--key", KEY, "--token-keys", str(keys))
        join = JoinUrl.parse(server.wait_for("Join: ").removeprefix("Join: ").split()[0])
        singing = [start("synth", str(join), "--audio", "none", "--id", f"synth-{n}") for n in range(synths)]
        for synth in singing:
            synth.wait_for("Ready: ")
        yield join, token, [server, *singing]


def run(seconds: float, rate: float, *, synths: int = 2, guests: int = 3, quiet_s: float = 5.0) -> Storm:
    """The whole story."""
    with ensemble(synths) as (join, token, boxes), ExitStack() as stack:
        people = [("ctrl-player", KEY), *((f"touch-ctrl-guest{n}", token) for n in range(guests))]
        players = [_Player(join.ws_url, key, id) for id, key in people]
        for player in players:
            stack.callback(player.stop)
        for player in players:  # they start side by side
            player.linked()
        time.sleep(quiet_s)
        quiet = players[0].times()
        for player in players:
            player.times()
        before = [box.cpu_s() for box in boxes]
        process = _start("storm", "127.0.0.1", str(urlsplit(join.http_url).port), token, str(rate), str(seconds))
        stack.callback(process.kill)
        linked = asyncio.run(_links(join.ws_url, seconds))
        played, guest = players[0].times(), players[1].times()
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        spent = [1000 * (box.cpu_s() - was) / told["came"] for box, was in zip(boxes, before, strict=True)]
        faults = sum("fault" in line or "Traceback" in line for line in boxes[0].lines)
        return Storm(
            seconds=seconds,
            rate=rate,
            load=os.getloadavg()[0],
            quiet=percentile(quiet, 0.99),
            player=percentile(played, 0.99),
            guest=percentile(guest, 0.99),
            touches=len(played),
            linked=[round(took, 3) for took in linked],
            came=told["came"],
            heard=told["heard"],
            server_ms=round(spent[0], 2),
            synth_ms=round(spent[1], 2),
            faults=faults,
        )


def main() -> int:
    match sys.argv[1:]:
        case ["storm", host, port, token, rate, seconds]:
            print(json.dumps(asyncio.run(storm(host, int(port), token, float(rate), float(seconds)))), flush=True)
            return 0
        case ["player", url, key, id]:
            with suppress(KeyboardInterrupt):
                asyncio.run(play(url, key, id))
            return 0
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=200.0)
    options = parser.parse_args()
    result = run(options.seconds, options.rate)
    print(json.dumps(asdict(result) | {"broken": result.broken()}))
    return 1 if result.broken() else 0


if __name__ == "__main__":
    sys.exit(main())
