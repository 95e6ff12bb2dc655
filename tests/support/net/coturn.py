"""A real coturn, the relay (TURN) that operators use."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from support.net.ports import free_port
from support.suite.patience import PATIENCE_S
from support.suite.require import require


@contextmanager
def coturn(host: str, *options: str) -> Iterator[int]:
    """The port of one that listens and relays at `host`, with these options beside."""
    require("turnserver")
    port = free_port()
    words = [f"--listening-ip={host}", f"--relay-ip={host}", f"--listening-port={port}", "--realm=formant"]
    words += ["--no-tls", "--no-dtls", "--no-cli", "--log-file=stdout", *options]
    with tempfile.TemporaryDirectory() as folder:
        words += [f"--pidfile={folder}/pid", f"--userdb={folder}/db"]
        server = subprocess.Popen(["turnserver", "-n", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + PATIENCE_S
            while not _listens(host, port):
                assert time.monotonic() < deadline, "coturn did not come up"
                time.sleep(0.05)
            yield port
        finally:
            server.kill()
            server.wait()


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1.0).close()
    except OSError:
        return False
    return True
