"""A bank of one channel in float64: events in, limited sound out. It is the reference of the kernels.

Stealing is not modelled, so there must be no more notes than the bank has voices.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from formant_dsp.model.formant import Array
from formant_dsp.model.params import HOP
from formant_dsp.reference.limiter import limit
from formant_dsp.reference.voice import Voice
from formant_dsp.score.score import Event


def render(events: Iterable[Event], frames: int, sample_rate: int = 48000, seed: int = 0) -> Array:
    """The sound that a bank of one channel renders for these events, limiter included: float64[frames].

    events        in any order
    sample_rate   Hz
    seed          of the bank
    """
    hops = -(-frames // HOP)
    waiting = sorted(events, key=lambda event: event.frame)
    voices: dict[int, Voice] = {}
    fading: list[Voice] = []
    notes = 0
    out = np.zeros(hops * HOP)
    for h in range(hops):
        while waiting and waiting[0].frame < (h + 1) * HOP:
            event = waiting.pop(0)
            voice = voices.get(event.key)
            if event.params is None:
                if voice is not None:
                    voice.release(event.frame - h * HOP)
                    fading.append(voices.pop(event.key))
            elif voice is None:
                notes += 1
                voices[event.key] = Voice(event, notes, sample_rate, seed, voices.values())
            else:
                voice.aim(event.params, voices.values())
        for voice in [*voices.values(), *fading]:
            out[h * HOP : (h + 1) * HOP] += voice.hop()
        fading = [voice for voice in fading if not voice.done]
    return limit(out, sample_rate)[:frames]
