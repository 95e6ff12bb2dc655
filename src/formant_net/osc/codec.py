"""OSC packets: bytes to messages and back, bounded in size, depth and number."""

from __future__ import annotations

import struct
from dataclasses import dataclass

MOST_BYTES = 8192
MOST_DEPTH = 8
MOST_MESSAGES = 256
MOST_ARGUMENTS = 256
AT_ONCE = (0, 1)
"""Time tags that mean "at once": 1 by the specification, 0 as mixers send it."""

Argument = int | float | str | bytes | bool | None
_FIXED = {"i": ">i", "f": ">f", "h": ">q", "d": ">d", "t": ">Q", "r": ">I", "m": ">I"}
_PLAIN: dict[str, Argument] = {"T": True, "F": False, "N": None, "I": True}
_BUNDLE = b"#bundle\0"


class OscError(ValueError):
    """A packet that cannot be read. The text says why. Nothing of it is used."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `tag` is the NTP time (s since 1900) of its bundle, or None: at once."""

    address: str
    arguments: tuple[Argument, ...] = ()
    tag: float | None = None


def decode(data: bytes) -> list[Message]:
    """The messages of a packet, in order; those of nested bundles have the time tag of the innermost.

    error     OscError: bytes that are no OSC 1.0, a type that is unknown (its size is not known then), a bound
    source    M. Wright, The Open Sound Control 1.0 Specification, 2002; types T F N I h d S c r m [ ] as in 1.1
    """
    if len(data) > MOST_BYTES:
        raise OscError(f"{len(data)} bytes are too many ({MOST_BYTES} at most)")
    messages: list[Message] = []
    _packet(data, None, 0, messages)
    return messages


def encode(address: str, *arguments: Argument) -> bytes:
    """A packet of one message. Numbers go out as i (h if they are too large) and f, texts as s, bytes as b.

    error    OscError: too long, or an int beyond 64 bits
    """
    tags, body = ",", b""
    for each in arguments:
        if each is None or isinstance(each, bool):
            tags += "N" if each is None else "T" if each else "F"
        elif isinstance(each, int):
            small = -(2**31) <= each < 2**31
            if not -(2**63) <= each < 2**63:
                raise OscError(f"{each} does not fit into 64 bits")
            tags += "i" if small else "h"
            body += struct.pack(">i" if small else ">q", each)
        elif isinstance(each, float):
            tags += "f"
            body += struct.pack(">f", each)
        elif isinstance(each, str):
            tags += "s"
            body += _padded(each.encode())
        else:
            tags += "b"
            body += struct.pack(">i", len(each)) + each + b"\0" * (-len(each) % 4)
    data = _padded(address.encode()) + _padded(tags.encode()) + body
    if len(data) > MOST_BYTES:
        raise OscError(f"{len(data)} bytes are too many ({MOST_BYTES} at most)")
    return data


def _packet(data: bytes, tag: float | None, depth: int, messages: list[Message]) -> None:
    if data.startswith(_BUNDLE):
        _bundle(data, depth, messages)
        return
    if len(messages) >= MOST_MESSAGES:
        raise OscError(f"more than {MOST_MESSAGES} messages in a packet")
    address, at = _string(data, 0)
    if not address.startswith("/"):
        raise OscError(f"{address[:20]!r} is no address: it begins with /")
    if at == len(data):  # old senders leave out the types of a message without arguments
        messages.append(Message(address, (), tag))
        return
    tags, at = _string(data, at)
    if not tags.startswith(","):
        raise OscError(f"{tags[:20]!r} are no types: they begin with a comma")
    messages.append(Message(address, _arguments(tags[1:], data, at), tag))


def _bundle(data: bytes, depth: int, messages: list[Message]) -> None:
    if depth >= MOST_DEPTH:
        raise OscError(f"bundles more than {MOST_DEPTH} deep")
    if len(data) < 16:
        raise OscError("a bundle without a time tag")
    (stamp,) = struct.unpack_from(">Q", data, 8)
    tag = None if stamp in AT_ONCE else stamp / 2**32
    at = 16
    while at < len(data):
        if len(data) - at < 4:
            raise OscError("a bundle that is cut")
        (size,) = struct.unpack_from(">I", data, at)
        at += 4
        if size % 4 or size > len(data) - at:
            raise OscError(f"an element of {size} bytes in {len(data) - at}")
        if size:  # some programs write an empty bundle as one element of no bytes
            _packet(data[at : at + size], tag, depth + 1, messages)
        at += size


def _arguments(tags: str, data: bytes, at: int) -> tuple[Argument, ...]:
    if len(tags) > MOST_ARGUMENTS:
        raise OscError(f"{len(tags)} arguments are too many ({MOST_ARGUMENTS} at most)")
    found: list[Argument] = []
    for kind in tags:
        if kind in _FIXED:
            if len(data) - at < struct.calcsize(_FIXED[kind]):
                raise OscError("a message that is cut")
            found.append(struct.unpack_from(_FIXED[kind], data, at)[0])
            at += struct.calcsize(_FIXED[kind])
        elif kind in ("s", "S"):
            text, at = _string(data, at)
            found.append(text)
        elif kind in _PLAIN:
            found.append(_PLAIN[kind])
        elif kind == "b":
            blob, at = _blob(data, at)
            found.append(blob)
        elif kind == "c":
            found.append(data[at : at + 4].decode("latin-1").lstrip("\0"))
            at += 4
        elif kind not in "[]":  # an array is taken as its elements
            raise OscError(f"arguments of the type {kind!r} are not known")
    if at != len(data):
        raise OscError("bytes after the last argument, or a message that is cut")
    return tuple(found)


def _string(data: bytes, at: int) -> tuple[str, int]:
    end = data.find(b"\0", at)
    after = (end // 4 + 1) * 4
    if end < 0 or after > len(data):
        raise OscError("a text without its end")
    return data[at:end].decode("utf-8", "replace"), after


def _blob(data: bytes, at: int) -> tuple[bytes, int]:
    if len(data) - at < 4:
        raise OscError("a message that is cut")
    (size,) = struct.unpack_from(">I", data, at)
    at += 4
    if size > len(data) - at:
        raise OscError("a message that is cut")
    return data[at : at + size], at + size + -size % 4


def _padded(text: bytes) -> bytes:
    return text + b"\0" * (4 - len(text) % 4)
