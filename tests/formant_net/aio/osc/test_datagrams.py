from __future__ import annotations

import asyncio
import socket

import pytest
from support.net.loopback import run

from formant_net.aio.osc.datagrams import Batch, Datagrams, ListenError


def test_a_burst_is_read_whole_and_in_order() -> None:
    async def main() -> None:
        got: Batch = []
        port = Datagrams("127.0.0.1", 0, got.extend)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for n in range(1000):
                sender.sendto(b"%d" % n, port.address)
        while len(got) < 1000:
            await asyncio.sleep(0.01)
        assert [data for _, data in got] == [b"%d" % n for n in range(1000)]
        port.close()

    run(main())


def test_answers_go_out_and_a_closed_listener_does_no_harm() -> None:
    async def main() -> None:
        got: Batch = []
        port = Datagrams("127.0.0.1", 0, got.extend)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", 0))
            port.send(other.getsockname(), b"hello")
            assert other.recv(100) == b"hello"
            closed = other.getsockname()
        port.send(closed, b"into the void")
        port.send(("256.0.0.1", 1), b"nowhere")
        await asyncio.sleep(0.05)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.sendto(b"x" * 9000, port.address)
            other.sendto(b"y", port.address)
            while not got or got[-1][1] != b"y":
                await asyncio.sleep(0.01)
        port.close()

    run(main())


def test_a_port_that_is_taken_or_nobodys_is_refused_with_words() -> None:
    async def main() -> None:
        first = Datagrams("127.0.0.1", 0, lambda batch: None)
        with pytest.raises(ListenError, match="Choose another --listen"):
            Datagrams(*first.address, lambda batch: None)
        with pytest.raises(ListenError, match="no address of this machine"):
            Datagrams("no.such.host.invalid", 0, lambda batch: None)
        first.close()

    run(main())
