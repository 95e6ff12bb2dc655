"""A storm of newcomers, with real processes: who plays goes on playing, and who has the key gets in.

    python -m faults.real.storm --seconds 60 --rate 200

Run it in `tests/`, or `make storm`. There are two ensembles of the same size: a server, synths, a player with the key
and guests, each a process. The storm comes to one of them, with one audience token, from 20 addresses, each time under
a new id, and stays for half a second after it has heard whether it is in. The other one shows in the same seconds what
the machine, its other work and the storm's own process cost: the difference is what the storm costs through Formant.
One JSON line at the end. Exit code 1 when a bound was not kept.
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

from aiortc.exceptions import InvalidStateError
from faults.lab.numbers import percentile
from support.machine.processes import Process, cpu_s, processes
from support.net.attacks import TEXT, UPGRADE, frame
from support.net.stranger import Stranger
from websockets.exceptions import WebSocketException

from formant_net.protocol.join import JoinUrl
from formant_net.server.access.tokens import SCOPES, KeySet, make_key

TESTS = Path(__file__).resolve().parents[2]
KEY = "abcd-efgh-jkmn"
TOUCH_S, LINK_S = 0.02, 2.0
"""Most seconds of a touch and its answer, p99, and of a newcomer with the key until its link is open. On a machine
that is busy with other work: most that the storm may add to them."""
STAYS_S, GIVES_UP_S = 0.5, 10.0
EVERY_S = 3.0
"""Seconds from one newcomer with the key to the next."""
ADDRESSES = 20
LOST = (TimeoutError, OSError, WebSocketException, InvalidStateError, AssertionError)
"""What a player meets whose link or socket ends, or whom the server refuses."""


@dataclass(frozen=True)
class Heard:
    """What one ensemble told; seconds.

    quiet, player, guest    p99 of a touch and its answer: of the player before the storm, then of it and of a guest
    touches                 of the player while the storm lasted
    linked                  how long each newcomer with the key took until its link was open, or gave up
    refused                 why some newcomers with the key gave up
    lost                    links of players and guests that have ended
    """

    quiet: float
    player: float
    guest: float
    touches: int
    linked: list[float]
    refused: list[str]
    lost: int


@dataclass(frozen=True)
class Storm:
    """What was measured.

    stormed, beside         the ensemble that the storm came to, and the other one in the same seconds
    came, heard             newcomers of the storm, and what the server said to them, by kind or code
    server_ms, synth_ms     processor time of the server, and of a synth, for each newcomer, ms. It holds also on a busy
                            machine, where the other figures tell of the machine
    shares                  who had the processors meanwhile, in % of all cores
    """

    seconds: float
    rate: float
    load: float
    stormed: Heard
    beside: Heard
    came: int
    heard: dict[str, int]
    server_ms: float
    synth_ms: float
    shares: dict[str, float]
    faults: int

    def broken(self) -> list[str]:
        """The bounds that were not kept, in words."""
        told = []
        touch, usual = self.stormed.player, self.beside.player
        if touch > TOUCH_S and touch - usual > TOUCH_S:
            told.append(
                f"a touch took {1000 * touch:.0f} ms (p99), {1000 * usual:.0f} without the storm; "
                f"{1000 * TOUCH_S:.0f} are allowed"
            )
        link, usual = max(self.stormed.linked), max(self.beside.linked)
        if link > LINK_S and link - usual > LINK_S:
            told.append(
                f"a newcomer with the key took {link:.2f} s, {usual:.2f} without the storm; {LINK_S:g} are allowed"
            )
        if self.stormed.lost > self.beside.lost:
            told.append(f"{self.stormed.lost} links of players ended, {self.beside.lost} without the storm")
        if self.stormed.refused and not self.beside.refused:
            told.append(f"newcomers with the key did not get in: {', '.join(self.stormed.refused)}")
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

    while came < int(seconds * rate):
        for _ in range(int(min(loop.time() - begun, seconds) * rate) - came):
            came += 1
            task = asyncio.create_task(one(came))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.sleep(0.005)
    await asyncio.sleep(STAYS_S)
    end = loop.time() + GIVES_UP_S
    while (tasks or there) and loop.time() < end:
        await asyncio.sleep(0.05)
    return {"came": came, "heard": dict(heard), "cpu_s": time.process_time()}


async def play(url: str, key: str, id: str) -> None:
    """Play until standard input ends; at each line of it, print the round trips since the one before, and how many
    links have ended. Who has lost its link gets another, as a player would."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    times: list[float] = []
    lost = 0

    async def playing() -> None:
        nonlocal lost
        while True:
            try:
                async with Stranger(url, key, id) as player:
                    await player.linked()
                    print("linked", flush=True)
                    await player.play(times)
            except LOST as error:
                lost += 1
                print(f"{id}: {type(error).__name__} {error}", file=sys.stderr, flush=True)
                await asyncio.sleep(1.0)

    task = asyncio.create_task(playing())
    while await reader.readline():
        assert not task.done(), task.exception()
        print(json.dumps([times, lost]), flush=True)
        times.clear()
    task.cancel()


class _Player:
    """A player in a process of its own."""

    def __init__(self, url: str, key: str, id: str) -> None:
        self.process = _start("player", url, key, id)
        self.lost = 0

    def linked(self) -> None:
        """Wait until it is."""
        said = _line(self.process)
        assert said == "linked\n", said

    def times(self) -> list[float]:
        """The round trips since the last call, s."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        while (said := _line(self.process)) == "linked\n":
            pass  # it has got another link
        times, self.lost = json.loads(said)
        return [float(one) for one in times]

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def _line(process: subprocess.Popen[str]) -> str:
    """What it says next. Its errors stand on this process's standard error."""
    assert process.stdout is not None
    said = process.stdout.readline()
    if not said:
        raise RuntimeError(f"{process.args!r} ended with exit code {process.wait()}: standard error says why")
    return said


def _start(*words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "faults.real.storm", *words]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=TESTS, env=environment
    )


async def _links(url: str, seconds: float) -> tuple[list[float], list[str]]:
    """How long newcomers with the key take, one after the other, and why some did not get in."""
    took: list[float] = []
    refused: list[str] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end or not took:
        begun = time.monotonic()
        got_in: float | None = None
        try:
            async with Stranger(url, KEY) as newcomer:
                await newcomer.linked()
                got_in = time.monotonic()
        except LOST as error:  # one that does not get in counts with the time that it tried
            if got_in is None:
                refused.append(f"{type(error).__name__} {error}".strip())
        took.append((got_in or time.monotonic()) - begun)
        await asyncio.sleep(max(0.0, min(begun + EVERY_S, end) - time.monotonic()))
    return took, refused


async def _both(urls: list[str], seconds: float) -> list[tuple[list[float], list[str]]]:
    asyncio.get_running_loop().set_exception_handler(_unless_lost)
    return await asyncio.gather(*(_links(url, seconds) for url in urls))


def _unless_lost(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A newcomer that leaves ends tasks of aiortc in the middle of sending: that is no fault of anybody."""
    if not isinstance(context.get("exception"), ConnectionError):
        loop.default_exception_handler(context)


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


class _Side:
    """One of the two ensembles, and who plays in it."""

    def __init__(self, stack: ExitStack, synths: int, guests: int) -> None:
        self.join, self.token, self.boxes = stack.enter_context(ensemble(synths))
        people = [("ctrl-player", KEY), *((f"touch-ctrl-guest{n}", self.token) for n in range(guests))]
        self.players = [_Player(self.join.ws_url, key, id) for id, key in people]
        for player in self.players:
            stack.callback(player.stop)
        for player in self.players:  # they start side by side
            player.linked()

    def times(self) -> list[list[float]]:
        return [player.times() for player in self.players]

    def used_s(self) -> list[float]:
        """Processor time of the server, the synths and the players, s."""
        players = sum(cpu_s(player.process.pid) for player in self.players)
        return [self.boxes[0].cpu_s(), sum(box.cpu_s() for box in self.boxes[1:]), players]

    def heard(self, quiet: list[float], took: list[float], refused: list[str]) -> Heard:
        played, guest, *_ = self.times()
        return Heard(
            quiet=percentile(quiet, 0.99),
            player=percentile(played, 0.99),
            guest=percentile(guest, 0.99),
            touches=len(played),
            linked=[round(each, 3) for each in took],
            refused=refused,
            lost=sum(player.lost for player in self.players),
        )


def busy_s() -> float:
    """Processor time that all processes of this machine have used, s (Linux)."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")  # but idle and waiting for disks


def run(seconds: float, rate: float, *, synths: int = 2, guests: int = 1, quiet_s: float = 5.0) -> Storm:
    """The whole story."""
    with ExitStack() as stack:
        stormed, beside = [_Side(stack, synths, guests) for _ in range(2)]
        for side in (stormed, beside):
            side.times()
        time.sleep(quiet_s)
        quiet = [side.times()[0] for side in (stormed, beside)]
        before = [stormed.used_s(), beside.used_s()]
        machine, begun = busy_s(), time.monotonic()
        port = str(urlsplit(stormed.join.http_url).port)
        process = _start("storm", "127.0.0.1", port, stormed.token, str(rate), str(seconds))
        stack.callback(process.kill)
        linked = asyncio.run(_both([stormed.join.ws_url, beside.join.ws_url], seconds))
        heard = [side.heard(was, *links) for side, was, links in zip((stormed, beside), quiet, linked, strict=True)]
        told = json.loads(_line(process))
        cores = (time.monotonic() - begun) * (os.cpu_count() or 1) / 100
        ours, theirs = [
            [now - was for now, was in zip(side.used_s(), used, strict=True)]
            for side, used in zip((stormed, beside), before, strict=True)
        ]
        spent = dict(zip(("server", "synths", "players"), ours, strict=True))
        spent |= {"beside": sum(theirs), "storm": float(told["cpu_s"])}
        spent["others"] = busy_s() - machine - sum(spent.values())
        return Storm(
            seconds=seconds,
            rate=rate,
            load=os.getloadavg()[0],
            stormed=heard[0],
            beside=heard[1],
            came=told["came"],
            heard=told["heard"],
            server_ms=round(1000 * ours[0] / told["came"], 2),
            synth_ms=round(1000 * (ours[1] - theirs[1]) / synths / told["came"], 2),
            shares={who: round(used / cores, 1) for who, used in spent.items()},
            faults=sum("fault" in line or "Traceback" in line for line in stormed.boxes[0].lines),
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
