"""Opens a TCP connection also where packets are lost, or where some addresses of a name lead nowhere."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

AGAIN_S = 0.5
"""Seconds after which the next connection is begun while the ones before still wait. TCP repeats its first packet only
after 1 s, 3 s and 7 s: where 30 % of all packets are lost, 1 box of 40 would need more than 7 s for this alone."""
ROUNDS = 4
"""Connections to each address that are begun at most. The system repeats the first packet of each of them as well."""


async def dial(host: str, port: int) -> socket.socket:
    """Connect to a host, whichever of its addresses answers first. The caller closes the socket, or cancels the call.

    An address that refuses is not tried again. Raises the OSError of the first address if all of them refuse, also for
    a host that has no address. It has no time limit of its own.
    """
    addresses = await asyncio.get_running_loop().run_in_executor(None, _addresses, host, port)
    waiting = addresses * ROUNDS
    refused: list[tuple[Sequence[Any], Exception]] = []
    dialling: dict[asyncio.Task[socket.socket], Sequence[Any]] = {}
    opened: socket.socket | None = None
    try:
        while opened is None:
            if waiting:
                address = waiting.pop(0)
                dialling[asyncio.create_task(_connect(address))] = address
            if not dialling:
                raise refused[0][1]
            ended, _ = await asyncio.wait(
                dialling, timeout=AGAIN_S if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            for task in ended:
                if (error := task.exception()) is None:
                    opened = opened or task.result()
                elif isinstance(error, Exception):
                    refused.append((dialling.pop(task), error))
            waiting = [each for each in waiting if each not in [address for address, _ in refused]]
        return opened
    finally:
        for task in dialling:
            task.cancel()
        for ended_with in await asyncio.gather(*dialling, return_exceptions=True):
            if isinstance(ended_with, socket.socket) and ended_with is not opened:
                ended_with.close()


def _addresses(host: str, port: int) -> list[Any]:
    """Those of a host, by the system itself: `getaddrinfo` of uvloop loses the zone of fe80::1%2. Blocking."""
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


async def _connect(address: Sequence[Any]) -> socket.socket:
    family, kind, protocol, _, place = address
    connecting = socket.socket(family, kind, protocol)
    try:
        connecting.setblocking(False)
        await _reach(connecting, place)
    except BaseException:
        connecting.close()
        raise
    return connecting


async def _reach(connecting: socket.socket, place: Any) -> None:
    """Connect a socket to an address of `_addresses`. `sock_connect` of uvloop loses the zone of fe80::1%2."""
    loop = asyncio.get_running_loop()
    if sys.platform == "win32":  # its loop waits for no socket that is to be written
        await loop.sock_connect(connecting, place)
        return
    with suppress(BlockingIOError):
        connecting.connect(place)
        return
    opened = asyncio.Event()
    loop.add_writer(connecting, opened.set)
    try:
        await opened.wait()
    finally:
        loop.remove_writer(connecting)
    if fault := connecting.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
        raise OSError(fault, os.strerror(fault))
