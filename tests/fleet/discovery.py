"""A hundred boxes that are switched on together find their server: `python -m fleet.discovery` in tests/, as root.

Each box has a network namespace and the real search (aio/client/find.py); all of them are in one process. With `--real`
as many processes `formant-node synth` are switched on at the same moment. With `--loss` that part of all frames from
and to the server is lost.
"""

from __future__ import annotations

import argparse
import asyncio
import contextvars
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from fleet.story import KEY, inside
from support.machine.processes import Process, processes
from support.net.namespace import Lan, Network

from formant_net.aio.client import find
from formant_net.aio.client.find import Finder, Search
from formant_net.aio.lan.multicast import open_multicast
from formant_net.client.servers import Server
from formant_net.lan.record import Place

HERE: contextvars.ContextVar[Network] = contextvars.ContextVar("the machine of a box")


class _Box(Finder):
    """A search on a machine of its own. It does not ask DNS."""

    machine: Network

    async def _browse(self) -> None:
        HERE.set(self.machine)
        await super()._browse()

    async def _try(self, place: Place) -> None:
        with inside(self.machine):
            knock = socket.socket(socket.AF_INET6 if ":" in place.host else socket.AF_INET)
        knock.setblocking(False)
        answered = False
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(find.KNOCK_S):
                await asyncio.get_running_loop().sock_connect(knock, (place.host, place.port))
            answered = True
        knock.close()
        self._driver.tell(lambda now: self._locate.tried(place, answered, now))

    async def _ask_dns(self) -> None: ...


OPEN: dict[str, Any] = {}
"""Sockets of boxes. They are opened before the time begins: in life each box has a processor of its own for that."""


def there() -> Any:
    """As `open_multicast`, for the box that asks."""
    return OPEN[HERE.get().name]


def _open(machine: Network) -> None:
    with inside(machine):
        opened = open_multicast()

    async def same(*_: object) -> None:
        """The interfaces of a box do not change here, and this thread would see others."""

    opened.async_update_interfaces = same
    OPEN[machine.name] = opened


async def search(machines: list[Network], patience_s: float) -> list[float]:
    """How long each took, s."""
    took: dict[str, float] = {}
    finders = []
    for machine in machines:
        _open(machine)
    await asyncio.sleep(0.5)
    begun = time.monotonic()
    for machine in machines:

        def found(_: Server, name: str = machine.name) -> None:
            took.setdefault(name, time.monotonic() - begun)

        box = _Box(Search(None, local=False), found)
        box.machine = machine
        box.start()
        finders.append(box)
    with suppress(TimeoutError):
        async with asyncio.timeout(patience_s):
            while len(took) < len(machines):
                await asyncio.sleep(0.01)
    await asyncio.gather(*(finder.close() for finder in finders))
    return sorted(took.values())


class _Real:
    """A box that is a process. Times are s of the monotonic clock."""

    def __init__(self, start: Callable[..., Process], machine: Network, state: Path) -> None:
        self.begun = time.monotonic()
        self.searched = self.registered = 0.0
        environment = {"FORMANT_KEY": KEY, "FORMANT_STATE_DIR": str(state)}
        options = ("--id", f"synth-{state.name}", "--audio", "none", "--voices", "1")
        self._process = start("synth", *options, environment=environment, prefix=machine.inside)
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def wait(self) -> None:
        """Until it is registered, or `PATIENCE_S`."""
        self._thread.join()

    def _watch(self) -> None:
        with suppress(AssertionError):
            self._process.wait_for("Formant synth")
            self.searched = time.monotonic()
            self._process.wait_for("Ready")
            self.registered = time.monotonic()


def main() -> None:
    """Exit code 1 if a box has not found the server or is not registered in time."""
    options = argparse.ArgumentParser()
    options.add_argument("--boxes", type=int, default=100)
    options.add_argument("--real", type=int, default=8, help="further boxes, each a process")
    options.add_argument("--loss", type=float, default=0.0)
    options.add_argument("--within", type=float, default=0.0, help="1 s to be found, or 15 s with loss")
    options.add_argument("--registered", type=float, default=0.0, help="3 s to be registered, or 15 s with loss")
    given = options.parse_args()
    within = given.within or (15.0 if given.loss else 1.0)
    registered = given.registered or (15.0 if given.loss else 3.0)
    vars(find)["open_multicast"] = there
    names = [f"box{n}" for n in range(given.boxes)]
    real = [f"real{n}" for n in range(given.real)]
    addresses = {name: (f"10.7.{1 + n // 200}.{1 + n % 200}/16",) for n, name in enumerate([*names, *real])}
    with Lan(server=("10.7.0.1/16",), **addresses) as lan, processes() as start, tempfile.TemporaryDirectory() as state:
        if given.loss:
            lan.lose(given.loss)
        environment = {"FORMANT_STATE_DIR": state, "FORMANT_KEY": KEY}
        server = start("server", "--port", "8099", environment=environment, prefix=lan["server"].inside)
        server.wait_for("Join:")
        time.sleep(3.0)  # its announcement is out
        boxes = [_Real(start, lan[name], Path(state) / name) for name in real]
        took = asyncio.run(search([lan[name] for name in names], 60.0)) if names else []
        for box in boxes:
            box.wait()
    load = os.getloadavg()[0]
    late = 0
    if names:
        late += given.boxes - sum(each <= within for each in took)
        print(f"{len(took)} of {given.boxes} found, loss {given.loss:g}: {_times(took)} (load {load:.1f})", flush=True)
    if boxes:
        there_now = [box for box in boxes if box.registered]
        after = sorted(box.registered - box.searched for box in there_now)
        late += given.real - sum(each <= registered for each in after)
        print(
            f"{len(after)} of {given.real} processes registered, loss {given.loss:g}: {_times(after)} after their first"
        )
        print(
            f"  line, {_times(sorted(box.registered - box.begun for box in there_now))} after their start", flush=True
        )
    sys.exit(f"{late} took longer than {within:g} s to find it, or than {registered:g} s to register" if late else 0)


def _times(took: list[float]) -> str:
    return f"median {took[len(took) // 2]:.2f} s, last {took[-1]:.2f} s" if took else "none"


if __name__ == "__main__":
    main()
