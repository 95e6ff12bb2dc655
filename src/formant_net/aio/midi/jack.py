"""MIDI ports of JACK, or of PipeWire in its place."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from formant_net.aio.midi.backend import VIRTUAL, BackendGone, MidiError, Put, Source, library
from formant_net.aio.midi.lenient import read_jack_leniently
from formant_net.aio.midi.limited import Limited

STILL_S = 1.0
"""Seconds without a cycle, or without an answer, after which the server counts as gone."""
SETTLED = 4
"""Cycles after which a new connection is there."""
_limited = Limited(STILL_S)
"""A server that hangs answers no request: only these calls wait for it."""


class JackBackend:
    """One client with a MIDI input for each source, so that sources are told apart."""

    name = "jack"
    virtual = True

    def __init__(self, jack: Any, put: Put) -> None:
        self._jack, self._put = jack, put
        try:
            self._client = _limited.call(lambda: jack.Client(VIRTUAL, no_start_server=True))
        except TimeoutError as error:
            raise MidiError("the JACK server does not answer. Restart it") from error
        except jack.JackError as error:
            raise MidiError("no JACK server is running. Start one, or PipeWire with its JACK libraries") from error
        self._cycles = 0
        self._seen = (0, time.monotonic())
        self._gone = False
        self._inputs: tuple[tuple[str, Any], ...] = ()
        """Replaced as a whole: the process thread reads it."""
        self._opened_at: dict[str, int] = {}
        """The cycle at which each source was connected."""
        self._left: list[str] = []
        self._numbers = 0
        try:
            _limited.call(self._activate)
        except (jack.JackError, TimeoutError) as error:
            self.close()
            raise MidiError(f"JACK refused: {error}. Restart its server") from error

    def _activate(self) -> None:
        self._own = self._client.midi_inports.register("in")
        self._inputs = ((VIRTUAL, self._own),)
        self._client.set_process_callback(self._process)
        self._client.set_shutdown_callback(self._shut_down)
        self._client.set_port_connect_callback(self._connected, only_available=False)
        self._client.activate()

    def sources(self) -> list[Source]:
        self._check()
        cut = self._cut()
        physical = {port.name for port in self._client.get_ports(is_midi=True, is_output=True, is_physical=True)}
        ports = self._client.get_ports(is_midi=True, is_output=True)
        names = [port.name for port in ports if not self._client.owns(port)]
        return [Source(name, name in physical) for name in names if name not in cut]

    def left(self) -> list[str]:
        self._check()
        left, self._left = self._left, []
        return left

    def open(self, source: str) -> None:
        self._check()
        self._numbers += 1
        try:
            _limited.call(self._connect, source, f"from-{self._numbers}")
        except TimeoutError as error:
            self._gone = True
            raise BackendGone("the JACK server does not answer") from error
        except self._jack.JackError as error:
            self.forget(source)
            raise MidiError(f"{source} cannot be connected ({error})") from error

    def _connect(self, source: str, name: str) -> None:
        port = self._client.midi_inports.register(name)
        self._inputs = (*self._inputs, (source, port))
        self._client.connect(source, port)
        self._opened_at[source] = self._cycles

    def forget(self, source: str) -> None:
        self._opened_at.pop(source, None)
        gone = [port for name, port in self._inputs if name == source]
        self._inputs = tuple(each for each in self._inputs if each[0] != source)
        for port in gone:
            with suppress(self._jack.JackError, TimeoutError):
                _limited.call(port.unregister)

    def close(self) -> None:
        self._inputs = ()
        with suppress(TimeoutError):
            _limited.call(self._close)

    def _close(self) -> None:
        with suppress(self._jack.JackError):
            self._client.deactivate()
        with suppress(self._jack.JackError):
            self._client.close()

    def _cut(self) -> set[str]:
        """Open sources that are not connected to us. A new connection counts from one of the next cycles on."""
        return {
            name
            for name, port in self._inputs[1:]
            if self._cycles - self._opened_at.get(name, self._cycles) > SETTLED and not port.is_connected_to(name)
        }

    def _process(self, frames: int) -> None:
        self._cycles += 1
        for name, port in self._inputs:
            for _, data in port.incoming_midi_events():
                self._put(name, bytes(data))

    def _connected(self, source: Any, target: Any, connected: bool) -> None:
        if not connected and target == self._own:
            self._left = [*self._left, "a program" if source is None else source.name]

    def _shut_down(self, status: object, reason: str) -> None:
        self._gone = True

    def _check(self) -> None:
        """Raise BackendGone if the server is. It does not always say so: its cycles stop."""
        now, (cycles, at) = time.monotonic(), self._seen
        if self._cycles != cycles:
            self._seen = self._cycles, now
        elif now - at > STILL_S:
            self._gone = True
        if self._gone:
            raise BackendGone("the JACK server is gone")


def opened(put: Put) -> JackBackend:
    """A client of the server that runs. Raises MidiError."""
    jack = library("jack")
    read_jack_leniently(jack)
    jack.set_error_function(lambda message: None)  # we say it in our own words
    jack.set_info_function(lambda message: None)
    return JackBackend(jack, put)
