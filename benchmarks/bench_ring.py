"""What does it cost to hand a note's parameters to the audio side, and to take them?

The peer is `queue.SimpleQueue`, the standard library's unbounded queue, with the same payload as a Python object.
"""

from __future__ import annotations

import queue
from typing import Any

import numpy as np
import pytest

from formant_dsp import Bank, VoiceParams
from formant_dsp.bank.queue.ring import Ring

NOTE_OFF = 3


@pytest.mark.benchmark(group="ring: one event through")
def test_ring(benchmark: Any) -> None:
    ring = Ring(1024)

    def through() -> Any:
        ring.try_push(NOTE_OFF, 7, 0.5)
        return ring.try_pop()

    assert through() == (NOTE_OFF, 7, 0.5, 0)
    benchmark(through)


@pytest.mark.benchmark(group="ring: one event through")
def test_simple_queue(benchmark: Any) -> None:
    peer: queue.SimpleQueue[tuple[int, int, float, int]] = queue.SimpleQueue()

    def through() -> Any:
        peer.put((NOTE_OFF, 7, 0.5, 0))
        return peer.get_nowait()

    assert through() == (NOTE_OFF, 7, 0.5, 0)
    benchmark(through)


@pytest.mark.benchmark(group="ring: parameters of one voice, Python to audio side")
def test_update(benchmark: Any) -> None:
    """VoiceParams packed and pushed; the ring is emptied by the bank between rounds."""
    bank = Bank(ring_capacity=4096)
    out = np.empty(64, np.float32)
    params = VoiceParams(f0_hz=220.0)
    assert bank.note_on(1, params)
    bank.render(64, out)

    def drain() -> None:
        bank.render(64, out)

    benchmark.pedantic(lambda: bank.update(1, params), setup=drain, rounds=3000)
    assert bank.counters()["ring_dropped"] == 0
