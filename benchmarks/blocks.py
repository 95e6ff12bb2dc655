"""Time of every block of one piece of music, with other people's work on the machine taken out.

The same events on the same seed make the same blocks, instruction for instruction. So the piece is played several
times, and of block 17 the shortest of all seventeenth blocks counts: what interrupts one of them does not interrupt
all. What is expensive in itself stays expensive in every turn.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from formant_dsp import HOP, Bank

Push = Callable[[Bank, int], None]
"""Called before block i is rendered, not timed: pushes events."""


def best_us(
    make: Callable[[], Bank], blocks: int, turns: int, push: Push | None = None, hops: int = 1
) -> NDArray[np.float64]:
    """Least time of each of `blocks` blocks over `turns` banks from `make`, µs a hop.

    hops    a block; many of them make the call from Python, about a microsecond, small
    """
    out: NDArray[np.float32] | None = None
    best = np.full(blocks, np.inf)
    for _ in range(turns):
        bank = make()
        out = np.empty(hops * HOP, np.float32) if out is None else out
        for i in range(blocks):
            if push is not None:
                push(bank, i)
            began = time.perf_counter_ns()
            bank.render(len(out), out)
            best[i] = min(best[i], time.perf_counter_ns() - began)
    return best / 1e3 / hops
