"""Public name: `open_sink` plays a bank on a sound device, into a file or into silence."""

from formant_dsp.output.stream import (
    PortAudioSink,
    Sink,
    SinkError,
    best_channels,
    best_sample_rate,
    devices,
    open_sink,
)

__all__ = [
    "PortAudioSink",
    "Sink",
    "SinkError",
    "best_channels",
    "best_sample_rate",
    "devices",
    "open_sink",
]
