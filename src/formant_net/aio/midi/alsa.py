"""MIDI ports of the ALSA sequencer. Written against its documents and alsa-midi 1.0; not tried on a real one."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

from formant_net.aio.midi.backend import VIRTUAL, BackendGone, MidiError, Put, Source, library, told_apart
from formant_net.aio.midi.lenient import read_alsa_leniently

SEQUENCER = Path("/dev/snd/seq")


class AlsaBackend:
    """One client with one input port. Each event says which port it comes from."""

    name = "alsa"
    virtual = True

    def __init__(self, alsa: Any, put: Put) -> None:
        self._alsa, self._put = alsa, put
        try:
            self._client = alsa.AsyncSequencerClient(VIRTUAL)
            caps = alsa.PortCaps.WRITE | alsa.PortCaps.SUBS_WRITE
            self._own = self._client.create_port("in", caps)
        except alsa.ALSAError as error:
            raise MidiError(
                f"the ALSA sequencer cannot be opened ({error}). Load it: sudo modprobe snd-seq; join the group audio"
            ) from error
        self._names: dict[tuple[int, int], str] = {}
        """Of every source that was there at the last look, by its address."""
        self._open: set[tuple[int, int]] = set()
        self._feeders: set[tuple[int, int]] = set()
        """Those that are connected to our port, or sent something to it."""
        self._gone = False
        self._reading = asyncio.get_running_loop().create_task(self._read())

    def sources(self) -> list[Source]:
        found, self._names = [], {}
        ports = self._ports()
        cut = self._open - self._connected()
        for info, name in zip(ports, told_apart(_name(info) for info in ports), strict=True):
            self._names[info.client_id, info.port_id] = name
            if (info.client_id, info.port_id) not in cut:
                found.append(Source(name, bool(info.type & self._alsa.PortType.HARDWARE)))
        self._open -= cut
        return found

    def left(self) -> list[str]:
        there = self._connected()
        left, self._feeders = self._feeders - there, there - self._open
        return sorted(self._names.get(each, f"{each[0]}:{each[1]}") for each in left)

    def open(self, source: str) -> None:
        address = next((address for address, name in self._names.items() if name == source), None)
        if address is None:
            raise MidiError(f"{source} is gone")
        try:
            self._client.subscribe_port(self._alsa.Address(*address), self._own)
        except self._alsa.ALSAError as error:
            raise MidiError(f"{source} cannot be connected ({error})") from error
        self._open.add(address)

    def forget(self, source: str) -> None:
        self._open -= {address for address, name in self._names.items() if name == source}

    def close(self) -> None:
        self._reading.cancel()
        with suppress(self._alsa.ALSAError):
            self._client.close()

    def _ports(self) -> list[Any]:
        if self._gone:
            raise BackendGone("the ALSA sequencer is gone")
        try:
            ports = self._client.list_ports(input=True, sort=False)
        except self._alsa.ALSAError as error:
            raise BackendGone(str(error)) from error
        return [info for info in ports if info.client_id != self._client.client_id]

    def _connected(self) -> set[tuple[int, int]]:
        """The addresses that are connected to our port."""
        try:
            kind = self._alsa.SubscriptionQueryType.WRITE
            subscribers = self._client.list_port_subscribers(self._own, kind)
        except self._alsa.ALSAError as error:
            raise BackendGone(str(error)) from error
        return {(each.addr.client_id, each.addr.port_id) for each in subscribers}

    async def _read(self) -> None:
        try:
            while True:
                event = await self._client.event_input(prefer_bytes=True)
                if isinstance(event, self._alsa.MidiBytesEvent):
                    address = event.source.client_id, event.source.port_id
                    if address not in self._open:
                        self._feeders.add(address)
                    name = self._names.get(address, VIRTUAL) if address in self._open else VIRTUAL
                    self._put(name, bytes(event.midi_bytes))
        except self._alsa.ALSAError:
            self._gone = True


def _name(info: Any) -> str:
    """A name without a number: it stays when the port comes back."""
    return f"{info.client_name}: {info.name}" if info.name != info.client_name else str(info.name)


def opened(put: Put) -> AlsaBackend:
    """A client of the sequencer. Raises MidiError."""
    alsa = library("alsa_midi")
    if not SEQUENCER.exists():  # the system's library would print lines of its own
        raise MidiError(f"there is no {SEQUENCER}. Load the sequencer: sudo modprobe snd-seq")
    read_alsa_leniently()
    return AlsaBackend(alsa, put)
