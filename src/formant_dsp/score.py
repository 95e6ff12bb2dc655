"""A score: events at frames, and a bank that plays them offline. The block size cannot be heard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from formant_dsp.bank import Bank
from formant_dsp.params import HOP, VoiceParams


@dataclass(frozen=True, slots=True)
class Event:
    """One event at a frame: a note that starts or moves on, or, with `params` None, its release."""

    frame: int
    key: int
    params: VoiceParams | None


def render_score(
    bank: Bank, events: Iterable[Event], frames: int, block_frames: int = 1024
) -> Iterator[NDArray[np.float32]]:
    """Blocks of sound, together float32[frames].

    events         sorted by frame, counted from the bank's clock as it stands
    block_frames   1 or more; the last block may be shorter, and one is when the bank's ring is full of events
    error          ValueError for events that run backwards or a block below 1
    """
    if block_frames < 1:
        raise ValueError(f"block_frames={block_frames} must be at least 1")
    origin, done = bank.frame, 0
    waiting = iter(events)
    event = next(waiting, None)
    last = 0
    while done < frames:
        upto = min(done + block_frames, frames)
        # The bank computes up to two hops ahead of what it hands out: an event must be in the ring before that.
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
