"""Several edges as real processes on a real engine, and clients of them."""

from __future__ import annotations

import json
import socket
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.nats import NatsServer, nats_server
from support.processes import Process, processes

KEY = "cantabile"


@dataclass
class EdgeProcess:
    """One edge; the same port after each restart."""

    name: str
    port: int
    process: Process

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/#key={KEY}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    def health(self) -> dict[str, Any]:
        """What /healthz says."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5) as answer:
            found: dict[str, Any] = json.load(answer)
            return found


@dataclass
class Stage:
    """An engine, edges on it, and the means to start clients."""

    start: Callable[..., Process]
    nats: NatsServer
    folder: Path
    ttl_s: float
    edges: dict[str, EdgeProcess] = field(default_factory=dict)

    def edge(self, name: str, *options: str, registry: str | None = None) -> EdgeProcess:
        """Start an edge, or start it again on its port, and wait until it is one of the ensemble."""
        port = self.edges[name].port if name in self.edges else _free_port()
        process = self.start(
            "server", "--host", "127.0.0.1", "--port", str(port), "--edge-id", name, "--ttl", str(self.ttl_s),
            "--registry", registry or f"nats://{self.nats.address}/stage", *options,
            environment={"FORMANT_KEY": KEY},
        )  # fmt: skip
        process.wait_for("Join:")
        self.edges[name] = EdgeProcess(name, port, process)
        return self.edges[name]

    def reached(self, name: str, count: int = 1) -> None:
        """Wait until the edge has reached the engine for the `count`-th time."""
        self.edges[name].process.wait_for("registry reached", count=count)

    def synth(self, id: str, *edges: EdgeProcess, options: tuple[str, ...] = ()) -> Process:
        """A synth that records itself as `ID.wav`."""
        wav = self.folder / f"{id}.wav"
        urls = [edge.url for edge in edges]
        return self.start("synth", *urls, "--id", id, "--audio", f"wav:{wav}", "--vibrato", "0", *options)

    def hand(self, id: str, *edges: EdgeProcess) -> Process:
        """A controller that plays what is written to it."""
        return self.start("controller", *(edge.url for edge in edges), "--id", id, stdin=True)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextmanager
def stage(folder: Path, *, ttl_s: float = 60.0) -> Iterator[Stage]:
    with nats_server(folder) as nats, processes() as start:
        yield Stage(start, nats, folder, ttl_s)
