"""What every sink is: something that takes a bank's sound."""

from __future__ import annotations

from typing import Any, Protocol

FADE_S = 0.15
"""A sink waits so long after fading out: the fade reaches -96 dB in 0.14 s."""


class SinkError(RuntimeError):
    """The wanted device cannot be used; the message says what to do."""


class RealtimeRefused(SinkError):
    """Real-time priority or locked memory was demanded and not given."""


class Sink(Protocol):
    """What plays a bank. `start` and `stop` fade; `stop` may be called twice."""

    sample_rate: int
    channels: int
    audible: bool
    """True when somebody can hear it, or will: a device or a recording."""

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def describe(self) -> str: ...
    def counters(self) -> dict[str, Any]: ...
    @property
    def running(self) -> bool: ...
    @property
    def latency_s(self) -> float: ...
    def frame_in(self, seconds: float) -> int | None:
        """The frame of the bank's clock that is heard in so many seconds; None before the first block."""
        ...
