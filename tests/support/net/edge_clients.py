"""Raw clients of edges and a synth that is played, for tests of faults between edges."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from support.net.edge_processes import KEY, EdgeProcess, EdgeProcesses, silences
from support.suite.patience import PATIENCE_S
from websockets.sync.client import ClientConnection, connect

NAMES = ("attic", "barn")


def both(running: EdgeProcesses, *options: str) -> None:
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda name: running.edge(name, *options), NAMES))
    for name in NAMES:
        running.reached(name)


class Raw:
    """A client that speaks raw JSON."""

    def __init__(self, edge: EdgeProcess, id: str, **fields: Any) -> None:
        self.socket: ClientConnection = connect(edge.ws_url, compression=None, legacy=True)
        self.heard: list[dict[str, Any]] = []
        self.say("register", client_id=id, key=KEY, **fields)
        self.first = self.hear("registered", "error")

    def say(self, type: str, **fields: Any) -> None:
        self.socket.send(json.dumps({"type": type, **fields}))

    def hear(self, *types: str, timeout_s: float = PATIENCE_S) -> dict[str, Any]:
        """The next message of one of these types; others are kept in `heard`."""
        deadline = time.monotonic() + timeout_s
        while True:
            message: dict[str, Any] = json.loads(self.socket.recv(timeout=max(0.0, deadline - time.monotonic())))
            self.heard.append(message)
            if message["type"] in types:
                return message

    def listed(self) -> list[str]:
        self.say("request-controllers")
        return sorted(self.hear("controllers-list")["controllers"])


@contextmanager
def playing(two: EdgeProcesses, *edges: EdgeProcess) -> Iterator[tuple[Any, Any]]:
    """A synth and a controller at the first of `edges`, a finger down."""
    synth = two.synth("synth-s", *edges)
    synth.wait_for("Ready")
    hand = two.hand("ctrl-h", *edges)
    hand.wait_for("Ready: 1 synth")
    hand.write('{"x": 0.3, "y": 0.0}\n')
    time.sleep(0.5)
    yield synth, hand
    hand.write('{"active": false}\n')
    time.sleep(0.5)
    assert synth.stop() == 0
    assert silences(two.sound("synth-s")) == []
