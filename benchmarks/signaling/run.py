"""How quick is signaling, beside a bare relay on the same library and npm's `peer`? One run, one table.

    python benchmarks/signaling/run.py [--rows ROW,ROW] [--rounds N] [--many N] [--no-peer]

Each server is a process of its own; the load is another. What counts is the ratio: in each round all servers have the
same machine and nearly the same moment. Figures by the clock need a quiet machine. Figures in processor time (CPU) hold
beside other work. PeerServer (npm `peer`) speaks another protocol and is measured with the same 1.5 kB inside. It is
installed into build/ by npm; without npm, a line says that it was not measured.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import shutil
import socket
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from signaling.load import PEER
from signaling.rows import GOALS, OF_PEER, ROWS, Figures, Server

HERE = Path(__file__).resolve().parent
MODULES = HERE.parents[1] / "build" / "bench-signaling"
HUB, RELAY = "hub", "relay"


@contextmanager
def server(name: str, many: int) -> Iterator[Server]:
    """A server process that listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, str(HERE / f"{name}.py"), str(port)]
    if name == PEER:
        command = ["node", str(HERE / "peer.cjs"), str(port), str(MODULES)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield Server(name, port, process.pid, many)
    finally:
        process.kill()
        process.wait()


def measured(name: str, row: str, many: int) -> Figures:
    """One row of one server, once."""

    async def run(one: Server) -> Figures:
        return await ROWS[row](one)

    with server(name, many) as one:
        return asyncio.run(run(one))


def has_peer() -> bool:
    """Whether npm's `peer` is here, or can be brought here."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        return False
    if not (MODULES / "node_modules" / "peer").is_dir():
        MODULES.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--silent", "--no-package-lock", "--prefix", str(MODULES), "peer"]
        subprocess.run(command, check=False, timeout=300)
    return (MODULES / "node_modules" / "peer").is_dir()


def show(row: str, figures: dict[str, list[Figures]]) -> None:
    """One line a figure: medians of the rounds, and the median of the ratios of each round with their range."""
    for what in figures[HUB][0]:
        ours, bare = ([one[what] for one in figures[name]] for name in (HUB, RELAY))
        ratios = sorted(hub / relay for hub, relay in zip(ours, bare, strict=True))
        line = f"{row + ': ' + what:28} hub {statistics.median(ours):10.2f}   relay {statistics.median(bare):10.2f}"
        line += f"   ratio {statistics.median(ratios):5.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        if (goal := GOALS.get((row, what))) is not None:
            line += f"   goal {'>=' if 'messages' in what else '<='} {goal}"
        if PEER in figures:
            line += f"   peer {statistics.median(one[what] for one in figures[PEER]):10.2f}"
        print(line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default=",".join(ROWS), help=f"some of {','.join(ROWS)}; all by default")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--many", type=int, default=10_000, help="clients of the row `beat`, which has one round")
    parser.add_argument("--no-peer", action="store_true", help="leave npm's peer out")
    options = parser.parse_args()
    rows = options.rows.split(",")
    if unknown := [row for row in rows if row not in ROWS]:
        parser.error(f"{', '.join(unknown)}: no row; write some of {','.join(ROWS)}")
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    peer = not options.no_peer and has_peer()
    if not options.no_peer and not peer:
        print("npm's peer: not measured, npm could not install it")
    told: dict[str, dict[str, list[Figures]]] = {}
    for row in rows:
        names = (HUB, RELAY, PEER) if peer and row in OF_PEER else (HUB, RELAY)
        print(f"load {os.getloadavg()[0]:.1f}", flush=True)
        told[row] = {name: [] for name in names}
        for n in range(1 if row == "beat" else options.rounds):  # turns: neighbours on a shared machine come and go
            for name in names if n % 2 == 0 else names[::-1]:
                told[row][name].append(measured(name, row, options.many))
        show(row, told[row])
    print(f"load {os.getloadavg()[0]:.1f}")
    print(json.dumps(told))


if __name__ == "__main__":
    main()
