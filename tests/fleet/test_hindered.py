"""Networks that keep multicast or machines apart: a container, a Wi-Fi for guests, a name server that comes late.

The container is a stand-in for Docker's: namespaces of its own for network, mounts and processes, and a bridge that the
host routes. There is no image, and routes stand in for address translation.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.machine.processes import processes
from support.net.namespace import Lan, Network
from support.suite.features import MOUNTS, need
from support.suite.patience import PATIENCE_S
from support.suite.require import require_namespaces

KEY = {"FORMANT_KEY": "cantabile"}
BOX = ("synth", "--audio", "none", "--voices", "1")
LOOK = """
import asyncio, sys
from zeroconf import IPVersion
from zeroconf.asyncio import AsyncServiceBrowser, AsyncZeroconf

async def main():
    found, zeroconf = asyncio.Event(), AsyncZeroconf(ip_version=IPVersion.All)
    AsyncServiceBrowser(zeroconf.zeroconf, "_formant._tcp.local.", handlers=[lambda **change: found.set()])
    try:
        await asyncio.wait_for(found.wait(), float(sys.argv[1]))
        print("found")
    except TimeoutError:
        print("nothing")

asyncio.run(main())
"""


def seen(prefix: list[str], within_s: float) -> str:
    """What an independent mDNS browser sees there in this time: `found` or `nothing`."""
    command = [*prefix, sys.executable, "-c", LOOK, str(within_s)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@contextmanager
def name_server(machine: Network, address: str, zone: Path) -> Iterator[None]:
    """Answers at this address of the machine, from this file."""
    zone.write_text("{}")
    command = [*machine.inside, sys.executable, "-m", "support.net.name_server", address, str(zone)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1])
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield
    finally:
        process.kill()
        process.communicate()


@contextmanager
def container(lan: Lan, host: str, server: str) -> Iterator[list[str]]:
    """A container on a machine of the LAN; what to put before a command that is to run in it."""
    need(MOUNTS)
    here = lan[host]
    with Network() as inner:
        here.ip("link", "add", "docker0", "type", "bridge", "forward_delay", "0")
        here.ip("addr", "add", "172.17.0.1/16", "dev", "docker0")
        here.ip("link", "set", "docker0", "up")
        here.ip("link", "add", "vethab12", "type", "veth", "peer", "name", "eth0", "netns", inner.name)
        here.ip("link", "set", "vethab12", "master", "docker0", "up")
        subprocess.run([*here.inside, "sysctl", "-qw", "net.ipv4.ip_forward=1"], check=True)
        inner.only("eth0", ("172.17.0.2/16",))
        inner.ip("route", "add", "default", "via", "172.17.0.1")
        lan[server].ip("route", "add", "172.17.0.0/16", "via", "192.168.1.30")
        inner.resolver("192.168.1.20", "church.example")
        yield [*inner.inside, "unshare", "--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child", "--mount-proc"]


def test_a_box_in_a_container_hears_no_announcement_and_finds_its_server_by_a_name_server_that_comes_late(
    tmp_path: Path,
) -> None:
    require_namespaces()
    zone = tmp_path / "zone.json"
    machines = {"server": ("192.168.1.20/24",), "host": ("192.168.1.30/24",)}
    with (
        Lan(**machines) as lan,
        processes() as start,
        container(lan, "host", "server") as inside,
        name_server(lan["server"], "192.168.1.20", zone),
    ):
        state = {"FORMANT_STATE_DIR": str(tmp_path / "state")}
        serving = start("server", "--port", "8099", environment=KEY | state, prefix=lan["server"].inside)
        serving.wait_for("Join:")
        box = start(*BOX, environment=KEY | {"FORMANT_STATE_DIR": str(tmp_path / "box")}, prefix=inside)
        box.wait_for("Formant synth")
        assert seen(inside, 2.0) == "nothing"
        assert seen(lan["host"].inside, PATIENCE_S) == "found", "on the network of its host it would"
        assert "Ready" not in box.output()
        records = {
            "_formant._tcp.church.example. SRV": ["0 0 8099 stage.church.example."],
            "stage.church.example. A": ["192.168.1.20"],
        }
        (tmp_path / "new.json").write_text(json.dumps(records))
        (tmp_path / "new.json").replace(zone)
        assert "stage.church.example:8099" in box.wait_for("Ready")


def test_on_a_wifi_that_keeps_stations_apart_a_box_joins_and_a_station_that_cannot_reach_it_is_told() -> None:
    """The server has a cable. Boxes and phones are stations: each reaches the server, and none another."""
    require_namespaces()
    machines = {"server": ("192.168.1.20/24",), "box": ("192.168.1.30/24",), "phone": ("192.168.1.40/24",)}
    with Lan(**machines) as lan, processes() as start:
        lan.keep_apart("box", "phone")
        start("server", "--port", "8099", environment=KEY, prefix=lan["server"].inside).wait_for("Join:")
        start(*BOX, "--name", "North", environment=KEY, prefix=lan["box"].inside).wait_for("Ready")
        command = [sys.executable, "-m", "formant_net", "remote", "--key", "cantabile", "--patience", "3"]
        for _ in range(10):  # on a busy machine it may end before the server has told it of the box
            shown = subprocess.run(
                [*lan["phone"].inside, *command], capture_output=True, text=True, check=False, timeout=PATIENCE_S
            )
            assert shown.returncode == 1
            if "North" in shown.stdout:
                break
        assert "no box has a link to this machine" in shown.stderr
