"""A bank on a sound device, and `open_sink`, which opens a sink and falls back to silence.

When PortAudio or a device is missing, `open_sink` reports it once, with what to do, and renders the bank without a
device, so that the network side keeps working. The device calls a C function; Python runs only at the start and the end
of a stream.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from formant_dsp.bank.bank import Bank
from formant_dsp.model.placement import MOST_CHANNELS
from formant_dsp.output.callback import StreamState
from formant_dsp.output.devices import (
    Device,
    abandon,
    best_channels,
    best_sample_rate,
    devices,
    odd_rate,
    portaudio,
    select,
)
from formant_dsp.output.paced import PacedSink, WavSink
from formant_dsp.output.realtime import Grant, lock_memory, raise_priority, threads
from formant_dsp.output.sink import FADE_S, RealtimeRefused, Sink, SinkError

__all__ = ["PortAudioSink", "Sink", "SinkError", "best_channels", "best_sample_rate", "devices", "open_sink"]

FIRST_BLOCK_S = 1.0
"""Seconds to wait for the first callback. After them the stream starts without real-time priority."""


class PortAudioSink:
    """A sink on a sound device. The stream's callback is the C function of callback.pyx.

    channels, channel_map, block_frames, latency   as in `open_sink`
    realtime   "auto": real-time priority and locked memory where they are allowed; "on": RealtimeRefused at the start
               where they are not; "off": neither
    error      SinkError when the device cannot be opened, or has too few channels for the map; RuntimeError when the
               bank is in use
    """

    audible = True

    def __init__(
        self,
        bank: Bank,
        device: Device,
        *,
        channels: int = 0,
        channel_map: Sequence[int] | None = None,
        block_frames: int = 0,
        latency: str | float = "low",
        realtime: str = "off",
    ) -> None:
        sd = portaudio()
        if channel_map is not None:
            channels = len(channel_map)
            if channels > device.channels:
                raise SinkError(f"{device.name!r} has {device.channels} channels, the map names {channels}")
        self.channels = min(channels or max(2, bank.channels), device.channels, MOST_CHANNELS)
        self.sample_rate = bank.sample_rate
        self.device = device
        self.grants: tuple[Grant, ...] = ()
        """Whether real-time priority and locked memory were granted; set by the start."""
        self._bank = bank
        self._realtime = realtime
        self._state = StreamState(bank, self.channels, channel_map)
        self._threads_before = threads()
        ffi = sd._ffi
        try:
            self._stream = sd._StreamBase(
                kind="output",
                samplerate=bank.sample_rate,
                blocksize=block_frames,
                device=device.index,
                channels=self.channels,
                dtype="float32",
                latency=latency,
                callback=ffi.cast("PaStreamCallback*", self._state.callback_address),
                userdata=ffi.cast("void*", self._state.user_address),
                wrap_callback=None,
            )
        except (sd.PortAudioError, ValueError) as error:
            self._state.release()
            raise SinkError(
                f"cannot open {device.name!r} at {bank.sample_rate} Hz{odd_rate(device)}: {error}; "
                "see `formant-node devices`"
            ) from error
        self._state.allow_late(float(self._stream.latency))
        self._closed = self._started = False

    def start(self) -> None:
        """Start the stream and fade in.

        error   SinkError when the device cannot be started; RealtimeRefused with `realtime` "on"
        """
        self._bank.fade(True)
        sd = portaudio()
        try:
            self._stream.start()
        except sd.PortAudioError as error:
            self.stop()
            raise SinkError(f"cannot start {self.device.name!r}: {error}") from error
        self._started = True
        if self._realtime != "off":
            self._be_on_time()

    def stop(self) -> None:
        """Fade out and close the stream; abandon it if its JACK server has ended. May be called twice."""
        if self._closed:
            return
        self._closed = True
        if self._orphaned:
            abandon(self)
            self._state.release()
            return
        self._bank.fade(False)
        if self._stream.active:
            time.sleep(FADE_S + self.latency_s)
        self._stream.close()
        self._state.release()

    def _be_on_time(self) -> None:
        deadline = time.monotonic() + FIRST_BLOCK_S
        while self._state.thread == 0 and time.monotonic() < deadline:
            time.sleep(0.002)
        self.grants = (raise_priority(self._state.thread), lock_memory(self._state.regions))
        if self.grants[0].granted:
            # Other threads that carry the sound out of this process, for example that of a client library.
            for helper in threads() - self._threads_before - {thread.native_id for thread in threading.enumerate()}:
                raise_priority(helper)
        refused = [grant.words for grant in self.grants if not grant.granted]
        if refused and self._realtime == "on":
            self.stop()
            raise RealtimeRefused("; ".join(refused))

    @property
    def _orphaned(self) -> bool:
        """True when the JACK server has ended: the stream is inactive, and nobody has stopped it."""
        return self._started and "JACK" in self.device.host_api and not (self._stream.active or self._stream.stopped)

    @property
    def running(self) -> bool:
        return not self._closed and bool(self._stream.active)

    @property
    def latency_s(self) -> float:
        """Seconds from an event to the loudspeaker: the latency reported by the stream and the limiter's look-ahead."""
        return float(self._stream.latency) + self._bank.latency_frames / self.sample_rate

    def frame_in(self, seconds: float) -> int | None:
        """The frame of the bank's clock that is heard after `seconds`; None before the first block."""
        return self._state.frame_in(seconds - self.latency_s)

    def describe(self) -> str:
        return (
            f"{self.device.name} ({self.device.host_api}), {self.sample_rate} Hz, {self.channels} channels, "
            f"latency {1000 * self.latency_s:.1f} ms"
        )

    def counters(self) -> dict[str, Any]:
        return self._state.counters()

    def peak(self) -> float | None:
        return self._state.peak()

    def stop_measuring(self) -> None:
        self._state.stop_measuring()


def open_sink(
    bank: Bank,
    audio: str = "auto",
    *,
    block_frames: int = 0,
    latency: str | float = "low",
    channels: int = 0,
    channel_map: Sequence[int] | None = None,
    realtime: str = "off",
    on_note: Callable[[str], None] = print,
) -> Sink:
    """Open the sink that `audio` names; it is not started.

    audio          "auto" (the default device), "none", a device's NAME or INDEX, or "wav:PATH"
    block_frames   frames per callback, 0 = the device's choice
    latency        "low", "high" or seconds, as in PortAudio
    channels       channels of the device, 0 = those of the bank, and stereo for a bank of one channel
    channel_map    replaces `channels`: for each channel of the device the channel of the bank, -1 = silence
    realtime       as in PortAudioSink
    on_note        called with one line of text when a device cannot be used and the sink is silent instead
    error          SinkError only for a "wav:PATH" that cannot be written; RuntimeError for a bank that is in use;
                   ValueError for a `channel_map` that does not fit
    """
    if audio.startswith("wav:"):
        return WavSink(bank, audio.removeprefix("wav:"))
    if audio != "none":
        try:
            device = select(audio)
            return PortAudioSink(
                bank,
                device,
                channels=channels,
                channel_map=channel_map,
                block_frames=block_frames,
                latency=latency,
                realtime=realtime,
            )
        except SinkError as error:
            on_note(f"no sound: {error}. Continuing without sound.")
    return PacedSink(bank)
