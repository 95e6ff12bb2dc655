"""Bounds of the protocol, and that those who keep them take them from here."""

from __future__ import annotations

from dataclasses import asdict

from formant_net.protocol import codec, messages
from formant_net.protocol.bounds import BOUNDS


def test_the_bounds_are_the_protocols() -> None:
    assert (BOUNDS.channel_bytes, BOUNDS.fingers, BOUNDS.candidates, BOUNDS.synths) == (8192, 32, 64, 128)
    assert all(value > 0 for value in asdict(BOUNDS).values())


def test_the_codec_keeps_them() -> None:
    assert (BOUNDS.channel_bytes, BOUNDS.fingers) == (codec.MAX_CHANNEL_BYTES, messages.MAX_FINGERS)
