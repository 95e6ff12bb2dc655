"""Opens the sockets that a server listens on: every address of a host, or of this machine, on one port."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from formant_net.lan.addresses import ANY

BACKLOG = 1024
"""Connections that the system completes before the server takes them. With 100, the default of the event loop, a storm
of 200 newcomers a second fills it in half a second of a busy machine; the system then drops whoever comes, and a client
tries again after 1, 3 and 7 s. Many more would make everybody wait behind connections that have been given up."""
_TRIES = 16
"""Tries to find a port that is free in IPv4 and in IPv6: a port that is free in one may be taken in the other."""
_NOT_HERE = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT)

_Place = tuple[Any, ...]
"""Family, address, port and, for IPv6, flow label and scope id."""


def listen(host: str, port: int) -> list[socket.socket]:
    """Listen on `host`, a name or an address. "" means all addresses of IPv4 and, where the system has it, of IPv6.

    port      0: any free port, the same for all addresses
    raises    OSError when the port cannot be opened at an address; its `filename` is the address

    A name may have an address that this machine lacks, such as `::1` for `localhost` in a container without IPv6. One
    usable address is enough.
    """
    wanted = _addresses(host)
    for _ in range(_TRIES - 1):
        try:
            return _listen(wanted, port)
        except OSError as error:
            if port or error.errno != errno.EADDRINUSE:
                raise
    return _listen(wanted, port)


def hosts_of(sockets: Sequence[socket.socket]) -> tuple[str, ...]:
    """The addresses that the sockets listen on. Link-local IPv6 addresses have their zone."""
    return tuple(_host(each.getsockname()) for each in sockets)


def port_of(sockets: Sequence[socket.socket]) -> int:
    """The port that the sockets listen on."""
    return int(sockets[0].getsockname()[1])


def _addresses(host: str) -> list[_Place]:
    if not host:
        return [(socket.AF_INET, ANY[0], 0), (socket.AF_INET6, ANY[1], 0, 0, 0)]
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except UnicodeError as error:  # an empty part, or one of more than 63 characters
        raise OSError(errno.EINVAL, "no such host name can be", host) from error
    return list(dict.fromkeys((family, *address) for family, _, _, _, address in found))


def _listen(wanted: Sequence[_Place], port: int) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    missing: OSError | None = None
    try:
        for family, address, _, *rest in wanted:
            try:
                sockets.append(_one(family, (address, port, *rest)))
            except OSError as error:
                missing = OSError(error.errno, error.strerror, str(address))
                if error.errno in _NOT_HERE:
                    continue
                raise missing from error
            port = port_of(sockets)
        if not sockets and missing is not None:
            raise missing
    except BaseException:
        for each in sockets:
            with suppress(OSError):
                each.close()
        raise
    return sockets


def _one(family: int, address: tuple[Any, ...]) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # on Windows the option would let two servers listen on one port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:  # IPv4 has its own socket
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
        listening.setblocking(False)
    except BaseException:
        listening.close()
        raise
    return listening


def _host(name: tuple[str, int] | tuple[str, int, int, int]) -> str:
    if len(name) == 4 and name[3]:
        return f"{name[0].partition('%')[0]}%{name[3]}"
    return str(name[0])
