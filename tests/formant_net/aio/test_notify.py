"""What a service manager hears, on a real datagram socket."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.net.loopback import run
from support.suite.patience import PATIENCE_S

from formant_net.aio.notify import Advancing, Notifier, serving


class Manager:
    """The socket of a service manager."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)

    def heard(self) -> list[str]:
        lines: list[str] = []
        while True:
            try:
                lines += self._socket.recv(4096).decode().split("\n")
            except BlockingIOError:
                return lines

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    path = tmp_path / "notify"
    listening = Manager(path)
    monkeypatch.setenv("NOTIFY_SOCKET", str(path))
    monkeypatch.setenv("WATCHDOG_USEC", "60000")
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    yield listening
    listening.close()


def test_ready_alive_and_stopping_are_said_in_this_order(manager: Manager) -> None:
    async def main() -> None:
        async with serving("listening on\n port 8080"):
            await asyncio.sleep(0.1)

    asyncio.run(main())
    heard = manager.heard()
    assert heard[:2] == ["READY=1", "STATUS=listening on port 8080"]
    assert heard[2] == "WATCHDOG=1"
    assert heard[-1] == "STOPPING=1"


def test_a_sound_that_stands_still_is_no_sign_of_life(manager: Manager) -> None:
    frames = looks = 0

    def count() -> int:
        nonlocal looks
        looks += 1
        return frames

    async def looked(times: int) -> None:
        """So often, and what it led to is said."""
        until = looks + times
        while looks < until:
            await asyncio.sleep(0.005)

    async def main() -> None:
        nonlocal frames
        async with serving("sound", Advancing(count)):
            for _ in range(3):
                frames += 480
                await looked(1)
            await looked(1)
            assert manager.heard().count("WATCHDOG=1") >= 3
            await looked(3)
            assert manager.heard() == []

    run(main())


def test_without_a_manager_nothing_is_sent_and_a_dead_one_is_no_error(tmp_path: Path) -> None:
    Notifier({}).tell("READY=1")
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).tell("READY=1")


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),  # meant for our parent
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_interval_is_the_managers_and_ours(environment: dict[str, str], seconds: float | None) -> None:
    assert Notifier(environment).watchdog_s == seconds


def test_an_abstract_socket_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"formant-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0" + name)
        listening.settimeout(PATIENCE_S)
        Notifier({"NOTIFY_SOCKET": "@" + name}).status("here")
        assert listening.recv(100) == b"STATUS=here"
