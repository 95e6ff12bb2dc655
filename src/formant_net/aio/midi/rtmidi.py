"""MIDI ports of macOS and Windows. Written against rtmidi2 1.5 and its documents: never tried on these systems."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

from formant_net.aio.midi.backend import VIRTUAL, MidiError, Put, Source, library, told_apart


class RtMidiBackend:
    """One input object for each open source, and one that is kept for looking: each new one costs the system a client.

    RtMidi does not say that a device is gone, so `sources` has to be asked.
    """

    name = "rtmidi"

    def __init__(self, rtmidi: Any, put: Put, *, virtual: bool) -> None:
        self._rtmidi, self._put = rtmidi, put
        self.virtual = virtual
        self._inputs: dict[str, Any] = {}
        try:
            self._looking = rtmidi.MidiIn(VIRTUAL)
            if virtual:
                self._inputs[VIRTUAL] = self._input(VIRTUAL)
                self._inputs[VIRTUAL].open_virtual_port(VIRTUAL)
        except Exception as error:  # the library raises what its C++ code gives
            raise MidiError(f"the system's MIDI cannot be opened ({error})") from error

    def sources(self) -> list[Source]:
        return [Source(name, True) for name in self._names() if not name.startswith(VIRTUAL)]

    def left(self) -> list[str]:
        return []  # RtMidi cannot tell

    def open(self, source: str) -> None:
        try:
            number = self._names().index(source)
            port = self._input(source)
            port.open_port(number)
        except Exception as error:
            raise MidiError(
                f"{source} cannot be opened ({error}). On Windows only one program at a time may have a port: "
                "close the other one"
            ) from error
        self._inputs[source] = port

    def forget(self, source: str) -> None:
        port = self._inputs.pop(source, None)
        if port is not None:
            port.callback = None  # before closing: a message that comes meanwhile would crash (mido/mido#368)
            with suppress(Exception):
                port.close_port()

    def close(self) -> None:
        for source in list(self._inputs):
            self.forget(source)

    def _names(self) -> list[str]:
        return told_apart(self._looking.ports)

    def _input(self, source: str) -> Any:
        port = self._rtmidi.MidiIn(VIRTUAL)
        port.ignore_types(midi_sysex=False, midi_time=True, midi_sense=False)
        put = self._put

        def received(message: list[int], _seconds: float) -> None:
            put(source, bytes(message))

        port.callback = received
        return port


def opened(put: Put) -> RtMidiBackend:
    """The system's MIDI. Raises MidiError."""
    return RtMidiBackend(library("rtmidi2"), put, virtual=sys.platform != "win32")
