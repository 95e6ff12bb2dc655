"""The sound devices of this machine, as PortAudio names them, and which of them is meant."""

from __future__ import annotations

import atexit
import ctypes
import sys
from dataclasses import dataclass
from typing import Any

from formant_dsp.callback import silent_address
from formant_dsp.placement import MOST_CHANNELS
from formant_dsp.sink import SinkError

INSTALL_PORTAUDIO = "sudo apt-get install libportaudio2"
RATES = (44100, 48000, 88200, 96000, 176400, 192000)
"""What `--rate` offers; a device may do fewer."""


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


_at_exit: list[Any] = []


def portaudio() -> Any:
    """The sounddevice module. SinkError when the PortAudio library is not on this machine."""
    try:
        import sounddevice
    except OSError as error:
        raise SinkError(f"PortAudio is not installed: {INSTALL_PORTAUDIO}") from error
    if sys.platform == "linux":
        quiet()
    if not _at_exit:
        _at_exit.append(atexit.register(_look_after_jack, sounddevice))  # before sounddevice's own, which came earlier
    return sounddevice


def quiet() -> None:
    """Let ALSA count its underruns without writing of each to standard error, which it does on the audio thread."""
    try:
        alsa = ctypes.CDLL("libasound.so.2")
    except OSError:
        return
    alsa.snd_lib_error_set_handler(ctypes.c_void_p(silent_address()))


_abandoned: list[Any] = []
"""What a dead sound server may still point at."""


def abandon(stream: Any) -> None:
    """Leave a stream whose JACK server is gone, and PortAudio with it: in this process it is beyond repair.

    It waits ten minutes for a server that is gone to close a stream, and its own end is a failed assertion.
    """
    _abandoned.append(stream)
    portaudio()._initialized = 0  # or sounddevice ends PortAudio when the process ends


def beyond_repair() -> bool:
    """Only a new process can play again."""
    return bool(_abandoned)


def rescan() -> None:
    """See what was plugged in or pulled out meanwhile. No stream of this process may be open."""
    sd = portaudio()
    _look_after_jack(sd)
    if beyond_repair():
        raise SinkError("the JACK server has ended: this process cannot play any more, start it again")
    sd._terminate()
    sd._initialize()


def _look_after_jack(sd: Any) -> None:
    """Abandon PortAudio if the JACK server of its start is gone; it is a client of that whatever it plays."""
    if beyond_repair():
        return
    for api in sd.query_hostapis():
        if "JACK" in api["name"] and api["default_output_device"] >= 0:
            try:
                sd.RawOutputStream(device=api["default_output_device"], channels=1, callback=lambda *_: None).close()
            except sd.PortAudioError:
                abandon(None)


def devices() -> list[Device]:
    """All output devices. SinkError when PortAudio is missing."""
    sd = portaudio()
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


def select(audio: str) -> Device:
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


def without_device(audio: str) -> bool:
    """True for `none` and `wav:PATH`."""
    return audio == "none" or audio.startswith("wav:")


def supports(device: Device, sample_rate: int) -> bool:
    """Whether the device can be opened at that rate, Hz."""
    sd = portaudio()
    try:
        sd.check_output_settings(device=device.index, channels=1, dtype="float32", samplerate=sample_rate)
    except (sd.PortAudioError, ValueError):
        return False
    return True


def best_sample_rate(audio: str, wanted: int = 48000) -> int:
    """`wanted` where the sink can do it, else the device's own rate."""
    if without_device(audio):
        return wanted
    try:
        device = select(audio)
        return wanted if supports(device, wanted) else device.sample_rate
    except SinkError:
        return wanted


def best_channels(audio: str, wanted: int = 0) -> int:
    """Channels a bank should have for this sink: `wanted`, at most those of the device; 0 = stereo where there is."""
    if without_device(audio):
        return wanted or 1
    try:
        return min(wanted or 2, select(audio).channels, MOST_CHANNELS)
    except SinkError:
        return wanted or 1
