"""Held against a stand-in with the methods that rtmidi2 1.5 documents: this machine has no MIDI of its own."""

from __future__ import annotations

from typing import Any

import pytest

from formant_net.aio.midi.backend import MidiError, Source
from formant_net.aio.midi.rtmidi import RtMidiBackend


class Library:
    def __init__(self, ports: list[str], fails: bool = False) -> None:
        self.made: list[Any] = []
        library = self

        class MidiIn:
            def __init__(self, name: str) -> None:
                self.callback: Any = None
                self.number: int | None = None
                self.virtual = ""
                self.kept: dict[str, bool] = {}
                library.made.append(self)

            @property
            def ports(self) -> list[str]:
                return ports

            def open_port(self, number: int) -> None:
                if fails:
                    raise RuntimeError("MidiInWinMM::openPort: error creating Windows MM MIDI input port.")
                self.number = number

            def open_virtual_port(self, name: str) -> None:
                self.virtual = name

            def ignore_types(self, **kept: bool) -> None:
                self.kept = kept

            def close_port(self) -> None:
                assert self.callback is None
                self.number = None

        self.MidiIn = MidiIn


def test_a_port_is_opened_by_its_name_and_heard_until_it_is_gone() -> None:
    heard: list[tuple[str, bytes]] = []
    library = Library(["A", "Klavier für B"])
    backend = RtMidiBackend(library, lambda port, data: heard.append((port, data)), virtual=False)
    assert backend.sources() == [Source("A", True), Source("Klavier für B", True)]
    backend.open("Klavier für B")
    port = library.made[-1]
    assert port.number == 1
    assert port.kept == {"midi_sysex": False, "midi_time": True, "midi_sense": False}
    port.callback([0x90, 69, 127], 0.0)
    assert heard == [("Klavier für B", b"\x90\x45\x7f")]
    backend.forget("Klavier für B")
    assert port.number is None
    assert len(library.made) == 2


def test_the_virtual_port_is_made_where_there_are_any() -> None:
    library = Library([])
    backend = RtMidiBackend(library, lambda port, data: None, virtual=True)
    assert library.made[-1].virtual == "Formant"
    backend.close()
    assert library.made[-1].callback is None
    assert not any(port.virtual for port in Library([]).made)


def test_a_port_that_another_program_has_is_said_with_what_to_do() -> None:
    backend = RtMidiBackend(Library(["A"], fails=True), lambda port, data: None, virtual=False)
    with pytest.raises(MidiError, match="only one program at a time may have a port"):
        backend.open("A")
    with pytest.raises(MidiError, match="B cannot be opened"):
        backend.open("B")


def test_two_controllers_of_one_name_are_both_heard() -> None:
    heard: list[str] = []
    library = Library(["Keys", "Pads", "Keys"])
    backend = RtMidiBackend(library, lambda port, data: heard.append(port), virtual=False)
    assert backend.sources() == [Source("Keys", True), Source("Pads", True), Source("Keys (2)", True)]
    for source in backend.sources():
        backend.open(source.name)
    assert [port.number for port in library.made[1:]] == [0, 1, 2]
    library.made[-1].callback([0x90, 69, 127], 0.0)
    assert heard == ["Keys (2)"]
