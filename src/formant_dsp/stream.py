"""Sinks: where a bank's sound goes. A device, silence in real time, or a WAV file of what would be heard.

`open_sink` never leaves a box without a sink: when PortAudio or a device is missing it says so once, with what to do,
and paces the bank without a device, so that the network side works all the same. A device is given a C function and
its state; Python runs only at the start and the end of a stream.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from formant_dsp.bank import Bank
from formant_dsp.callback import StreamState
from formant_dsp.placement import MOST_CHANNELS

PACE_FRAMES = 480
"""Block of a sink without a device: 10 ms at 48 kHz."""
FADE_S = 0.15
"""A sink waits so long after fading out: the fade reaches -96 dB in 0.14 s."""
GIVE_UP_S = 0.5
"""A paced sink that is later than this (a suspended machine) goes on from now instead of catching up."""

INSTALL_PORTAUDIO = "sudo apt-get install libportaudio2"


class SinkError(RuntimeError):
    """The wanted device cannot be used; the message says what to do."""


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


@dataclass(frozen=True, slots=True)
class Device:
    """One output device as PortAudio names it."""

    index: int
    name: str
    host_api: str
    channels: int
    sample_rate: int
    latency_s: float
    default: bool


def _portaudio() -> Any:
    """The sounddevice module. SinkError when the PortAudio library is not on this machine."""
    try:
        import sounddevice
    except OSError as error:
        raise SinkError(f"PortAudio is not installed: {INSTALL_PORTAUDIO} (then start again)") from error
    return sounddevice


def devices() -> list[Device]:
    """All output devices. SinkError when PortAudio is missing."""
    sd = _portaudio()
    default = sd.default.device[1]
    apis = sd.query_hostapis()
    return [
        Device(
            index=device["index"],
            name=device["name"],
            host_api=apis[device["hostapi"]]["name"],
            channels=device["max_output_channels"],
            sample_rate=round(device["default_samplerate"]),
            latency_s=device["default_low_output_latency"],
            default=device["index"] == default,
        )
        for device in sd.query_devices()
        if device["max_output_channels"] > 0
    ]


def _select(audio: str) -> Device:
    """The device called `auto`, an index, or (part of) a name. SinkError listing what there is."""
    found = devices()
    if audio == "auto":
        for device in found:
            if device.default:
                return device
        if not found:
            raise SinkError("no sound device was found: plug one in, or see `formant-node devices`")
        return found[0]
    if audio.isdigit():
        chosen = [device for device in found if device.index == int(audio)]
    else:
        chosen = [device for device in found if device.name == audio] or [
            device for device in found if audio.lower() in device.name.lower()
        ]
    if not chosen:
        names = ", ".join(f"{device.index} {device.name!r}" for device in found) or "none"
        raise SinkError(f"no output device {audio!r}; there are: {names}")
    return chosen[0]


def best_sample_rate(audio: str, wanted: int = 48000) -> int:
    """`wanted` where the sink can do it, else the device's own rate."""
    if audio == "none" or audio.startswith("wav:"):
        return wanted
    try:
        device = _select(audio)
        sd = _portaudio()
    except SinkError:
        return wanted
    try:
        sd.check_output_settings(device=device.index, channels=1, dtype="float32", samplerate=wanted)
    except (sd.PortAudioError, ValueError):
        return device.sample_rate
    return wanted


def best_channels(audio: str, wanted: int = 0) -> int:
    """Channels a bank should have for this sink: `wanted`, at most those of the device; 0 = stereo where there is."""
    if audio == "none" or audio.startswith("wav:"):
        return wanted or 1
    try:
        return min(wanted or 2, _select(audio).channels, MOST_CHANNELS)
    except SinkError:
        return wanted or 1


class PortAudioSink:
    """A real device. The stream's callback is the C function of callback.pyx."""

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
    ) -> None:
        sd = _portaudio()
        if channel_map is not None:
            channels = len(channel_map)
            if channels > device.channels:
                raise SinkError(f"{device.name!r} has {device.channels} channels, the map names {channels}")
        self.channels = min(channels or max(2, bank.channels), device.channels, MOST_CHANNELS)
        self.sample_rate = bank.sample_rate
        self._device = device
        self._bank = bank
        self._state = StreamState(bank, self.channels, channel_map)
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
        self._closed = False

    def start(self) -> None:
        self._bank.fade(True)
        sd = _portaudio()
        try:
            self._stream.start()
        except sd.PortAudioError as error:
            self.stop()
            raise SinkError(f"cannot start {self._device.name!r}: {error}") from error

    def stop(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._bank.fade(False)
        if self._stream.active:
            time.sleep(FADE_S + self.latency_s)
        self._stream.close()
        self._state.release()

    @property
    def running(self) -> bool:
        return not self._closed and bool(self._stream.active)

    @property
    def latency_s(self) -> float:
        """From the callback to the loudspeaker, as the stream reports it, and the limiter's look-ahead."""
        return float(self._stream.latency) + self._bank.latency_frames / self.sample_rate

    def describe(self) -> str:
        return (
            f"{self._device.name} ({self._device.host_api}), {self.sample_rate} Hz, {self.channels} channels, "
            f"latency {1000 * self.latency_s:.1f} ms"
        )

    def counters(self) -> dict[str, Any]:
        return self._state.counters()


class PacedSink:
    """No device: a thread renders the bank in real time and hands each block on."""

    audible = False

    def __init__(self, bank: Bank) -> None:
        self.channels = bank.channels
        self.sample_rate = bank.sample_rate
        self._bank = bank
        self._state = StreamState(bank, self.channels)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="formant-paced-sink", daemon=True)
        self._failed: OSError | None = None

    def start(self) -> None:
        self._bank.fade(True)
        self._thread.start()

    def stop(self) -> None:
        if self._stopping.is_set():
            return
        if self._thread.is_alive():
            self._bank.fade(False)
            time.sleep(FADE_S)
            self._stopping.set()
            self._thread.join()
        self._stopping.set()
        self._state.release()

    def _run(self) -> None:
        block = np.zeros((PACE_FRAMES, self.channels), np.float32)
        period = PACE_FRAMES / self.sample_rate
        deadline = time.monotonic()
        while not self._stopping.is_set():
            self._state.render_into(block)
            try:
                self._take(block)
            except OSError as error:  # a full disk ends the recording, not the node
                self._failed = error
                self._take = lambda block: None  # type: ignore[method-assign]
            deadline += period
            behind = time.monotonic() - deadline
            if behind > GIVE_UP_S:
                deadline += behind
            elif behind < 0.0:
                time.sleep(-behind)

    def _take(self, block: np.ndarray[Any, np.dtype[np.float32]]) -> None:
        """One block has been made."""

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    @property
    def latency_s(self) -> float:
        return (PACE_FRAMES + self._bank.latency_frames) / self.sample_rate

    def describe(self) -> str:
        return f"no sound device (rendering in real time, {self.sample_rate} Hz)"

    def counters(self) -> dict[str, Any]:
        return self._state.counters()


class WavSink(PacedSink):
    """Records what would be heard: 24-bit WAV, in real time, readable even when the process is killed."""

    audible = True

    def __init__(self, bank: Bank, path: str) -> None:
        import soundfile

        try:
            self._file = soundfile.SoundFile(
                path, "w", samplerate=bank.sample_rate, channels=bank.channels, subtype="PCM_24", format="WAV"
            )
        except (soundfile.LibsndfileError, OSError) as error:
            raise SinkError(f"cannot write {path!r}: {error}; choose another path with --audio wav:PATH") from error
        self._path = path
        self._blocks = 0
        super().__init__(bank)

    def _take(self, block: np.ndarray[Any, np.dtype[np.float32]]) -> None:
        self._file.write(block)
        self._blocks += 1
        if self._blocks % 20 == 0:
            update_wav_header(self._file)
            self._file.flush()

    def stop(self) -> None:
        super().stop()
        self._file.close()

    def describe(self) -> str:
        trouble = f"; stopped: {self._failed}" if self._failed else ""
        return f"recording to {self._path}, {self.sample_rate} Hz{trouble}"


def update_wav_header(file: Any) -> None:
    """Write the length into the header of an open soundfile.SoundFile now, not only at its end."""
    import soundfile

    SFC_UPDATE_HEADER_NOW = 0x1060
    soundfile._snd.sf_command(file._file, SFC_UPDATE_HEADER_NOW, soundfile._ffi.NULL, 0)


def open_sink(
    bank: Bank,
    audio: str = "auto",
    *,
    block_frames: int = 0,
    latency: str | float = "low",
    channels: int = 0,
    channel_map: Sequence[int] | None = None,
    on_note: Callable[[str], None] = print,
) -> Sink:
    """The sink a node shall use; not started yet.

    audio          "auto" (the default device), "none", a device's NAME or INDEX, or "wav:PATH"
    block_frames   frames a callback, 0 = what the device likes best
    latency        "low", "high" or seconds, as PortAudio takes it
    channels       of a device, 0 = those of the bank, stereo for a bank of one
    channel_map    instead: for each channel of the device the bank's channel that it plays, -1 = silence
    on_note        called with one line of plain words when a device cannot be used and silence is paced instead
    error          SinkError only for "wav:PATH" that cannot be written; ValueError for a bank played already
    """
    if audio.startswith("wav:"):
        return WavSink(bank, audio.removeprefix("wav:"))
    if audio != "none":
        try:
            device = _select(audio)
            return PortAudioSink(
                bank,
                device,
                channels=channels,
                channel_map=channel_map,
                block_frames=block_frames,
                latency=latency,
            )
        except SinkError as error:
            on_note(f"no sound: {error}. Going on without a device.")
    return PacedSink(bank)
