"""What does a wire message cost to read and to write, next to the standard library's `json`, which checks nothing?"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from formant_net.protocol.codec import decode_channel, decode_signaling, encode
from formant_net.protocol.messages import (
    Description,
    Message,
    Offer,
    Point,
    Touch,
)

_POINTS = [Point(id=n, x=0.1 * n, y=1.0 - 0.1 * n, z=0.5) for n in range(5)]
TOUCH = Touch(x=0.25, y=0.5, active=True, id=1, seq=123456, t=98765.4, points=_POINTS)
_CANDIDATES = [f"a=candidate:{n} 1 udp {2113937151 - n} 192.168.1.{n} 5{n:04d} typ host" for n in range(30)]
OFFER = Offer(
    source="synth-attic",
    target="touch-ctrl-7k2m",
    data=Description(type="offer", sdp="\r\n".join(["v=0", "o=- 4611 2 IN IP4 192.168.1.20", "s=-", *_CANDIDATES, ""])),
)
CASES: dict[str, tuple[Message, Callable[[str], Any]]] = {
    "touch": (TOUCH, decode_channel),
    "offer": (OFFER, decode_signaling),
}


def note(benchmark: BenchmarkFixture, text: str, codec: str) -> None:
    benchmark.extra_info.update(unit="s a message", bytes=len(text.encode()), codec=codec, msgspec=msgspec.__version__)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("codec", ["formant", "json"])
def test_decode(benchmark: BenchmarkFixture, name: str, codec: str) -> None:
    message, decode = CASES[name]
    text = encode(message)
    assert decode(text) == message
    assert json.loads(text)["type"] == name
    note(benchmark, text, codec)
    benchmark.group = f"decode {name}"
    benchmark(decode if codec == "formant" else json.loads, text)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("codec", ["formant", "json"])
def test_encode(benchmark: BenchmarkFixture, name: str, codec: str) -> None:
    message, _ = CASES[name]
    text = encode(message)
    plain = json.loads(text)
    assert json.loads(json.dumps(plain)) == plain
    note(benchmark, text, codec)
    benchmark.group = f"encode {name}"
    if codec == "formant":
        benchmark(encode, message)
    else:
        benchmark(json.dumps, plain)
