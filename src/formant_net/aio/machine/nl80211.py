"""Asks the kernel whether a Wi-Fi radio sleeps between packets. No file says it.

Two messages of generic netlink (linux/genetlink.h, linux/nl80211.h): the number of the family `nl80211`, then its
command GET_POWER_SAVE. It needs no right.
"""

from __future__ import annotations

import socket
import struct
import sys

CONTROL = 0x10
"""GENL_ID_CTRL: the family that knows the others."""
GET_FAMILY, FAMILY_ID, FAMILY_NAME = 3, 1, 2
GET_POWER_SAVE, INTERFACE, POWER_SAVE = 62, 3, 93
ERROR = 2
"""NLMSG_ERROR: the kernel refuses, or confirms with the number 0."""
REQUEST = 1
NETLINK_GENERIC = 16
ANSWER_S = 1.0
_HEADER = struct.Struct("=IHHII")
_COMMAND = struct.Struct("=BBH")
_ATTRIBUTE = struct.Struct("=HH")


def power_save(interface: str) -> bool | None:
    """Whether the radio of an interface sleeps. None: this kernel or driver does not say. Never raises."""
    if sys.platform != "linux":
        return None
    try:
        number = socket.if_nametoindex(interface)
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC) as kernel:
            kernel.settimeout(ANSWER_S)
            kernel.send(request(CONTROL, GET_FAMILY, FAMILY_NAME, b"nl80211\0"))
            family = number_in(answer(kernel.recv(65536)).get(FAMILY_ID))
            if family is None:
                return None
            kernel.send(request(family, GET_POWER_SAVE, INTERFACE, struct.pack("=I", number)))
            asleep = number_in(answer(kernel.recv(65536)).get(POWER_SAVE))
    except OSError:
        return None
    return None if asleep is None else asleep == 1


def request(family: int, command: int, attribute: int, value: bytes) -> bytes:
    """A message with one attribute."""
    body = _COMMAND.pack(command, 1, 0) + _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), attribute) + _padded(value)
    return _HEADER.pack(_HEADER.size + len(body), family, REQUEST, 1, 0) + body


def answer(message: bytes) -> dict[int, bytes]:
    """The attributes of an answer; none of a refusal or of what cannot be read."""
    if len(message) < _HEADER.size:
        return {}
    length, kind, *_ = _HEADER.unpack_from(message)
    if kind == ERROR:
        return {}
    found: dict[int, bytes] = {}
    end, at = min(length, len(message)), _HEADER.size + _COMMAND.size
    while at + _ATTRIBUTE.size <= end:
        size, attribute = _ATTRIBUTE.unpack_from(message, at)
        if size < _ATTRIBUTE.size or at + size > end:
            break
        found[attribute & 0x3FFF] = message[at + _ATTRIBUTE.size : at + size]
        at += size + (-size % 4)
    return found


def number_in(value: bytes | None) -> int | None:
    """An attribute that is a number of two or four bytes."""
    return None if value is None or len(value) not in (2, 4) else int.from_bytes(value, sys.byteorder)


def _padded(value: bytes) -> bytes:
    return value + b"\0" * (-len(value) % 4)
