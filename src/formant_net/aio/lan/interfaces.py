"""Reads the present network interfaces of this machine, for lan/addresses.py."""

from __future__ import annotations

import ctypes
import ipaddress
import os
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import ifaddr

from formant_files import shown
from formant_net.lan.addresses import Interface

_SYS = Path("/sys/class/net")
_IPV6 = Path("/proc/net/if_inet6")
_GET_FLAGS, _GET_HARDWARE, _GET_WIRELESS_NAME = 0x8913, 0x8927, 0x8B01  # linux/sockios.h, linux/wireless.h
_RUNNING = 0x40
_TUNNELS = (512, 519, 65534, 768, 769, 776, 778)
"""Hardware types of tunnels in linux/if_arp.h: PPP, raw IP, none (TUN, WireGuard), IP in IP, IPv6 in IPv6, SIT, GRE."""
_FLEETING = 0x01 | 0x08 | 0x20
"""Flags in linux/if_addr.h: temporary (privacy extensions), duplicate of another machine's address, deprecated."""


def interfaces() -> list[Interface]:
    """Every interface that has an address, in the system's order. IPv6 addresses that soon change are left out."""
    read_names_leniently()
    fleeting = _fleeting()
    found = []
    for adapter in ifaddr.get_adapters():
        addresses = [_bare(ip.ip if isinstance(ip.ip, str) else ip.ip[0]) for ip in adapter.ips]
        lasting = tuple(address for address in addresses if address and address not in fleeting)
        if lasting:
            name = adapter.nice_name if sys.platform == "win32" else adapter.name
            found.append(_looked_at(name, lasting, adapter.index or 0))
    return found


def _looked_at(name: str, addresses: tuple[str, ...], index: int) -> Interface:
    """An interface with the information that Linux has of it. Other systems give only its name."""
    if sys.platform != "linux":
        return Interface(name, addresses, index)
    import fcntl

    device = name.partition(":")[0]  # `eth0:1` is a second address of eth0

    def ask(what: int) -> bytes:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            return fcntl.ioctl(any_socket, what, struct.pack("256s", os.fsencode(device)[:15]))

    # An ioctl, because /sys may belong to another network namespace.
    up, wireless, tunnel = True, False, False
    with suppress(OSError):
        up = bool(struct.unpack_from("H", ask(_GET_FLAGS), 16)[0] & _RUNNING)
    with suppress(OSError):
        tunnel = struct.unpack_from("H", ask(_GET_HARDWARE), 16)[0] in _TUNNELS
    with suppress(OSError):
        ask(_GET_WIRELESS_NAME)
        wireless = True
    return Interface(shown(device), addresses, index, up, wireless, tunnel, tuple(_ports(device, index)))


def read_names_leniently() -> None:
    """Accept names of interfaces with bytes that are not UTF-8, which Linux allows.

    With one such name every query of ifaddr fails, and so do zeroconf and aioice, which use it, too.
    """
    posix: Any = sys.modules.get("ifaddr._posix")
    if posix is None or hasattr(posix.ifaddrs, "lenient"):
        return

    class ifaddrs(ctypes.Structure):
        lenient = True

    other: dict[str, Any] = {"ifa_next": ctypes.POINTER(ifaddrs), "ifa_name": _Name}
    ifaddrs._fields_ = [(name, other.get(name, kind)) for name, kind in posix.ifaddrs._fields_]
    posix.ifaddrs = ifaddrs


class _Name(ctypes.c_char_p):
    """A text in C that decodes as Python decodes the names of files."""

    def decode(self, encoding: str = "utf-8") -> str:
        return (self.value or b"").decode(encoding, "surrogateescape")


def _ports(device: str, index: int) -> Iterator[str]:
    """The ports of a bridge. None if /sys belongs to another network namespace."""
    try:
        if int((_SYS / device / "ifindex").read_text()) == index:
            yield from sorted(shown(port.name) for port in (_SYS / device / "brif").iterdir())
    except (OSError, ValueError):
        return


def _fleeting() -> set[str]:
    """IPv6 addresses of this machine that others should not be given, because they do not last."""
    found = set()
    with suppress(OSError):
        for line in _IPV6.read_text().splitlines():
            address, _, _, _, flags, *_ = line.split()
            if int(flags, 16) & _FLEETING:
                found.add(str(ipaddress.IPv6Address(bytes.fromhex(address))))
    return found


def _bare(address: str) -> str:
    """The address in its usual spelling, without a zone; "" for a text that is not an address."""
    try:
        return str(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return ""
