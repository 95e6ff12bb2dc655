"""The sound devices of this machine, as PortAudio names them, and the selection of one of them."""

from __future__ import annotations

import atexit
import ctypes
import math
import sys
import threading
from dataclasses import dataclass
from typing import Any

from formant_dsp.model.placement import MOST_CHANNELS
from formant_dsp.output import cards
from formant_dsp.output.callback import silent_address
from formant_dsp.output.sink import SinkError

INSTALL_PORTAUDIO = "sudo apt-get install libportaudio2"
RATES = (44100, 48000, 88200, 96000, 176400, 192000)
"""Sample rates that `--rate` offers, Hz; a device may support fewer."""
LOWEST_RATE, HIGHEST_RATE = 8000, 192000
"""Range of a bank's sample rate, Hz."""


@dataclass(frozen=True, slots=True)
class Device:
    """One output device as PortAudio names it. `sample_rate` (Hz) and `latency_s` are its defaults."""

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
        read_names_leniently(sounddevice)
    if not _at_exit:
        _at_exit.append(atexit.register(_look_after_jack, sounddevice))  # runs before the exit handler of sounddevice
    return sounddevice


def read_names_leniently(sounddevice: Any) -> None:
    """Accept names of devices with bytes that are not UTF-8, as ALSA's may have: U+FFFD replaces them.

    One such name makes every query of sounddevice fail. All its text comes through one function, which this replaces.
    """
    string = sounddevice._ffi.string

    def lenient(*pointer: Any) -> Any:
        found = string(*pointer)
        return found.decode("utf-8", "replace").encode() if isinstance(found, bytes) else found

    if hasattr(sounddevice, "_ffi_string"):
        sounddevice._ffi_string = lenient
    elif not isinstance(sounddevice._ffi, _Lenient):  # before 0.5.4
        sounddevice._ffi = _Lenient(sounddevice._ffi, lenient)


class _Lenient:
    """A foreign-function interface with another `string`."""

    def __init__(self, ffi: Any, string: Any) -> None:
        self._inner = ffi
        self.string = string

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def quiet() -> None:
    """Stop ALSA from writing a message for each underrun to standard error, which it does on the audio thread."""
    try:
        alsa = ctypes.CDLL("libasound.so.2")
    except OSError:
        return
    alsa.snd_lib_error_set_handler(ctypes.c_void_p(silent_address()))


_abandoned: list[Any] = []
"""Streams whose memory the client of a dead sound server may still use."""


def abandon(stream: Any) -> None:
    """Abandon a stream whose JACK server has ended, and PortAudio with it, which this process cannot use any more.

    To close such a stream, PortAudio waits ten minutes for the server. When it terminates, an assertion fails.
    """
    _abandoned.append(stream)
    portaudio()._initialized = 0  # else sounddevice terminates PortAudio when the process ends


_left: list[Any] = []
"""Threads that did not return from PortAudio in time."""


def leave(thread: threading.Thread) -> None:
    """Continue without a thread that PortAudio blocks: it searches devices, or closes one whose sound server hangs."""
    _left.append(thread)


def left_behind() -> bool:
    """True while such a thread is in PortAudio. A normal end of the process would crash it then."""
    return any(thread.is_alive() for thread in _left)


def beyond_repair() -> bool:
    """True when only a new process can play again, because the JACK server has ended."""
    return bool(_abandoned)


def rescan() -> None:
    """Update the list of devices after one was plugged in or pulled out. No stream of this process may be open.

    error   SinkError without PortAudio, or when the JACK server has ended
    """
    sd = portaudio()
    _look_after_jack(sd)
    if beyond_repair():
        raise SinkError("the JACK server has ended: this process cannot play any more, start it again")
    sd._terminate()
    sd._initialize()


def _look_after_jack(sd: Any) -> None:
    """Abandon PortAudio if the JACK server of its start has ended. It is a client of that server whatever it plays."""
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
            sample_rate=_whole(device["default_samplerate"]),
            latency_s=device["default_low_output_latency"],
            default=device["index"] == default,
        )
        for device in sd.query_devices()
        if device["max_output_channels"] > 0
    ]


def odd_rate(device: Device) -> str:
    """Text to add to an error of a device whose default rate no bank can have; empty for any other device."""
    if LOWEST_RATE <= device.sample_rate <= HIGHEST_RATE:
        return ""
    return f" (it plays at {device.sample_rate} Hz, and {LOWEST_RATE} to {HIGHEST_RATE} Hz are possible)"


def _whole(rate: float) -> int:
    """A rate in Hz, rounded; 0 for NaN or an infinite one."""
    return round(rate) if math.isfinite(rate) else 0


def select(audio: str) -> Device:
    """The device for "auto" (the default), an index, a name, a part of a name, or `card:ID`.

    Where ALSA would take HDMI because nobody has chosen, "auto" is a USB card, else a sound board, else another card.

    error   SinkError that lists the devices, when none fits
    """
    found = devices()
    if audio == "auto":
        default = next((device for device in found if device.default), None) or next(iter(found), None)
        if default is None:
            raise SinkError("no sound device was found: plug one in, or see `formant-node devices`")
        return _better(default, found) or default
    if audio.startswith(cards.PREFIX):
        return _of_card(audio.removeprefix(cards.PREFIX), found)
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


def _better(default: Device, found: list[Device]) -> Device | None:
    """A device of another card than HDMI, if the default one is ALSA's and leads there."""
    if default.host_api != "ALSA" or any(name in default.name.lower() for name in ("pulse", "pipewire", "jack")):
        return None  # a sound server has its own choice
    if cards.card_number(default.name) is None and any(
        device.name in ("pulse", "pipewire") for device in found if device.host_api == "ALSA"
    ):
        return None  # ALSA's `default` leads to that server
    there = cards.cards()
    card = cards.better_card(there, cards.is_chosen())
    return None if card is None else next((each for each in found if cards.card_number(each.name) == card.number), None)


def _of_card(id: str, found: list[Device]) -> Device:
    """The first output of the card with this id."""
    there = cards.cards()
    number = next((card.number for card in there if card.id == id), None)
    for device in found:
        if number is not None and device.host_api == "ALSA" and cards.card_number(device.name) == number:
            return device
    names = ", ".join(f"{cards.PREFIX}{card.id} ({card.name})" for card in there) or "none"
    why = "is busy, or has no output" if number is not None else "is not there"
    raise SinkError(f"the card {id!r} {why}; there are: {names}")


def without_device(audio: str) -> bool:
    """True for "none" and "wav:PATH"."""
    return audio == "none" or audio.startswith("wav:")


def supports(device: Device, sample_rate: int) -> bool:
    """Whether the device can be opened at this sample rate, Hz."""
    sd = portaudio()
    try:
        sd.check_output_settings(device=device.index, channels=1, dtype="float32", samplerate=sample_rate)
    except (sd.PortAudioError, ValueError):
        return False
    return True


def best_sample_rate(audio: str, wanted: int = 48000) -> int:
    """The sample rate for a bank, Hz: `wanted` if the sink supports it, else the device's default, else another rate.

    `wanted` as well when no rate fits or no device is there; opening the device then raises an error.
    """
    if without_device(audio):
        return wanted
    try:
        device = select(audio)
        possible = (rate for rate in (wanted, device.sample_rate, *RATES) if LOWEST_RATE <= rate <= HIGHEST_RATE)
        return next((rate for rate in possible if supports(device, rate)), wanted)
    except SinkError:
        return wanted


def best_channels(audio: str, wanted: int = 0) -> int:
    """Number of channels for a bank with this sink: `wanted`, at most those of the device; 0 = stereo if it has two."""
    if without_device(audio):
        return wanted or 1
    try:
        return min(wanted or 2, select(audio).channels, MOST_CHANNELS)
    except SinkError:
        return wanted or 1
