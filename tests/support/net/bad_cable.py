"""A bad cable: an Ethernet switch between network namespaces, made of TAP devices and this process. Needs Linux, root.

Frames from one port to another may be lost, doubled, delayed by equal or by different times (which reorders them), or
cut off. Each line of standard input is a JSON object that changes the conditions, and is answered by `ok`:

    {"from": "a", "to": "b", "loss": 0.3, "duplicate": 0.0, "delay_ms": 20, "jitter_ms": 10, "down": false}

    python -m support.net.bad_cable a=NAMESPACE b=NAMESPACE/DEVICE ...
"""

from __future__ import annotations

import ctypes
import fcntl
import heapq
import itertools
import json
import os
import random
import select
import struct
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

TUNSETIFF, IFF_TAP, IFF_NO_PI, CLONE_NEWNET = 0x400454CA, 0x2, 0x1000, 0x40000000
DEVICE = "eth0"
BROADCAST = b"\xff" * 6


@dataclass(frozen=True, slots=True)
class Condition:
    """What one direction between two ports does to a frame."""

    loss: float = 0.0
    duplicate: float = 0.0
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    down: bool = False


class Switch:
    """Ports by name, conditions by direction."""

    def __init__(self, ports: dict[str, int], seed: int = 1) -> None:
        self.counts: Counter[str] = Counter()
        self._ports = ports
        self._random = random.Random(seed)
        self._conditions: dict[tuple[str, str], Condition] = {}
        self._where: dict[bytes, str] = {}
        self._late: list[tuple[float, int, str, bytes]] = []
        self._serial = 0

    def change(self, a: str, b: str, changes: dict[str, float | bool]) -> None:
        self._conditions[a, b] = replace(self._conditions.get((a, b), Condition()), **changes)  # type: ignore[arg-type]

    def frame(self, port: str, frame: bytes, now: float) -> None:
        """A frame has come out of a host."""
        self.counts["frames"] += 1
        to, sender = frame[:6], frame[6:12]
        self._where[sender] = port
        known = self._where.get(to)
        for target in self._ports if known is None else (known,):
            if target == port:  # nobody hears his own frames; one of several hosts there may have asked another
                continue
            self._pass_on(self._conditions.get((port, target), Condition()), target, frame, now)

    def due(self) -> float | None:
        return self._late[0][0] if self._late else None

    def deliver(self, now: float) -> None:
        while self._late and self._late[0][0] <= now:
            _, _, port, frame = heapq.heappop(self._late)
            try:
                os.write(self._ports[port], frame)
            except OSError:
                self.counts["refused"] += 1

    def _pass_on(self, condition: Condition, target: str, frame: bytes, now: float) -> None:
        draw = self._random.random
        if condition.down or (condition.loss and draw() < condition.loss):
            self.counts["lost"] += 1
            return
        for _ in range(2 if condition.duplicate and draw() < condition.duplicate else 1):
            late_ms = condition.delay_ms + self._random.uniform(-condition.jitter_ms, condition.jitter_ms)
            self._serial += 1
            heapq.heappush(self._late, (now + max(0.0, late_ms) / 1000.0, self._serial, target, frame))


def tap(namespace: str, name: str = DEVICE) -> int:
    """A TAP device inside a namespace; its file descriptor. The namespace of this thread is put back."""
    libc = ctypes.CDLL(None, use_errno=True)
    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/var/run/netns/{namespace}", os.O_RDONLY)
    try:
        if libc.setns(there, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"cannot enter namespace {namespace}")
        device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    finally:
        libc.setns(here, CLONE_NEWNET)
        os.close(here)
        os.close(there)
    return device


def serve(switch: Switch, ports: dict[str, int]) -> None:
    """Until standard input ends."""
    names = {device: name for name, device in ports.items()}
    poll = select.poll()
    for device in (*names, 0):
        poll.register(device, select.POLLIN)
    buffer = b""
    while True:
        due = switch.due()
        wait_ms = 1000.0 if due is None else max(0.0, 1000.0 * (due - time.monotonic()))
        for device, _ in poll.poll(wait_ms):
            if device == 0:
                said = os.read(0, 65536)
                if not said:
                    return
                *lines, buffer = (buffer + said).split(b"\n")
                for line in lines:
                    asked = json.loads(line)
                    switch.change(asked.pop("from"), asked.pop("to"), asked)
                    print("ok", flush=True)
                continue
            while True:
                try:
                    frame = os.read(device, 65536)
                except BlockingIOError:
                    break
                switch.frame(names[device], frame, time.monotonic())
        switch.deliver(time.monotonic())


def main() -> None:
    named = dict(argument.split("=", 1) for argument in sys.argv[1:])
    ports = {name: tap(*where.split("/")) for name, where in named.items()}
    print("ready", flush=True)
    serve(Switch(ports), ports)


_numbers = itertools.count(1)


class Cable:
    """Hosts (namespaces) on one such cable, from the outside. Use as a context manager.

    hosts    name -> IPv4 address in 10.77.0.0/24
    """

    def __init__(self, hosts: dict[str, str]) -> None:
        self.hosts = dict(hosts)
        number = next(_numbers)
        self.namespaces = {name: f"cable{os.getpid()}-{number}-{name}" for name in hosts}
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Cable:
        for namespace in self.namespaces.values():
            _ip("netns", "add", namespace)
        pairs = [f"{name}={namespace}" for name, namespace in self.namespaces.items()]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.net.bad_cable", *pairs],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
        )  # fmt: skip
        self._answer("ready")
        for name in self.hosts:
            for words in ("link set lo up", f"link set {DEVICE} up", f"addr add {self.hosts[name]}/24 dev {DEVICE}"):
                self.ip(name, *words.split())
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait(5)
        for namespace in self.namespaces.values():
            subprocess.run(["ip", "netns", "del", namespace], check=False)

    def ip(self, host: str, *words: str) -> None:
        """An `ip` command inside a host."""
        _ip("-n", self.namespaces[host], *words)

    def inside(self, host: str) -> list[str]:
        """What to put before a command that is to run on a host."""
        return ["ip", "netns", "exec", self.namespaces[host]]

    def set(self, a: str, b: str, *, one_way: bool = False, **changes: float | bool) -> None:
        """Conditions from `a` to `b`, and back unless `one_way`."""
        for first, second in ((a, b),) if one_way else ((a, b), (b, a)):
            self._say({"from": first, "to": second, **changes})

    def around(self, host: str, **changes: float) -> None:
        """The same between one host and all others. `down` is 1 or 0 here."""
        for other in self.hosts:
            if other != host:
                self._say({"from": host, "to": other, **changes})
                self._say({"from": other, "to": host, **changes})

    def readdress(self, host: str, address: str) -> None:
        """The host has another address from now on."""
        # In this order: with the first address of a network the kernel takes away the others.
        self.ip(host, "addr", "del", f"{self.hosts[host]}/24", "dev", DEVICE)
        self.ip(host, "addr", "add", f"{address}/24", "dev", DEVICE)
        self.hosts[host] = address

    def _say(self, what: dict[str, object]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        self._answer("ok")

    def _answer(self, word: str) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        heard = self._process.stdout.readline().strip()
        if heard != word:
            raise RuntimeError(f"the cable said {heard!r} instead of {word!r}")


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


if __name__ == "__main__":
    main()
