"""Clients without a URL find their server: real processes on networks that have no gateway, no IPv4, or two servers."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs
from support.machine.processes import processes
from support.net.loopback import run
from support.net.namespace import Lan
from support.suite.require import require_namespaces
from zeroconf import NotRunningException
from zeroconf._cache import DNSCache

from formant_net.aio.client.find import MOST_TAKEN, MOST_TASKS, Finder, Search
from formant_net.aio.client.join import FOUND
from formant_net.lan.record import SERVICE, Place

KEY = {"FORMANT_KEY": "cantabile"}
SILENT = ("--audio", "none", "--voices", "2")


NOTHING_CACHED = SimpleNamespace(cache=DNSCache())


@dataclass
class Change:
    """As zeroconf tells a change of a service."""

    name: str


def remote(lan: Lan, name: str, *arguments: str, key: str = "cantabile") -> subprocess.CompletedProcess[str]:
    command = [*lan[name].inside, sys.executable, "-m", "formant_net", "remote", "--key", key, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.parametrize(
    ("server", "box"),
    [
        (("192.168.1.20/24",), ("192.168.1.30/24",)),
        (("fd77::20/64",), ("fd77::30/64",)),
        (("fe80::20/64",), ("fe80::30/64",)),
    ],
    ids=["no-gateway", "ipv6-alone", "link-local-ipv6"],
)
def test_a_box_that_knows_the_key_finds_its_server(
    server: tuple[str, ...], box: tuple[str, ...], tmp_path: Path
) -> None:
    require_namespaces()
    with Lan(server=server, box=box) as lan, processes() as start:
        serving = start("server", "--port", "8099", environment=KEY, prefix=lan["server"].inside)
        serving.wait_for("Join:")
        state = {"FORMANT_STATE_DIR": str(tmp_path)}
        start("synth", *SILENT, environment=KEY | state, prefix=lan["box"].inside).wait_for("Ready")
        host = server[0].partition("/")[0]
        assert host in (tmp_path / FOUND).read_text(), "where to begin the next time"
        if host.startswith("fe80"):
            return  # WebRTC makes no links by such addresses (aioice leaves them out)
        shown = remote(lan, "box")
        assert shown.returncode == 0, shown.stderr
        assert "1 synth answered." in shown.stderr


def test_a_box_waits_for_its_server_and_follows_it_to_another_address(tmp_path: Path) -> None:
    """The box is on first, without a network; the server comes later, is killed, and comes back elsewhere."""
    require_namespaces()
    with Lan(server=("192.168.1.20/24",), box=()) as lan, processes() as start:
        box = start("synth", *SILENT, environment=KEY | {"FORMANT_STATE_DIR": str(tmp_path)}, prefix=lan["box"].inside)
        box.wait_for("Formant synth")
        first = start("server", "--port", "8099", environment=KEY, prefix=lan["server"].inside)
        first.wait_for("Join:")
        lan["box"].ip("addr", "add", "192.168.1.30/24", "dev", "eth0")
        box.wait_for("Ready")
        first.kill()
        lan["server"].ip("addr", "del", "192.168.1.20/24", "dev", "eth0")
        lan["server"].ip("addr", "add", "192.168.1.77/24", "dev", "eth0")
        start("server", "--port", "8100", environment=KEY, prefix=lan["server"].inside).wait_for("Join:")
        assert "192.168.1.77:8100" in box.wait_for("registered", count=2)


def test_of_two_servers_the_one_that_takes_the_key_is_the_right_one() -> None:
    require_namespaces()
    machines = {"ours": ("192.168.1.20/24",), "theirs": ("192.168.1.21/24",), "box": ("192.168.1.30/24",)}
    with Lan(**machines) as lan, processes() as start:
        for name, key in (("theirs", "another key"), ("ours", "cantabile")):
            options = ("--port", "8099", "--edge-id", name)
            serving = start("server", *options, environment={"FORMANT_KEY": key}, prefix=lan[name].inside)
            serving.wait_for("Join:")
            time.sleep(2.0)  # announced
        box = start("synth", *SILENT, "--search", environment=KEY, prefix=lan["box"].inside)
        assert "192.168.1.20:8099" in box.wait_for("Ready")


def test_where_there_is_none_it_is_said() -> None:
    require_namespaces()
    with Lan(box=("192.168.1.30/24",)) as lan:
        nobody = remote(lan, "box", "--patience", "2")
        assert nobody.returncode == 1
        assert "Traceback" not in nobody.stderr
        assert "no server" in nobody.stderr


def test_without_multicast_a_box_goes_where_its_server_was_and_a_stranger_is_told(tmp_path: Path) -> None:
    """Guest Wi-Fi, client isolation of multicast, two subnets."""
    require_namespaces()
    with Lan(server=("192.168.1.20/24",), box=("192.168.1.30/24",)) as lan, processes() as start:
        lan.isolate()
        start("server", "--port", "8099", environment=KEY, prefix=lan["server"].inside).wait_for("Join:")
        (tmp_path / FOUND).write_bytes(msgspec.json.encode(Place("7k2m9x", "192.168.1.20", 8099)))
        state = {"FORMANT_STATE_DIR": str(tmp_path)}
        box = start("synth", *SILENT, environment=KEY | state, prefix=lan["box"].inside)
        box.wait_for("Ready")
        nobody = remote(lan, "box", "--patience", "2")
        assert nobody.returncode == 1
        assert "no server was found on this network" in nobody.stderr
        assert "give its URL" in nobody.stderr


def test_with_a_fingerprint_a_server_without_https_is_passed_over() -> None:
    require_namespaces()
    with Lan(server=("192.168.1.20/24",), box=("192.168.1.30/24",)) as lan, processes() as start:
        start("server", "--port", "8099", environment=KEY, prefix=lan["server"].inside).wait_for("Join:")
        pin = "sha256-" + "A" * 43
        box = start("synth", *SILENT, "--tls-fingerprint", pin, environment=KEY, prefix=lan["box"].inside)
        box.wait_for("a server without https is skipped")
        assert "Ready" not in box.output()


def test_a_server_with_https_is_taken_by_its_fingerprint_alone() -> None:
    require_namespaces()
    with Lan(server=("192.168.1.20/24",), box=("192.168.1.30/24",)) as lan, processes() as start:
        tls = ("--tls", "self-signed")
        serving = start("server", "--port", "8099", *tls, environment=KEY, prefix=lan["server"].inside)
        pin = serving.wait_for("Certificate: self-signed, ").split()[2].strip(".,")
        box = start("synth", *SILENT, "--tls-fingerprint", pin, environment=KEY, prefix=lan["box"].inside)
        box.wait_for("Ready")


def test_thousands_of_announcements_with_odd_names_are_asked_about_a_few_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Anybody on the network may announce any name, also one with control characters: none is logged."""
    asked = 0

    async def story() -> None:
        finder = Finder(Search(local=False), lambda server: None)

        async def resolve(self: Finder, zeroconf: object, info: object) -> None:
            nonlocal asked
            asked += 1
            await asyncio.Event().wait()

        monkeypatch.setattr(Finder, "_resolve", resolve)
        for n in range(5000):
            name = f"choir {n}" if n % 2 else f"\x1b[2J\r\n{n}"
            finder._changed(NOTHING_CACHED, SERVICE, f"{name}.{SERVICE}", Change("Added"))
        await asyncio.sleep(0)
        assert asked == MOST_TASKS
        await finder.close()

    with capture_logs() as logged:
        run(story())
    assert logged == []


def test_a_name_that_cannot_be_one_is_passed_over_in_silence() -> None:
    """A device with a broken announcement is heard anew at every browse: it must not fill the log of each box."""

    async def story() -> None:
        finder = Finder(Search(local=False), lambda server: None)
        for name in ("\x1b[2J\r\n", "\0", "x" * 64, "ü" * 32, "y" * 300):
            finder._changed(NOTHING_CACHED, SERVICE, f"{name}.{SERVICE}", Change("Added"))
        finder._changed(NOTHING_CACHED, SERVICE, "of.another.type", Change("Added"))
        await asyncio.gather(*finder._tasks, return_exceptions=True)
        await asyncio.sleep(0)
        await finder.close()

    with capture_logs() as logged:
        run(story())
    assert logged == []


def test_what_is_announced_while_the_search_ends_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    class Ended:
        def __init__(self, *_: object) -> None: ...

        def load_from_cache(self, *_: object) -> bool:
            return False

        async def async_request(self, *_: object) -> bool:
            raise NotRunningException

    async def story() -> None:
        finder = Finder(Search(local=False), lambda server: None)
        finder._changed(NOTHING_CACHED, SERVICE, f"attic.{SERVICE}", Change("Added"))
        await asyncio.gather(*finder._tasks, return_exceptions=True)
        await asyncio.sleep(0)
        await finder.close()

    monkeypatch.setattr("zeroconf.asyncio.AsyncServiceInfo", Ended)
    with capture_logs() as logged:
        run(story())
    assert logged == []


def test_a_question_that_fails_does_not_end_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine zeroconf takes too long to start, and says that it does not run."""
    opened: list[Any] = []

    async def done(*_: object) -> None: ...

    async def fails() -> None:
        raise NotRunningException

    def open_one() -> Any:
        opened.append(SimpleNamespace(zeroconf=None, async_update_interfaces=fails, async_close=done))
        return opened[-1]

    async def story() -> None:
        finder = Finder(Search(local=False), lambda server: None)
        for _ in range(4):
            finder._do(finder._browse())
            await asyncio.gather(*finder._tasks, return_exceptions=True)
        assert len(opened) == 2, "it asks, fails, and begins anew, twice"
        assert finder._zeroconf is None
        await finder.close()

    monkeypatch.setattr("formant_net.aio.client.find.open_multicast", open_one)
    monkeypatch.setattr("zeroconf.asyncio.AsyncServiceBrowser", lambda *_, **__: SimpleNamespace(async_cancel=done))
    run(story())


def test_a_host_name_that_no_resolver_takes_is_a_place_where_nobody_answers() -> None:
    async def story() -> None:
        finder = Finder(Search(local=False), lambda server: None)
        await finder._try(Place("", "a" * 64 + ".example", 8080))
        assert not finder._locate._answered
        await finder.close()

    with capture_logs() as logged:
        run(story())
    assert logged == []


def test_the_same_fault_is_said_once_and_of_those_that_answer_the_last_are_kept() -> None:
    async def fails() -> None:
        raise LookupError("again")

    async def story() -> None:
        found: list[str] = []
        finder = Finder(Search(local=False), lambda server: found.append(server.ws_url))
        for _ in range(3):
            finder._do(fails())
        await asyncio.gather(*finder._tasks, return_exceptions=True)
        for port in range(1, 1001):
            finder._take(Place("7k2m9x", "192.168.1.20", port))
        assert len(found) == 1000
        assert list(finder._by_url) == found[-MOST_TAKEN:]
        await finder.close()

    with capture_logs() as logged:
        run(story())
    assert [line["event"] for line in logged] == ["fault in the search; going on"]


def test_after_a_fault_of_mdns_and_with_questions_at_once_the_next_question_begins_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """zeroconf raises NotRunningException while its sockets are not open, and KeyError for a browser that has ended."""
    opened: list[Any] = []
    asking: list[Any] = []

    class Sockets:
        zeroconf = None
        broken = closed = False

        async def async_update_interfaces(self) -> None:
            await asyncio.sleep(0)
            if self.broken or self.closed:
                raise NotRunningException

        async def async_close(self) -> None:
            self.closed = True

    class Browser:
        def __init__(self, *_: object, **__: object) -> None:
            asking.append(self)

        async def async_cancel(self) -> None:
            asking.remove(self)  # raises for one that has ended
            await asyncio.sleep(0)

    def open_sockets() -> Sockets:
        sockets = Sockets()
        opened.append(sockets)
        return sockets

    async def story() -> None:
        finder = Finder(Search(local=False), lambda server: None)
        await asyncio.gather(*(finder._browse() for _ in range(5)))
        assert len(opened) == len(asking) == 1
        opened[0].broken = True
        with pytest.raises(NotRunningException):
            await finder._browse()
        asking.clear()  # closing the sockets ends what asks on them
        await asyncio.gather(finder._browse(), finder._stop_browsing(), finder._browse())
        assert [each.closed for each in opened] == [True, True, False]
        await finder.close()
        assert all(each.closed for each in opened)

    monkeypatch.setattr("zeroconf.asyncio.AsyncServiceBrowser", Browser)
    monkeypatch.setattr("formant_net.aio.client.find.open_multicast", open_sockets)
    run(story())
