"""A real NATS server on a free port, which a test can stop, continue and kill, and which always ends with the test."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.net.ports import free_port
from support.suite.patience import PATIENCE_S


def program() -> str | None:
    """The server that the extra `edges` brings, beside the Python that runs, or one on the path."""
    here = Path(sys.executable).with_name("nats-server")
    return str(here) if here.exists() else shutil.which("nats-server")


class NatsServer:
    """One server with JetStream on 127.0.0.1, the same port after each restart."""

    def __init__(self, folder: Path, *options: str, jetstream: bool = True) -> None:
        self.port = free_port()
        self._folder = folder
        self._options = (*options, *(("-js", "-sd", str(folder)) if jetstream else ()))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        found = program()
        assert found is not None, "nats-server is not installed: pip install '.[edges]'"
        log = (self._folder / "nats.log").open("ab")
        self._process = subprocess.Popen(
            [found, "-a", "127.0.0.1", "-p", str(self.port), *self._options],
            stdout=log,
            stderr=log,
        )
        log.close()
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.2).close()
                return
            except OSError:
                assert self._process.poll() is None, (self._folder / "nats.log").read_text()
                assert time.monotonic() < deadline, "nats-server does not listen"
                time.sleep(0.01)

    def signal(self, which: signal.Signals) -> None:
        assert self._process is not None
        os.kill(self._process.pid, which)

    def kill(self) -> None:
        """`kill -9`."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def nats_server(folder: Path, *options: str, jetstream: bool = True) -> Iterator[NatsServer]:
    server = NatsServer(folder, *options, jetstream=jetstream)
    server.start()
    try:
        yield server
    finally:
        server.kill()
