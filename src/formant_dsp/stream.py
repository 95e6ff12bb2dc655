"""A bank in a sound device, and `open_sink`, which never leaves a box without a sink.

When PortAudio or a device is missing it says so once, with what to do, and paces the bank without a device, so that the
network side works all the same. A device is given a C function and its state; Python runs only at the start and the end
of a stream.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from formant_dsp.bank import Bank
from formant_dsp.callback import StreamState
from formant_dsp.devices import Device, abandon, best_channels, best_sample_rate, devices, portaudio, select
from formant_dsp.paced import PacedSink, WavSink
from formant_dsp.placement import MOST_CHANNELS
from formant_dsp.realtime import Grant, lock_memory, raise_priority, threads
from formant_dsp.sink import FADE_S, RealtimeRefused, Sink, SinkError

__all__ = ["PortAudioSink", "Sink", "SinkError", "best_channels", "best_sample_rate", "devices", "open_sink"]

FIRST_BLOCK_S = 1.0
"""A device that has not called back after so long gets its priority at the next start, if ever."""


class PortAudioSink:
    """A real device. The stream's callback is the C function of callback.pyx.

    realtime   "auto": real-time priority and locked memory where that is allowed, "on": or SinkError at the start,
               "off": neither
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
        """What was given of real-time priority and locked memory, after the start."""
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
                f"cannot open {device.name!r} at {bank.sample_rate} Hz: {error}; see `formant-node devices`"
            ) from error
        self._state.allow_late(float(self._stream.latency))
        self._closed = self._started = False

    def start(self) -> None:
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
            # What the sound goes through on its way out of this process: a client library's thread, for example.
            for helper in threads() - self._threads_before - {thread.native_id for thread in threading.enumerate()}:
                raise_priority(helper)
        refused = [grant.words for grant in self.grants if not grant.granted]
        if refused and self._realtime == "on":
            self.stop()
            raise RealtimeRefused("; ".join(refused))

    @property
    def _orphaned(self) -> bool:
        """The JACK server has ended under the stream: it stopped, and nobody stopped it."""
        return self._started and "JACK" in self.device.host_api and not (self._stream.active or self._stream.stopped)

    @property
    def running(self) -> bool:
        return not self._closed and bool(self._stream.active)

    @property
    def latency_s(self) -> float:
        """From the callback to the loudspeaker, as the stream reports it, and the limiter's look-ahead."""
        return float(self._stream.latency) + self._bank.latency_frames / self.sample_rate

    def frame_in(self, seconds: float) -> int | None:
        """The frame of the bank's clock that is heard in so many seconds; None before the first block."""
        return self._state.frame_in(seconds - self.latency_s)

    def describe(self) -> str:
        return (
            f"{self.device.name} ({self.device.host_api}), {self.sample_rate} Hz, {self.channels} channels, "
            f"latency {1000 * self.latency_s:.1f} ms"
        )

    def counters(self) -> dict[str, Any]:
        return self._state.counters()


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
    """The sink a node shall use; not started yet.

    audio          "auto" (the default device), "none", a device's NAME or INDEX, or "wav:PATH"
    block_frames   frames a callback, 0 = what the device likes best
    latency        "low", "high" or seconds, as PortAudio takes it
    channels       of a device, 0 = those of the bank, stereo for a bank of one
    channel_map    instead: for each channel of the device the bank's channel that it plays, -1 = silence
    realtime       as in PortAudioSink
    on_note        called with one line of plain words when a device cannot be used and silence is paced instead
    error          SinkError only for "wav:PATH" that cannot be written; ValueError for a bank played already
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
            on_note(f"no sound: {error}. Going on without a device.")
    return PacedSink(bank)
