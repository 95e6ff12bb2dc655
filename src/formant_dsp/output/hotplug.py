"""The sound output of a node. The device may disappear, return, or be switched to another one while the bank runs.

When the device disappears, the output waits for it. Meanwhile the bank is rendered in silence, so that notes start and
end as usual. When the device returns, the sound fades in. One thread does all of this, because closing a device whose
sound server hangs may never return; the network and other threads do not wait for it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from formant_dsp.bank.bank import Bank
from formant_dsp.output import devices
from formant_dsp.output.devices import Device, without_device
from formant_dsp.output.paced import PacedSink, WavSink
from formant_dsp.output.realtime import MODES, Grant
from formant_dsp.output.sink import RealtimeRefused, Sink, SinkError
from formant_dsp.output.stream import PortAudioSink

CHECK_S = 0.25
STALL_S = 2.0
"""Seconds without a callback after which a running device is given up, because its sound server hangs."""
FIRST_TRY_S = 1.0
LAST_TRY_S = 5.0
"""Seconds between two searches for a missing device: the first pause and the longest one. A search takes 0.1 s of
processor time."""
STOP_S = 3.0
"""Seconds after which a device that does not close is left until the process ends."""


@dataclass(frozen=True, slots=True)
class OutputSettings:
    """The settings of an output; each as in `formant_dsp.stream.open_sink`.

    error   ValueError for another `realtime`
    """

    audio: str = "auto"
    channels: int = 0
    channel_map: Sequence[int] | None = None
    block_frames: int = 0
    latency: str | float = "low"
    realtime: str = "auto"

    def __post_init__(self) -> None:
        if self.realtime not in MODES:
            raise ValueError(f"realtime={self.realtime!r}: choose one of {', '.join(MODES)}")


class Host:
    """The devices of this machine, for an Output; tests replace it."""

    def rescan(self) -> None:
        """Update the list of devices, while none is open. SinkError without PortAudio."""
        devices.rescan()

    def find(self, audio: str) -> Device:
        """The device of this name, index or "auto". SinkError when it is not there."""
        return devices.select(audio)

    def open(self, bank: Bank, device: Device, settings: OutputSettings) -> Sink:
        """A sink, not started, for a bank that no sink plays. SinkError when the device cannot be opened."""
        return PortAudioSink(
            bank,
            device,
            channels=settings.channels,
            channel_map=settings.channel_map,
            block_frames=settings.block_frames,
            latency=settings.latency,
            realtime=settings.realtime,
        )


class Output:
    """Plays `bank` with these settings, until `stop`.

    on_note     called with one line of text when something changes that users should know; on any thread
    on_change   called after every change of the sink; on any thread. Exceptions of both are ignored, so that the sound
                goes on
    error       SinkError for a recording that cannot be written, because waiting would not help
    """

    def __init__(
        self,
        bank: Bank,
        settings: OutputSettings,
        *,
        on_note: Callable[[str], None] = print,
        on_change: Callable[[], None] = lambda: None,
        host: Host | None = None,
    ) -> None:
        self._bank = bank
        self._settings = settings
        self._on_note = _careful(on_note)
        self._on_change = _careful(on_change)
        self._host = host or Host()
        self._past: dict[str, Any] = {}
        self._wanted: str | None = None
        self._waiting = False
        self._next_try = 0.0
        self._pause_s = FIRST_TRY_S
        self._frames = -1
        self._moved_at: float | None = None
        self._said = ""
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="formant-output", daemon=True)
        try:
            self.sink = self._make(settings)
        except SinkError as error:
            if without_device(settings.audio):
                raise
            self.sink = self._silence(error)
        self._counting: Sink | None = self.sink

    # --- for a node ------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the sound, and watch the device from now on.

        error   RealtimeRefused when `realtime` is "on" and the system refuses it
        """
        try:
            self.sink.start()
        except RealtimeRefused:
            raise
        except SinkError as error:
            self.sink = self._counting = self._silence(error)
            self.sink.start()
        self._thread.start()

    def stop(self) -> None:
        """Fade out and close. Returns after a few seconds even if the device does not close. May be called twice."""
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(STOP_S)
        closing = threading.Thread(target=self.sink.stop, name="formant-output-stop", daemon=True)
        closing.start()
        closing.join(STOP_S)
        for thread in (self._thread, closing):
            if thread.is_alive():
                devices.leave(thread)

    def switch(self, audio: str) -> None:
        """Switch to another device soon: "auto", "none", NAME or INDEX. If it fails, the old one goes on playing."""
        self._wanted = audio
        self._wake.set()

    @property
    def settings(self) -> OutputSettings:
        """The current settings."""
        return self._settings

    @property
    def audible(self) -> bool:
        """True while a device or a recording takes the sound."""
        return self.sink.audible and self.sink.running

    @property
    def beyond_repair(self) -> bool:
        """True when only a new process can play again, because the JACK server has ended. The bank runs in silence."""
        return devices.beyond_repair()

    @property
    def latency_s(self) -> float:
        """Latency of the current sink, s."""
        return self.sink.latency_s

    def frame_in(self, seconds: float) -> int | None:
        """The frame of the bank's clock that is heard after `seconds`, as the `frame` of a note.

        None: send the note without a frame, because no clock runs yet, or because the frame is more than 0.1 s too far
        ahead of the bank: the note would wait too long, and so would all events behind it.
        """
        frame = self.sink.frame_in(seconds)
        if frame is None or frame > self._bank.frame + seconds * self._bank.sample_rate + self._bank.sample_rate / 10:
            return None
        return frame

    @property
    def grants(self) -> tuple[Grant, ...]:
        """Whether real-time priority and locked memory were granted; empty for a sink without a device."""
        return self.sink.grants if isinstance(self.sink, PortAudioSink) else ()

    def describe(self) -> str:
        """A line of text that says where the sound goes."""
        said = self.sink.describe()
        if not self._waiting:
            return said
        return f"{said}, waiting for {'a sound device' if self._settings.audio == 'auto' else self._settings.audio}"

    def counters(self) -> dict[str, Any]:
        """The counters of a sink, summed over all sinks since the start."""
        counting = self._counting
        return merged(self._past, counting.counters()) if counting is not None else self._past

    def peak(self) -> float | None:
        """The greatest magnitude of a sample since the last call; 1 is full scale.

        None: nothing was measured since, or nobody can hear it, because there is no device and no recording.
        """
        peak = self.sink.peak()
        return peak if self.audible else None

    def stop_measuring(self) -> None:
        """Nobody asks for the peak any more: it costs nothing until the next call of `peak`."""
        self.sink.stop_measuring()

    # --- the thread of the output ----------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping:
            self.step(time.monotonic())
            self._wake.wait(CHECK_S)
            self._wake.clear()

    def step(self, now: float) -> None:
        """Check the sink once, and replace it if necessary. `now` is monotonic time, s."""
        try:
            if self._wanted is not None:
                wanted, self._wanted = self._wanted, None
                self._switch(wanted, now)
            elif self._waiting:
                if now >= self._next_try:
                    self._try_again(now)
            elif not self._healthy(now):
                self._lost(now)
            elif isinstance(self.sink, WavSink) and self.sink.ended not in ("", self._said):
                self._said = self.sink.ended  # the bank goes on in silence, so that the network side keeps working
                self._on_note(f"{self._said}.")
                self._on_change()
        except Exception as error:  # this thread must not end: it keeps the sound going
            self._on_note(f"sound not available ({error!r}); trying again")
            self._wait(now + self._pause_s)

    def _healthy(self, now: float) -> bool:
        if not self.sink.running:
            return False
        frames = self.sink.counters()["frames"]
        if frames != self._frames or self._moved_at is None:
            self._frames, self._moved_at = frames, now
        return now - self._moved_at < STALL_S

    def _lost(self, now: float) -> None:
        said = self.sink.describe()
        self._close()
        if without_device(self._settings.audio):
            self._on_note("the sound has stopped; continuing without it")
            self._settings = replace(self._settings, audio="none")
            self._play(PacedSink(self._bank))
            return
        self._on_note(f"the sound device has stopped, waiting for it: {said}")
        self._pause_s = FIRST_TRY_S
        self._wait(now)
        self._play(PacedSink(self._bank))

    def _try_again(self, now: float) -> None:
        self._wait(now + self._pause_s)
        self._pause_s = min(2.0 * self._pause_s, LAST_TRY_S)
        try:
            if not without_device(self._settings.audio):
                self._host.rescan()
                self._host.find(self._settings.audio)
        except SinkError:
            if self._counting is None:
                self._play(PacedSink(self._bank))
            elif self.beyond_repair:
                self._on_change()
            return
        self._close()
        try:
            self._play(self._make(self._settings))
        except SinkError:
            self._play(PacedSink(self._bank))
            return
        self._waiting = False
        self._on_note(f"sound again: {self.sink.describe()}")

    def _switch(self, audio: str, now: float) -> None:
        before = self._settings
        if without_device(before.audio) and not without_device(audio):
            # Search before closing: a device that is not there must not interrupt a recording.
            try:
                self._host.rescan()
                self._host.find(audio)
            except SinkError as error:
                self._on_note(f"the sound stays where it was: {error}")
                return
        self._close()
        self._waiting = False
        try:
            if not without_device(audio) and not without_device(before.audio):
                self._host.rescan()
            self._settings = replace(before, audio=audio)
            self._play(self._make(self._settings))
        except (SinkError, ValueError) as error:
            self._on_note(f"the sound stays where it was: {error}")
            self._settings = before
            self._pause_s = FIRST_TRY_S
            self._wait(now)
            self._play(PacedSink(self._bank))  # the next step goes back to the old device
            return
        self._on_note(f"sound now: {self.sink.describe()}")

    def _make(self, settings: OutputSettings) -> Sink:
        if settings.audio == "none":
            return PacedSink(self._bank)
        if settings.audio.startswith("wav:"):
            return WavSink(self._bank, settings.audio.removeprefix("wav:"))
        device = self._host.find(settings.audio)
        sink = self._host.open(self._bank, device, settings)
        if settings.audio.isdigit():  # indices change when devices come and go, names do not
            self._settings = replace(settings, audio=device.name)
        return sink

    def _silence(self, error: SinkError) -> Sink:
        self._on_note(f"no sound: {error}. Continuing without sound until the device is there.")
        self._waiting = True
        return PacedSink(self._bank)

    def _wait(self, until: float) -> None:
        self._waiting, self._next_try = True, until

    def _play(self, sink: Sink) -> None:
        sink.start()
        self.sink = self._counting = sink
        self._frames, self._moved_at = -1, None
        self._on_change()

    def _close(self) -> None:
        closing, self._counting = self._counting, None
        if closing is not None:
            closing.stop()
            self._past = merged(self._past, closing.counters())


def _careful(call: Callable[..., None]) -> Callable[..., None]:
    """`call` with its exceptions ignored, so that they do not end the thread that keeps the sound going."""

    def careful(*given: Any) -> None:
        with suppress(Exception):
            call(*given)

    return careful


def merged(past: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """Counters of two streams combined: sums of counts, means weighted by blocks, maxima, the newest block size."""
    if not past:
        return now
    out: dict[str, Any] = {}
    blocks = past["blocks"] + now["blocks"]
    for name, value in now.items():
        if name == "render_histogram":
            out[name] = [a + b for a, b in zip(past[name], value, strict=True)]
        elif name == "render_us_mean":
            total = past[name] * past["blocks"] + value * now["blocks"]
            out[name] = total / blocks if blocks else 0.0
        elif name.endswith("_max"):
            out[name] = max(past[name], value)
        elif name == "block_frames":
            out[name] = value or past[name]
        else:
            out[name] = past[name] + value
    return out
