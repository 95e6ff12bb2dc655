"""A hundred boxes that are switched on together find their server: `python -m fleet.discovery` in tests/, as root.

Each box has a network namespace and the real search (aio/client/find.py); all of them are in one process. With `--loss`
that part of all packets from and to the server is lost.
"""

from __future__ import annotations

import argparse
import asyncio
import contextvars
import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from typing import Any

from fleet.story import inside
from support.machine.processes import processes
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


def _there() -> Any:
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


def main() -> None:
    """Exit code 1 if a box has not found the server in time, or if it could not be tried."""
    options = argparse.ArgumentParser()
    options.add_argument("--boxes", type=int, default=100)
    options.add_argument("--loss", type=float, default=0.0)
    options.add_argument("--within", type=float, default=0.0, help="1 s, or 15 s with loss")
    given = options.parse_args()
    within = given.within or (15.0 if given.loss else 1.0)
    vars(find)["open_multicast"] = _there
    addresses = {f"box{n}": (f"10.7.{1 + n // 200}.{1 + n % 200}/16",) for n in range(given.boxes)}
    with Lan(server=("10.7.0.1/16",), **addresses) as lan, processes() as start, tempfile.TemporaryDirectory() as state:
        if given.loss:
            try:
                lan.lose(given.loss)
            except subprocess.CalledProcessError:
                sys.exit("NOT TRIED: this kernel cannot lose packets (tc-netem is missing)")
        environment = {"FORMANT_STATE_DIR": state}
        server = start("server", "--open", "--port", "8099", environment=environment, prefix=lan["server"].inside)
        server.wait_for("Join:")
        time.sleep(3.0)  # its announcement is out
        took = asyncio.run(search([lan[name] for name in addresses], 60.0))
    if not took:
        sys.exit("no box has found the server")
    late = given.boxes - sum(each <= within for each in took)
    print(
        f"{len(took)} of {given.boxes} found, loss {given.loss:g}: median {took[len(took) // 2]:.2f} s,"
        f" last {took[-1]:.2f} s (load {os.getloadavg()[0]:.1f})"
    )
    sys.exit(f"{late} did not find it within {within:g} s" if late else 0)


if __name__ == "__main__":
    main()
