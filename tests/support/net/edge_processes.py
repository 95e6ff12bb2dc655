"""Several edges as real processes on a real engine, and their clients."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from support.machine.processes import Process, processes
from support.net.nats import NatsServer, nats_server
from support.net.ports import free_port
from support.suite.patience import PATIENCE_S

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
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=PATIENCE_S) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def words(self) -> str:
        """What does not work, in words."""
        return "; ".join(self.health()["degraded"])


@dataclass
class Cable:
    """The way of one edge to the engine."""

    port: int
    process: subprocess.Popen[bytes]

    def cut(self) -> None:
        """Nothing passes, and nobody is told."""
        self.process.send_signal(signal.SIGSTOP)

    def mend(self) -> None:
        self.process.send_signal(signal.SIGCONT)


@dataclass
class EdgeProcesses:
    """An engine, edges on it, and the means to start clients."""

    start: Callable[..., Process]
    nats: NatsServer
    folder: Path
    ttl_s: float
    edges: dict[str, EdgeProcess] = field(default_factory=dict)

    def edge(
        self, name: str, *options: str, registry: str | None = None, environment: Mapping[str, str] | None = None
    ) -> EdgeProcess:
        """Start an edge, or start it again on its port, and wait until it is one of the ensemble."""
        port = self.edges[name].port if name in self.edges else free_port()
        process = self.start(
            "server", "--host", "127.0.0.1", "--port", str(port), "--edge-id", name, "--ttl", str(self.ttl_s),
            "--registry", registry or f"nats://{self.nats.address}/stage", *options,
            environment={"FORMANT_KEY": KEY, **(environment or {})},
        )  # fmt: skip
        process.wait_for("Join:")
        self.edges[name] = EdgeProcess(name, port, process)
        return self.edges[name]

    @contextmanager
    def cable(self) -> Iterator[Cable]:
        """A way to the engine that can be cut."""
        port = free_port()
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("cut_cable.py")), str(port), str(self.nats.port)],
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"listening\n"
        try:
            yield Cable(port, process)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()

    def sound(self, id: str) -> NDArray[np.float64]:
        """What the synth `id` has recorded."""
        sound, _ = soundfile.read(self.folder / f"{id}.wav", dtype="float64")
        return np.asarray(sound if sound.ndim == 1 else sound[:, 0])

    def reached(self, name: str, count: int = 1) -> None:
        """Wait until the edge has reached the engine for the `count`-th time."""
        self.edges[name].process.wait_for("registry reached", count=count)

    def synth(self, id: str, *edges: EdgeProcess, options: tuple[str, ...] = ()) -> Process:
        """A synth that records itself as `ID.wav`."""
        wav = self.folder / f"{id}.wav"
        urls = [edge.url for edge in edges]
        return self.start("synth", "--in-order", *urls, "--id", id, "--audio", f"wav:{wav}", "--vibrato", "0", *options)

    def hand(self, id: str, *edges: EdgeProcess) -> Process:
        """A controller that plays what is written to it."""
        return self.start("controller", "--in-order", *(edge.url for edge in edges), "--id", id, stdin=True)


def silences(sound: NDArray[np.float64]) -> list[float]:
    """Lengths of the silences between the first sound and the last, s; silence is 20 ms below -60 dBFS at 48 kHz."""
    loud = np.abs(sound[: len(sound) // 960 * 960]).reshape(-1, 960).max(axis=1) > 1e-3
    (where,) = np.nonzero(loud)
    assert len(where), "nothing sounded"
    return [float(step - 1) * 0.02 for step in np.diff(where) if step > 1]


def until(true: Callable[[], object], timeout_s: float = PATIENCE_S) -> float:
    """Wait for something that has to become true; how long it took, s."""
    begun = time.monotonic()
    while not true():
        assert time.monotonic() - begun < timeout_s, "it did not come true in time"
        time.sleep(0.02)
    return time.monotonic() - begun


@contextmanager
def edge_processes(folder: Path, *, ttl_s: float = 60.0) -> Iterator[EdgeProcesses]:
    with nats_server(folder) as nats, processes() as start:
        yield EdgeProcesses(start, nats, folder, ttl_s)
