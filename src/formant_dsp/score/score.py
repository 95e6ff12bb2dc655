"""A score: events at frames, and their offline rendering by a bank. The sound does not depend on the block size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from formant_dsp.bank.bank import Bank
from formant_dsp.model.params import HOP, VoiceParams


@dataclass(frozen=True, slots=True)
class Event:
    """One event at a frame: a note that starts or changes; with `params` None, its release."""

    frame: int
    key: int
    params: VoiceParams | None


def render_score(
    bank: Bank, events: Iterable[Event], frames: int, block_frames: int = 1024
) -> Iterator[NDArray[np.float32]]:
    """Render events in blocks: float32[n], or float32[n, channels] for a bank of several; together `frames` frames.

    events         sorted by frame, counted from the current frame of the bank's clock
    block_frames   1 or more; the last block may be shorter, and so may a block for which the bank's ring is full
    error          ValueError for events that are not sorted, or for blocks below 1 frame
    """
    if block_frames < 1:
        raise ValueError(f"block_frames={block_frames} must be at least 1")
    origin, done = bank.frame, 0
    waiting = iter(events)
    event = next(waiting, None)
    last = 0
    while done < frames:
        upto = min(done + block_frames, frames)
        # The bank renders up to two hops ahead of its output: an event must be in the ring before that.
        while event is not None and event.frame < upto + 2 * HOP:
            if event.frame < last:
                raise ValueError(f"event at frame {event.frame} comes after one at frame {last}: sort them")
            if not _push(bank, event, origin):
                upto = max(done + 1, min(upto, event.frame - 2 * HOP))
                break
            last = event.frame
            event = next(waiting, None)
        yield bank.render(upto - done)
        done = upto


def _push(bank: Bank, event: Event, origin: int) -> bool:
    frame = origin + event.frame
    if event.params is None:
        return bank.note_off(event.key, frame=frame)
    return bank.note_on(event.key, event.params, frame=frame)
