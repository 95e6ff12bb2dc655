"""A network namespace: a machine with the interfaces and addresses that a test gives it. Needs Linux and root."""

from __future__ import annotations

import ctypes
import itertools
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.suite.patience import PATIENCE_S

_numbers = itertools.count(1)
_NETWORK = 0x40000000
"""CLONE_NEWNET of Linux. Python has `os.setns` from 3.12 on."""


class Network:
    """`with Network() as network:`. It begins with the loopback interface alone."""

    def __init__(self) -> None:
        self.name = f"formant-{os.getpid()}-{next(_numbers)}"

    def __enter__(self) -> Network:
        _run("ip", "netns", "add", self.name)
        self.ip("link", "set", "lo", "up")
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["ip", "netns", "del", self.name], check=False)
        shutil.rmtree(f"/etc/netns/{self.name}", ignore_errors=True)

    def ip(self, *words: str) -> None:
        """An `ip` command there."""
        _run("ip", "-n", self.name, *words)

    @property
    def inside(self) -> list[str]:
        """What to put before a command that is to run there; /sys is then that of the namespace."""
        return ["ip", "netns", "exec", self.name]

    def resolver(self, address: str, domain: str) -> None:
        """Commands that are `inside` have this name server and search domain."""
        folder = Path("/etc/netns") / self.name
        folder.mkdir(parents=True)
        (folder / "resolv.conf").write_text(f"nameserver {address}\nsearch {domain}\n")

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Sockets that this thread makes in the block are there."""
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        try:
            _set_namespace(there)
            yield
        finally:
            _set_namespace(before)
            os.close(before)
            os.close(there)

    def link(self, name: str, *addresses: str) -> None:
        """An Ethernet interface with a carrier and these addresses, such as `192.168.1.20/24`; no IPv6 but these."""
        self.ip("link", "add", name, "type", "veth", "peer", "name", f"{name}-peer"[:15])
        self.only(name, addresses)
        self.ip("link", "set", f"{name}-peer"[:15], "up")

    def bridge(self, name: str, *addresses: str, ports: tuple[str, ...] = ()) -> None:
        """A bridge of the interfaces `ports`, which it makes."""
        self.ip("link", "add", name, "type", "bridge", "forward_delay", "0")
        for port in ports:
            self.link(port)
            self.ip("link", "set", port, "master", name)
        self.only(name, addresses)
        deadline = time.monotonic() + PATIENCE_S
        while "LOWER_UP" not in _run("ip", "-n", self.name, "link", "show", "dev", name):
            assert time.monotonic() < deadline, f"the bridge {name} has no carrier"
            time.sleep(0.02)

    def tunnel(self, name: str, *addresses: str) -> None:
        """A TUN interface, as VPNs have them. Nobody serves it, so it has no carrier."""
        self.ip("tuntap", "add", "dev", name, "mode", "tun")
        self.only(name, addresses)

    def only(self, name: str, addresses: tuple[str, ...]) -> None:
        """Bring an interface up with these addresses, and no IPv6 but these."""
        self.ip("link", "set", name, "addrgenmode", "none")
        peer = f"{name}-peer"[:15]
        subprocess.run(["ip", "-n", self.name, "link", "set", peer, "addrgenmode", "none"], check=False, stderr=-3)
        for address in addresses:
            self.ip("addr", "add", address, "dev", name, *(["nodad"] if ":" in address else []))
        self.ip("link", "set", name, "up")


def _set_namespace(descriptor: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, _NETWORK) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Lan:
    """A switch and machines on it, each a `Network` with `eth0`: `Lan(server=("192.168.1.20/24",), box=(…))`.

    Multicast goes to every port, as a plain switch does it.
    """

    def __init__(self, **machines: tuple[str, ...]) -> None:
        self._switch = Network()
        self._addresses = machines
        self.machines = {name: Network() for name in machines}
        self._cable: subprocess.Popen[str] | None = None

    def __enter__(self) -> Lan:
        self._switch.__enter__()
        self._switch.ip("link", "add", "switch", "type", "bridge", "forward_delay", "0", "mcast_snooping", "0")
        self._switch.ip("link", "set", "switch", "up")
        for number, (name, machine) in enumerate(self.machines.items()):
            machine.__enter__()
            port = f"port{number}"
            self._switch.ip("link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", machine.name)
            self._switch.ip("link", "set", port, "master", "switch", "up")
            machine.only("eth0", self._addresses[name])
        return self

    def isolate(self) -> None:
        """No multicast passes from one port to another, as on a guest Wi-Fi or between two subnets."""
        for number in range(len(self.machines)):
            _run("bridge", "-n", self._switch.name, "link", "set", "dev", f"port{number}", "mcast_flood", "off")

    def keep_apart(self, *names: str) -> None:
        """Nothing passes between these machines, as an access point with client isolation does it to its stations."""
        for number, name in enumerate(self.machines):
            if name in names:
                _run("bridge", "-n", self._switch.name, "link", "set", "dev", f"port{number}", "isolated", "on")

    def lose(self, part: float) -> None:
        """This part of all frames from and to the first machine is lost, each way. Call it before anything runs there.

        The machine has a cable of TAP devices then (`bad_cable`), because few kernels have `tc-netem`.
        """
        name, machine = next(iter(self.machines.items()))
        machine.ip("link", "del", "eth0")
        ends = (f"machine={machine.name}/eth0", f"switch={self._switch.name}/port0")
        self._cable = subprocess.Popen(
            [sys.executable, "-m", "support.net.bad_cable", *ends],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
        )  # fmt: skip
        self._say()
        self._switch.ip("link", "set", "port0", "master", "switch", "up")
        machine.only("eth0", self._addresses[name])
        for a, b in (("machine", "switch"), ("switch", "machine")):
            self._say({"from": a, "to": b, "loss": part})

    def _say(self, change: dict[str, object] | None = None) -> None:
        """Tell the cable, and wait for its answer."""
        assert self._cable is not None
        assert self._cable.stdin is not None
        assert self._cable.stdout is not None
        if change is not None:
            self._cable.stdin.write(json.dumps(change) + "\n")
            self._cable.stdin.flush()
        answer = self._cable.stdout.readline().strip()
        assert answer in ("ready", "ok"), f"the cable said {answer!r}"

    def __exit__(self, *_: object) -> None:
        if self._cable is not None:
            self._cable.kill()
            self._cable.communicate()
        for machine in (*self.machines.values(), self._switch):
            machine.__exit__()

    def __getitem__(self, name: str) -> Network:
        return self.machines[name]
