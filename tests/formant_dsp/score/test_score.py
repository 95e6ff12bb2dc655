"""A score is played to the frame, in any blocks, through a ring of any size."""

from __future__ import annotations

import numpy as np
import pytest

from formant_dsp import Bank, VoiceParams
from formant_dsp.score.score import Event, render_score

FRAMES = 30_000


def events() -> list[Event]:
    moving = [Event(f, 1, VoiceParams(f0_hz=200 + f / 100)) for f in range(0, 20_000, 64)]
    return [*moving, Event(20_001, 1, None), Event(21_003, 2, VoiceParams()), Event(25_000, 2, None)]


def test_blocks_and_ring_size_cannot_be_heard() -> None:
    want = np.concatenate(list(render_score(Bank(ring_capacity=1024), events(), FRAMES, FRAMES)))
    assert want.shape == (FRAMES,)
    for block, capacity in ((1, 1024), (17, 64), (1024, 16), (100_000, 32)):
        blocks = list(render_score(Bank(ring_capacity=capacity), events(), FRAMES, block))
        assert all(0 < len(b) <= block for b in blocks)
        assert np.array_equal(np.concatenate(blocks), want), (block, capacity)


def test_score_can_be_continued_on_a_bank_that_has_played() -> None:
    bank = Bank()
    bank.render(1000)
    sound = np.concatenate(list(render_score(bank, [Event(500, 1, VoiceParams())], 1000)))
    assert not sound[:501].any()
    assert sound[502:].any()


def test_events_that_run_backwards_are_refused() -> None:
    backwards = [Event(100, 1, VoiceParams()), Event(99, 1, None)]
    with pytest.raises(ValueError, match="sort them"):
        list(render_score(Bank(), backwards, 1000))


def test_block_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="block_frames=0"):
        next(render_score(Bank(), [], 1000, 0))
