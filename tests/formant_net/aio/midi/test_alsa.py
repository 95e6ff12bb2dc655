"""Held against a stand-in with the calls that alsa-midi 1.0 documents, and against a machine without a sequencer."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.suite.require import require_library

from formant_net.aio.midi.alsa import AlsaBackend, opened
from formant_net.aio.midi.backend import VIRTUAL, BackendGone, MidiError, Source
from formant_net.aio.midi.watcher import Watcher

HARDWARE = 1 << 16


class Library:
    """Ports are (client, port, client's name, port's name, type)."""

    class ALSAError(Exception):
        pass

    class MidiBytesEvent(SimpleNamespace):
        pass

    PortCaps = SimpleNamespace(WRITE=2, SUBS_WRITE=64)
    PortType = SimpleNamespace(HARDWARE=HARDWARE)
    SubscriptionQueryType = SimpleNamespace(WRITE=1)

    def __init__(self, *ports: tuple[int, int, str, str, int]) -> None:
        self.ports = list(ports)
        self.events: asyncio.Queue[Any] = asyncio.Queue()
        self.subscribed: list[tuple[int, int]] = []
        self.gone = False

    def Address(self, client: int, port: int) -> SimpleNamespace:
        return SimpleNamespace(client_id=client, port_id=port)

    def AsyncSequencerClient(self, name: str) -> Library:
        self.client_id = 128
        return self

    def create_port(self, name: str, caps: int) -> str:
        assert caps == 66
        return "own"

    def list_ports(self, *, input: bool, sort: bool) -> list[Any]:
        if self.gone:
            raise self.ALSAError("gone")
        names = ("client_id", "port_id", "client_name", "name", "type")
        return [SimpleNamespace(**dict(zip(names, port, strict=True))) for port in self.ports]

    def list_port_subscribers(self, port: str, kind: int) -> list[Any]:
        return [SimpleNamespace(addr=self.Address(*address)) for address in self.subscribed]

    def subscribe_port(self, sender: Any, dest: str) -> None:
        self.subscribed.append((sender.client_id, sender.port_id))

    async def event_input(self, *, prefer_bytes: bool) -> Any:
        event = await self.events.get()
        if isinstance(event, Exception):
            raise event
        return event

    def send(self, client: int, port: int, data: str) -> None:
        self.events.put_nowait(self.MidiBytesEvent(source=self.Address(client, port), midi_bytes=bytes.fromhex(data)))

    def close(self) -> None:
        pass


def test_sources_keep_their_names_and_events_are_told_by_where_they_come_from() -> None:
    async def main() -> None:
        heard: list[tuple[str, bytes]] = []
        library = Library(
            (24, 0, "KEYS", "KEYS MIDI 1", HARDWARE), (28, 0, "KEYS", "KEYS MIDI 1", HARDWARE),
            (129, 0, "seq", "out", 0), (128, 0, VIRTUAL, "in", 0),
        )  # fmt: skip
        backend = AlsaBackend(library, lambda port, data: heard.append((port, data)))
        assert backend.sources() == [
            Source("KEYS: KEYS MIDI 1", True), Source("KEYS: KEYS MIDI 1 (2)", True), Source("seq: out", False)
        ]  # fmt: skip
        backend.open("KEYS: KEYS MIDI 1 (2)")
        assert library.subscribed == [(28, 0)]
        library.send(28, 0, "90 45 7F")
        library.send(129, 0, "90 47 7F")
        library.events.put_nowait(SimpleNamespace())  # an announcement
        library.subscribed.append((129, 0))
        for _ in range(5):
            await asyncio.sleep(0)
        assert heard == [("KEYS: KEYS MIDI 1 (2)", b"\x90\x45\x7f"), (VIRTUAL, b"\x90\x47\x7f")]
        assert backend.left() == []
        library.subscribed.remove((129, 0))
        assert backend.left() == ["seq: out"]
        assert backend.left() == []
        library.ports[1] = (40, 0, "KEYS", "KEYS MIDI 1", HARDWARE)  # unplugged and plugged in again
        assert [source.name for source in backend.sources()][1] == "KEYS: KEYS MIDI 1 (2)"
        with pytest.raises(MidiError, match="gone"):
            backend.open("nobody")
        backend.close()

    asyncio.run(main())


def test_an_open_port_whose_connection_is_gone_is_left_out_once_and_connected_again() -> None:
    async def main() -> None:
        library = Library((24, 0, "KEYS", "KEYS MIDI 1", HARDWARE), (28, 0, "B", "B", HARDWARE))
        backend = AlsaBackend(library, lambda port, data: None)
        watcher = Watcher(
            lambda: backend, (), plugged=lambda port: events.append(f"+{port}"),
            unplugged=lambda port: events.append(f"-{port}"), say=lambda text, warning: None,
        )  # fmt: skip
        events: list[str] = []
        watcher.start()
        watcher.step()
        library.subscribed.remove((24, 0))  # aconnect -d, or the device was away for a moment
        watcher.step()
        assert events == ["+KEYS: KEYS MIDI 1", "+B", "-KEYS: KEYS MIDI 1"]
        watcher.step()
        assert events[3:] == ["+KEYS: KEYS MIDI 1"]
        assert sorted(library.subscribed) == [(24, 0), (28, 0)]
        assert [watcher.open_ports, backend.left()] == [{"KEYS: KEYS MIDI 1", "B"}, []]
        backend.close()

    asyncio.run(main())


@pytest.mark.parametrize("how", ["listing", "reading"])
def test_a_sequencer_that_goes_is_told(how: str) -> None:
    async def main() -> None:
        library = Library()
        backend = AlsaBackend(library, lambda port, data: None)
        if how == "listing":
            library.gone = True
        else:
            library.events.put_nowait(library.ALSAError("no such device"))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        with pytest.raises(BackendGone):
            backend.sources()
        backend.close()

    asyncio.run(main())


def test_without_a_sequencer_the_error_says_what_to_do() -> None:
    require_library("alsa_midi", "pip install '.[midi]'")
    if Path("/dev/snd/seq").exists():
        pytest.skip("this machine has a sequencer")

    async def main() -> None:
        with pytest.raises(MidiError, match="sudo modprobe snd-seq"):
            opened(lambda port, data: None)

    asyncio.run(main())
