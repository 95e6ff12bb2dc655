"""SuperCollider's binary files, synth definitions and scores, written without its language."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

SCALAR, CONTROL, AUDIO = 0, 1, 2
MULTIPLY, ADD, POWER = 2, 0, 25


@dataclass(frozen=True)
class Out:
    """Output of a unit generator, or a constant when `unit` is -1."""

    unit: int
    index: int


@dataclass
class SynthDef:
    """A graph of unit generators, version 2 of the file format ("Synth Definition File Format" in its help)."""

    name: str
    controls: dict[str, float]
    constants: list[float] = field(default_factory=list)
    units: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.unit("Control", CONTROL, [], len(self.controls))

    def control(self, name: str) -> Out:
        return Out(0, list(self.controls).index(name))

    def unit(self, kind: str, rate: int, inputs: list[Out | float], outputs: int = 1, special: int = 0) -> Out:
        """Adds a unit generator; the first of its outputs."""
        wires = [self._wire(i) for i in inputs]
        self.units.append(
            _pascal(kind)
            + struct.pack(">biih", rate, len(inputs), outputs, special)
            + b"".join(struct.pack(">ii", w.unit, w.index) for w in wires)
            + bytes([rate] * outputs)
        )
        return Out(len(self.units) - 1, 0)

    def binary(self, operator: int, a: Out | float, b: Out | float, rate: int = CONTROL) -> Out:
        return self.unit("BinaryOpUGen", rate, [a, b], special=operator)

    def _wire(self, value: Out | float) -> Out:
        if isinstance(value, Out):
            return value
        if value not in self.constants:
            self.constants.append(value)
        return Out(-1, self.constants.index(value))

    def file(self) -> bytes:
        names = b"".join(_pascal(name) + struct.pack(">i", i) for i, name in enumerate(self.controls))
        return (
            b"SCgf"
            + struct.pack(">ih", 2, 1)
            + _pascal(self.name)
            + struct.pack(f">i{len(self.constants)}f", len(self.constants), *self.constants)
            + struct.pack(f">i{len(self.controls)}f", len(self.controls), *self.controls.values())
            + struct.pack(">i", len(self.controls))
            + names
            + struct.pack(">i", len(self.units))
            + b"".join(self.units)
            + struct.pack(">h", 0)
        )


def _pascal(text: str) -> bytes:
    return bytes([len(text)]) + text.encode("ascii")


def message(address: str, *args: str | int | float | bytes) -> bytes:
    """One OSC message."""
    tags, body = ",", b""
    for arg in args:
        if isinstance(arg, str):
            tags, body = tags + "s", body + _padded(arg.encode() + b"\0")
        elif isinstance(arg, bytes):
            tags, body = tags + "b", body + struct.pack(">i", len(arg)) + _padded(arg)
        elif isinstance(arg, int):
            tags, body = tags + "i", body + struct.pack(">i", arg)
        else:
            tags, body = tags + "f", body + struct.pack(">f", arg)
    return _padded(address.encode() + b"\0") + _padded(tags.encode() + b"\0") + body


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)


def score(bundles: list[tuple[float, list[bytes]]]) -> bytes:
    """A file for rendering out of real time: bundles of messages, each at a time in seconds."""
    out = b""
    for at, messages in bundles:
        bundle = b"#bundle\0" + struct.pack(">Q", int(at * 2**32))
        bundle += b"".join(struct.pack(">i", len(m)) + m for m in messages)
        out += struct.pack(">i", len(bundle)) + bundle
    return out
