"""How long to wait before the next try: exponential back-off with full jitter."""

from __future__ import annotations

from collections.abc import Callable

from formant_net.protocol.timing import Timing


class Backoff:
    """Delays that double with each failure and start again from the first after `Timing.backoff_healthy_s`.

    random    gives floats in 0…1; full jitter (a uniform draw from 0 to the step) keeps a hundred clients of one
              failed server from coming back in the same moment (Brooker, "Exponential Backoff And Jitter", 2015)
    """

    def __init__(self, timing: Timing, random: Callable[[], float]) -> None:
        self._timing = timing
        self._random = random
        self._step_s = timing.backoff_first_s
        self._healthy_since: float | None = None

    def healthy(self, now: float) -> None:
        """What is being tried works since `now`, s."""
        self._healthy_since = now

    def reset(self) -> None:
        """Start again from the first delay, because the conditions have changed."""
        self._step_s = self._timing.backoff_first_s

    def failed(self, now: float) -> float:
        """It failed, or ended, at `now`. Returns the delay before the next try: 0 … the current step, s."""
        if self._healthy_since is not None and now - self._healthy_since >= self._timing.backoff_healthy_s:
            self._step_s = self._timing.backoff_first_s
        self._healthy_since = None
        step_s = self._step_s
        self._step_s = min(2.0 * step_s, self._timing.backoff_max_s)
        return step_s * self._random()
