"""Opening a connection where packets are lost: what each attempt meets is given, and no time has to pass."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import Any

import pytest
import uvloop
from support.net.loopback import run
from support.net.namespace import Network as Machine
from support.suite.patience import PATIENCE_S
from support.suite.require import require_namespaces

from formant_net.aio.lan import dial as module
from formant_net.aio.lan.dial import ROUNDS, dial

LOST, REFUSED, OPEN = "lost", "refused", "open"


class Network:
    """Addresses of one host, and what each attempt at them meets, the last one for ever."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **meets: Sequence[str]) -> None:
        self.meets = {address: list(fates) for address, fates in meets.items()}
        self.begun: list[str] = []
        self.given_up = 0
        self.opened: list[socket.socket] = []
        monkeypatch.setattr(module, "_connect", self._connect)
        monkeypatch.setattr(module, "AGAIN_S", 0.001)
        found = [(0, 0, 0, "", (address, 8080)) for address in meets]
        monkeypatch.setattr(module, "_addresses", lambda *_: found)

    async def dial(self) -> socket.socket:
        return await dial("choir.local", 8080)

    async def _connect(self, address: Sequence[Any]) -> socket.socket:
        name = address[4][0]
        self.begun.append(name)
        fates = self.meets[name]
        fate = fates.pop(0) if len(fates) > 1 else fates[0]
        if fate == REFUSED:
            raise ConnectionRefusedError(f"nobody at {name}")
        if fate == LOST:
            try:
                await asyncio.Event().wait()
            finally:
                self.given_up += 1
        self.opened.append(socket.socket())
        return self.opened[-1]


def test_when_its_first_packets_are_lost_further_connections_are_begun_and_the_first_that_opens_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = Network(monkeypatch, server=[LOST, LOST, OPEN])
    with run(network.dial()) as opened:
        assert opened is network.opened[0]
    assert network.begun == ["server"] * 3
    assert network.given_up == 2, "nothing waits on"


def test_who_refuses_is_not_asked_again_and_the_reason_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(monkeypatch, wire=[REFUSED], air=[REFUSED])
    with pytest.raises(ConnectionRefusedError, match="nobody at wire"):
        run(network.dial())
    assert network.begun == ["wire", "air"]


def test_an_address_that_leads_nowhere_does_not_delay_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(monkeypatch, vpn=[LOST], wire=[OPEN])
    run(network.dial()).close()
    assert network.begun == ["vpn", "wire"]
    refusing = Network(monkeypatch, vpn=[LOST], docker=[REFUSED], wire=[LOST, OPEN])
    run(refusing.dial()).close()
    assert refusing.begun.count("docker") == 1
    assert refusing.given_up >= 2


def test_a_dead_host_gets_a_few_packets_and_the_caller_may_give_up(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(monkeypatch, vpn=[LOST])

    async def story() -> None:
        calling = asyncio.create_task(network.dial())
        while len(network.begun) < ROUNDS:
            await asyncio.sleep(0)
        for _ in range(100):
            await asyncio.sleep(0)
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling

    run(story())
    assert network.begun == ["vpn"] * ROUNDS
    assert network.given_up == ROUNDS


def test_of_two_that_open_at_the_same_moment_one_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(monkeypatch, wire=[OPEN], air=[OPEN])

    async def both(tasks: Any, **_: object) -> tuple[set[Any], set[Any]]:
        """As if the loop had been busy until both were open."""
        while len(network.opened) < 2:
            late = asyncio.create_task(network._connect((0, 0, 0, "", ("air", 8080))))
            tasks[late] = ("air",)
            await asyncio.gather(*tasks)
        return set(tasks), set()

    monkeypatch.setattr(asyncio, "wait", both)
    with run(network.dial()) as opened:
        assert opened.fileno() >= 0
        assert opened in network.opened
        assert [each.fileno() for each in network.opened if each is not opened] == [-1]


LOOPS = [asyncio.new_event_loop, pytest.param(uvloop.new_event_loop, id="uvloop")]


@pytest.mark.parametrize("loop", LOOPS)
def test_every_loop_reaches_a_listener_also_by_a_link_local_address_and_says_who_refuses(loop: Any) -> None:
    """uvloop's own `sock_connect` loses the zone of such an address."""

    async def story() -> None:
        server = await asyncio.start_server(lambda reader, writer: writer.close(), "fe80::20%eth0", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            with await dial("fe80::20%eth0", port) as opened:
                assert opened.getpeername()[:2] == ("fe80::20", port)
        with pytest.raises(ConnectionRefusedError):
            await dial("fe80::20%eth0", port)

    require_namespaces()
    with Machine() as machine:
        machine.link("eth0", "fe80::20/64")
        with machine.entered(), asyncio.Runner(loop_factory=loop) as runner:
            runner.run(asyncio.wait_for(story(), PATIENCE_S))


def test_a_real_listener_is_reached() -> None:
    async def story() -> None:
        server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            with await dial("localhost", port) as opened:
                assert opened.getpeername() == ("127.0.0.1", port)
                assert not opened.getblocking()

    run(story())
