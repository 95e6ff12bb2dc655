"""The interface of every sink: an object that plays or records a bank."""

from __future__ import annotations

from typing import Any, Protocol

FADE_S = 0.15
"""Seconds that a sink waits for its fade-out, which reaches -96 dB in 0.14 s."""


class SinkError(RuntimeError):
    """A device or file that cannot be used. The message says what to do."""


class RealtimeRefused(SinkError):
    """Real-time priority or locked memory was required (`realtime` "on") and refused."""


class Sink(Protocol):
    """An object that plays or records a bank. `start` fades in, `stop` fades out; `stop` may be called twice."""

    sample_rate: int
    channels: int
    audible: bool
    """True for a device or a recording, False for silence."""

    def start(self) -> None:
        """Start and fade in. SinkError when the device cannot be started."""
        ...

    def stop(self) -> None:
        """Fade out, close, and release the bank."""
        ...

    def describe(self) -> str:
        """A line of text that says where the sound goes."""
        ...

    def counters(self) -> dict[str, Any]:
        """As `StreamState.counters`."""
        ...

    def peak(self) -> float | None:
        """As `StreamState.peak`."""
        ...

    def stop_measuring(self) -> None:
        """As `StreamState.stop_measuring`."""
        ...

    @property
    def running(self) -> bool:
        """True while the bank is being rendered."""
        ...

    @property
    def latency_s(self) -> float:
        """Seconds from an event without `frame` to its sound."""
        ...

    def frame_in(self, seconds: float) -> int | None:
        """The frame of the bank's clock that is heard after `seconds`; None before the first block."""
        ...
