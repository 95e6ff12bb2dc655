"""A server is found by mDNS on the networks that there are, by an independent browser in another namespace."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.machine.processes import processes
from support.net.namespace import Lan, Network
from support.suite.patience import PATIENCE_S
from support.suite.require import require, require_namespaces

from formant_net.aio.lan.announce import FILE, kept_id

BROWSE = """
import asyncio, json, sys
from zeroconf import IPVersion
from zeroconf.asyncio import AsyncServiceBrowser, AsyncZeroconf

async def main():
    names, zeroconf = set(), AsyncZeroconf(ip_version=IPVersion.All)
    def changed(zeroconf, service_type, name, state_change):
        (names.discard if state_change.name == "Removed" else names.add)(name)
    browser = AsyncServiceBrowser(zeroconf.zeroconf, sys.argv[1], handlers=[changed])
    for line in sys.stdin:
        await asyncio.sleep(float(line))
        found = {}
        for name in sorted(names):
            info = await zeroconf.async_get_service_info(sys.argv[1], name, 2000)
            if info is not None:
                txt = {k.decode(): (v or b"").decode() for k, v in info.properties.items()}
                found[name.partition(".")[0]] = [info.server, info.port, sorted(info.parsed_scoped_addresses()), txt]
        print(json.dumps(found), flush=True)

asyncio.run(main())
"""


class Browser:
    """An mDNS browser on a machine."""

    def __init__(self, machine: Network, service: str = "_formant._tcp.local.") -> None:
        self._process = subprocess.Popen(
            [*machine.inside, sys.executable, "-c", BROWSE, service],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def sees(self, after_s: float = 0.2) -> dict[str, Any]:
        """The servers that it sees then: name, and host, port, addresses, TXT."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{after_s}\n")
        self._process.stdin.flush()
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found

    def until(self, wanted: Any, timeout_s: float = PATIENCE_S) -> dict[str, Any]:
        """What it sees when `wanted` of it holds."""
        deadline = time.monotonic() + timeout_s
        while not wanted(found := self.sees()):
            assert time.monotonic() < deadline, found
        return found


def enter(machine: Network) -> tuple[str, ...]:
    return tuple(machine.inside)


@pytest.mark.parametrize(
    ("server", "box", "addresses"),
    [
        # On the networks marked `long` a box finds its server in client/test_find.py.
        pytest.param(("192.168.1.20/24",), ("192.168.1.30/24",), {"192.168.1.20"}, marks=pytest.mark.long),
        (("169.254.7.7/16",), ("169.254.7.8/16",), {"169.254.7.7"}),
        pytest.param(("fd77::20/64",), ("fd77::30/64",), {"fd77::20"}, marks=pytest.mark.long),
        pytest.param(("fe80::20/64",), ("fe80::30/64",), {"fe80::20"}, marks=pytest.mark.long),
    ],
    ids=["no-gateway", "link-local-ipv4", "ipv6-alone", "link-local-ipv6"],
)
def test_a_server_is_found_and_says_good_bye(
    server: tuple[str, ...], box: tuple[str, ...], addresses: set[str], tmp_path: Path
) -> None:
    require_namespaces()
    with Lan(server=server, box=box) as lan, processes() as start, Browser(lan["box"]) as browser:
        running = start(
            "server", "--open", "--edge-id", "attic", "--port", "8099",
            environment={"FORMANT_STATE_DIR": str(tmp_path)}, prefix=enter(lan["server"]),
        )  # fmt: skip
        running.wait_for("Join:")
        host, port, said, txt = browser.until(lambda found: found)["attic"]
        id = (tmp_path / FILE).read_text().strip()
        assert (host, port, txt["id"], txt["tls"]) == (f"formant-{id}.local.", 8099, id, "0")
        assert {address.partition("%")[0] for address in said} == addresses
        assert running.stop() == 0
        browser.until(lambda found: not found)


def test_a_new_address_is_told_within_seconds_and_containers_never(tmp_path: Path) -> None:
    require_namespaces()
    with Lan(server=(), box=("192.168.1.30/24",)) as lan, processes() as start, Browser(lan["box"]) as browser:
        machine = lan["server"]
        machine.bridge("docker0", "172.17.0.1/16", ports=("vethab12",))
        start(
            "server", "--open", "--edge-id", "attic", "--port", "8099",
            environment={"FORMANT_STATE_DIR": str(tmp_path)}, prefix=enter(machine),
        ).wait_for("Only this machine can reach it")  # fmt: skip
        assert browser.sees(1.0) == {}
        machine.ip("addr", "add", "192.168.1.20/24", "dev", "eth0")
        assert browser.until(lambda found: found)["attic"][2] == ["192.168.1.20"]
        machine.ip("addr", "del", "192.168.1.20/24", "dev", "eth0")
        machine.ip("addr", "add", "192.168.1.21/24", "dev", "eth0")
        browser.until(lambda found: "192.168.1.21" in found.get("attic", ["", 0, []])[2])


def test_osc_and_oscquery_are_announced_where_others_reach_them() -> None:
    require_namespaces()
    with Lan(bridge=("192.168.1.20/24",), pad=("192.168.1.30/24",)) as lan, processes() as start:
        options = ("--listen", "192.168.1.20:9000", "--query", "192.168.1.20:9001", "--name", "Organ")
        start("osc", "http://127.0.0.1:9", *options, prefix=enter(lan["bridge"])).wait_for("OSCQuery:")
        start("osc", "http://127.0.0.1:9", "--listen", "127.0.0.1:0", prefix=enter(lan["bridge"])).wait_for("OSCQuery:")
        for service, wanted in (("_osc._udp.local.", 9000), ("_oscjson._tcp.local.", 9001)):
            with Browser(lan["pad"], service) as browser:
                found = browser.until(lambda found: found)
                assert {name: (each[1], each[2]) for name, each in found.items()} == {
                    "Organ": (wanted, ["192.168.1.20"])
                }


def test_it_may_be_kept_quiet_and_a_loopback_server_is() -> None:
    require_namespaces()
    with Lan(server=("192.168.1.20/24",), box=("192.168.1.30/24",)) as lan, processes() as start:
        for options in (("--no-announce",), ("--host", "127.0.0.1")):
            start("server", "--open", "--port", "0", *options, prefix=enter(lan["server"])).wait_for("Join:")
        with Browser(lan["box"]) as browser:
            assert browser.sees(2.5) == {}


def test_where_another_program_has_the_port_for_itself_it_says_so_and_serves() -> None:
    """Avahi with disallow-other-stacks=yes."""
    require_namespaces()
    alone = "import socket, time; s = socket.socket(type=2); s.bind(('', 5353)); print(flush=True); time.sleep(1000)"
    with Lan(server=("192.168.1.20/24",)) as lan, processes() as start:
        avahi = subprocess.Popen([*lan["server"].inside, sys.executable, "-c", alone], stdout=subprocess.PIPE)
        try:
            assert avahi.stdout is not None
            avahi.stdout.readline()
            server = start("server", "--open", "--port", "8099", prefix=enter(lan["server"]))
            assert "UDP port 5353" in server.wait_for("not announced")
            assert server.stop() == 0
        finally:
            avahi.kill()
            avahi.communicate()


AVAHI = """
[server]
host-name=attic
enable-dbus=no
[publish]
publish-workstation=yes
"""


DONE = "Server startup complete"


@contextmanager
def avahi(machine: Network, folder: Path) -> Iterator[list[str]]:
    """Debian's Avahi on a machine; what it has logged so far. It is unpacked, so it has neither a folder nor a user."""
    require("avahi-daemon")
    (folder / "avahi.conf").write_text(AVAHI)
    for name, line in (("passwd", "avahi:x:0:0::/:/bin/false\n"), ("group", "avahi:x:0:\n")):
        (folder / name).write_text(Path("/etc", name).read_text() + line)
    script = """set -e
        mount -t tmpfs tmpfs /run && mkdir /run/avahi-daemon
        mount --bind passwd /etc/passwd && mount --bind group /etc/group
        exec avahi-daemon -f "$PWD/avahi.conf" --no-drop-root --no-chroot --no-rlimits"""
    command = [*machine.inside, "sh", "-c", script]
    daemon = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=folder)
    logged: list[str] = []
    started = threading.Event()

    def read() -> None:
        assert daemon.stderr is not None
        for line in daemon.stderr:
            logged.append(line)
            if DONE in line:
                started.set()
        started.set()

    reader = threading.Thread(target=read)
    reader.start()
    try:
        assert started.wait(PATIENCE_S)
        assert any(DONE in line for line in logged), "".join(logged)
        yield logged
    finally:
        daemon.kill()
        daemon.wait()
        reader.join()
        assert daemon.stderr is not None
        daemon.stderr.close()


@pytest.mark.parametrize("first", ["avahi", pytest.param("server", marks=pytest.mark.long)])
def test_beside_avahi_both_answer_and_neither_takes_another_name(first: str, tmp_path: Path) -> None:
    """Also where Avahi calls the machine what the server is called."""
    require_namespaces()
    with Lan(server=("192.168.1.20/24",), box=("192.168.1.30/24",)) as lan, processes() as start, ExitStack() as stack:

        def serve() -> None:
            options = ("--open", "--edge-id", "attic", "--port", "8099")
            state = {"FORMANT_STATE_DIR": str(tmp_path)}
            start("server", *options, environment=state, prefix=enter(lan["server"])).wait_for("Join:")

        if first == "server":
            serve()
        logged = stack.enter_context(avahi(lan["server"], tmp_path))
        if first == "avahi":
            serve()
        with Browser(lan["box"]) as ours, Browser(lan["box"], "_workstation._tcp.local.") as theirs:
            (machine,) = theirs.until(lambda found: found).values()
            assert (machine[0], machine[2]) == ("attic.local.", ["192.168.1.20"])
            found = ours.until(lambda found: found)
            assert found["attic"][2] == ["192.168.1.20"]
        assert "conflict" not in "".join(logged)


def test_the_id_is_made_once(tmp_path: Path) -> None:
    made = iter(["abc123", "def456", "ghi789"])
    assert kept_id(tmp_path, made.__next__) == "abc123"
    assert kept_id(tmp_path, made.__next__) == "abc123"
    (tmp_path / FILE).write_text("damaged\0")
    assert kept_id(tmp_path, made.__next__) == "def456"
    assert kept_id(tmp_path / FILE / "x", made.__next__) == "ghi789", "where nothing can be kept"
