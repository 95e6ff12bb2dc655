"""Every preset with a moving finger, one after the other: events as bytes, and the sound of the native bank."""

from __future__ import annotations

import ctypes
import struct

import numpy as np

from formant_dsp import Bank
from formant_dsp.choir import ChoirBank
from formant_dsp.presets import load, names

EVENT_BYTES = 264
"""As native/event.h asserts."""
CAPACITY, VOICES, SEED, RATE = 4096, 16, 7, 48000
FIRST = 137
"""The frame at which the first one begins."""
LENGTH = 4 * 2001 + 777
"""Frames from one preset to the next."""


def every_preset() -> tuple[bytes, np.ndarray]:
    """Events, and float32[frames][2] of a bank of SSE2 with VOICES, SEED and RATE."""
    bank = Bank(voices=VOICES, sample_rate=RATE, channels=2, seed=SEED, ring_capacity=CAPACITY, isa="sse2")
    choir, at = ChoirBank(bank), FIRST
    for key, name in enumerate(names(), 1):
        preset = load(name)
        choir.note_on(key, preset.voice_params(0.3, 0.2, 0.7), frame=at)
        for step in range(3):
            at += 2001
            choir.update(key, preset.voice_params(0.3 + 0.08 * step, 0.2 + 0.2 * step, 0.7), frame=at)
        at += 2001
        choir.note_off(key, frame=at)
        at += 777
    ((address, size),) = bank.regions
    memory = ctypes.string_at(address, size)
    first = last = memory.index(struct.pack("=Q", FIRST))  # the ring's first slot: its event's frame
    while struct.unpack_from("=Q", memory, last) != (0,):
        last += EVENT_BYTES
    events = memory[first:last]
    if not len(names()) * 5 * EVENT_BYTES <= len(events) < CAPACITY * EVENT_BYTES:
        raise RuntimeError("the ring does not hold the events of every preset")
    return events, bank.render(at + 24000)
