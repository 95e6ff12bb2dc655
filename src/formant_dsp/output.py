"""The sound output of a node: a device that may go and come back, or be exchanged for another, while the bank goes on.

A device that disappears is waited for; meanwhile the bank is paced in silence, so that notes end and start as they
should, and on its return the sound fades in. All of it happens on one thread of its own: closing a device whose sound
server hangs can take for ever, and neither the network nor Python's other threads shall wait for that.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from formant_dsp import devices
from formant_dsp.bank import Bank
from formant_dsp.devices import Device, without_device
from formant_dsp.paced import PacedSink, WavSink
from formant_dsp.realtime import MODES, Grant
from formant_dsp.sink import RealtimeRefused, Sink, SinkError
from formant_dsp.stream import PortAudioSink

CHECK_S = 0.25
STALL_S = 2.0
"""A device that plays but has not asked for sound for so long is given up: its sound server stands still."""
FIRST_TRY_S = 1.0
LAST_TRY_S = 5.0
"""Between two looks for a device that is not there: looking takes a tenth of a second of a processor."""
STOP_S = 3.0
"""A device that does not close within that is left to the end of the process."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What an operator asked for; each as in `formant_dsp.stream.open_sink`."""

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
    """The devices of this machine, as an Output uses them."""

    def rescan(self) -> None:
        """See what came and went; no device is open now. SinkError without PortAudio."""
        devices.rescan()

    def find(self, audio: str) -> Device:
        """The device that is meant. SinkError when it is not there."""
        return devices.select(audio)

    def open(self, bank: Bank, device: Device, wish: Wish) -> Sink:
        """A sink for a free bank, not started. SinkError when the device does not want to."""
        return PortAudioSink(
            bank,
            device,
            channels=wish.channels,
            channel_map=wish.channel_map,
            block_frames=wish.block_frames,
            latency=wish.latency,
            realtime=wish.realtime,
        )


class Output:
    """Plays `bank` as wished, until `stop`.

    on_note     given one line of plain words when something changed that people should know; on any thread
    on_change   called after every change of the sink; on any thread
    error       SinkError for a recording that cannot be written: it will not be possible later either
    """

    def __init__(
        self,
        bank: Bank,
        wish: Wish,
        *,
        on_note: Callable[[str], None] = print,
        on_change: Callable[[], None] = lambda: None,
        host: Host | None = None,
    ) -> None:
        self._bank = bank
        self._wish = wish
        self._on_note = on_note
        self._on_change = on_change
        self._host = host or Host()
        self._past: dict[str, Any] = {}
        self._wanted: str | None = None
        self._waiting = False
        self._next_try = 0.0
        self._pause_s = FIRST_TRY_S
        self._frames = -1
        self._moved_at: float | None = None
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="formant-output", daemon=True)
        try:
            self.sink = self._make(wish)
        except SinkError as error:
            if without_device(wish.audio):
                raise
            self.sink = self._silence(error)
        self._counting: Sink | None = self.sink

    # --- what a node asks ------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to sound, and watch the device from now on. RealtimeRefused if that was wished for with "on"."""
        try:
            self.sink.start()
        except RealtimeRefused:
            raise
        except SinkError as error:
            self.sink = self._counting = self._silence(error)
            self.sink.start()
        self._thread.start()

    def stop(self) -> None:
        """Fade out and close; returns after a few seconds even if the device does not. May be called twice."""
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(STOP_S)
        closing = threading.Thread(target=self.sink.stop, name="formant-output-stop", daemon=True)
        closing.start()
        closing.join(STOP_S)

    def switch(self, audio: str) -> None:
        """Play somewhere else soon: "auto", "none", NAME or INDEX. If that cannot be, go on where it was."""
        self._wanted = audio
        self._wake.set()

    @property
    def wish(self) -> Wish:
        """What is wished for now."""
        return self._wish

    @property
    def audible(self) -> bool:
        """True when somebody can hear it."""
        return self.sink.audible and self.sink.running

    @property
    def beyond_repair(self) -> bool:
        """Only a new process can play again: the JACK server has ended. Until then the bank goes on in silence."""
        return devices.beyond_repair()

    @property
    def latency_s(self) -> float:
        return self.sink.latency_s

    def frame_in(self, seconds: float) -> int | None:
        """The frame of the bank's clock that is heard in so many seconds, to put a note on; None = put it on none.

        That is where no clock runs, and where the one that runs would keep the note, and all behind it, for longer.
        """
        frame = self.sink.frame_in(seconds)
        if frame is None or frame > self._bank.frame + seconds * self._bank.sample_rate + self._bank.sample_rate / 10:
            return None
        return frame

    @property
    def grants(self) -> tuple[Grant, ...]:
        """What was given of real-time priority and locked memory."""
        return self.sink.grants if isinstance(self.sink, PortAudioSink) else ()

    def describe(self) -> str:
        """Where the sound goes, for people."""
        said = self.sink.describe()
        if not self._waiting:
            return said
        return f"{said}, waiting for {'a sound device' if self._wish.audio == 'auto' else self._wish.audio}"

    def counters(self) -> dict[str, Any]:
        """As of a sink, over all sinks since the start."""
        counting = self._counting
        return merged(self._past, counting.counters()) if counting is not None else self._past

    # --- what its thread does --------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping:
            self.step(time.monotonic())
            self._wake.wait(CHECK_S)
            self._wake.clear()

    def step(self, now: float) -> None:
        """One look at everything. `now` is s, monotonic."""
        try:
            if self._wanted is not None:
                wanted, self._wanted = self._wanted, None
                self._switch(wanted, now)
            elif self._waiting:
                if now >= self._next_try:
                    self._try_again(now)
            elif not self._healthy(now):
                self._lost(now)
        except Exception as error:  # this thread is the one that keeps the sound
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
        if without_device(self._wish.audio):
            # A recording that ended stays as it is: opening it again would wipe it.
            self._on_note("the sound has stopped; going on without it")
            self._wish = replace(self._wish, audio="none")
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
            if not without_device(self._wish.audio):
                self._host.rescan()
                self._host.find(self._wish.audio)
        except SinkError:
            if self._counting is None:
                self._play(PacedSink(self._bank))
            elif self.beyond_repair:
                self._on_change()
            return
        self._close()
        try:
            self._play(self._make(self._wish))
        except SinkError:
            self._play(PacedSink(self._bank))
            return
        self._waiting = False
        self._on_note(f"sound again: {self.sink.describe()}")

    def _switch(self, audio: str, now: float) -> None:
        before = self._wish
        self._close()
        self._waiting = False
        try:
            if not without_device(audio):
                self._host.rescan()
            self._wish = replace(before, audio=audio)
            self._play(self._make(self._wish))
        except (SinkError, ValueError) as error:
            self._on_note(f"the sound stays where it was: {error}")
            self._wish = before
            self._pause_s = FIRST_TRY_S
            self._wait(now)
            self._play(PacedSink(self._bank))  # and with the next step back to where it was
            return
        self._on_note(f"sound now: {self.sink.describe()}")

    def _make(self, wish: Wish) -> Sink:
        if wish.audio == "none":
            return PacedSink(self._bank)
        if wish.audio.startswith("wav:"):
            return WavSink(self._bank, wish.audio.removeprefix("wav:"))
        device = self._host.find(wish.audio)
        sink = self._host.open(self._bank, device, wish)
        if wish.audio.isdigit():  # numbers change when devices come and go
            self._wish = replace(wish, audio=device.name)
        return sink

    def _silence(self, error: SinkError) -> Sink:
        self._on_note(f"no sound: {error}. Going on without a device until it is there.")
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


def merged(past: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """Counters of two streams as of one: counts added, means by blocks, maxima, the newest block size."""
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
