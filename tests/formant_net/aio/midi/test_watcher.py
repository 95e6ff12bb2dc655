from __future__ import annotations

import pytest

from formant_net.aio.midi.backend import VIRTUAL, Backend, BackendGone, MidiError, Source
from formant_net.aio.midi.watcher import Watcher, wanted


class Ports:
    """A backend whose ports are plugged by hand."""

    name, virtual = "hand", True

    def __init__(self, *names: str) -> None:
        self.there = list(names)
        self.opened: list[str] = []
        self.disconnected: list[str] = []
        self.gone = self.closed = False
        self.refuses = ""

    def sources(self) -> list[Source]:
        if self.gone:
            raise BackendGone("the server is gone")
        return [Source(name, "app" not in name) for name in self.there]

    def left(self) -> list[str]:
        left, self.disconnected = self.disconnected, []
        return left

    def open(self, source: str) -> None:
        if source == self.refuses:
            raise MidiError(f"{source} is taken")
        self.opened.append(source)

    def forget(self, source: str) -> None:
        self.opened.remove(source)

    def close(self) -> None:
        self.closed = True


class Told:
    def __init__(self, *backends: Backend | MidiError, names: tuple[str, ...] = ()) -> None:
        self.events: list[str] = []
        self.words: list[str] = []
        self._backends = list(backends)
        self.watcher = Watcher(
            self._next, names, plugged=lambda port: self.events.append(f"+{port}"),
            unplugged=lambda port: self.events.append(f"-{port}"), say=lambda text, warning: self.words.append(text),
        )  # fmt: skip
        self.watcher.start()

    def _next(self) -> Backend:
        backend = self._backends.pop(0)
        if isinstance(backend, MidiError):
            raise backend
        return backend


@pytest.mark.parametrize(
    ("names", "found"),
    [((), ["Seaboard"]), (("app",), ["app: out"]), (("SEA", "app"), ["Seaboard", "app: out"]), (("none",), [])],
)
def test_devices_are_played_and_programs_by_name(names: tuple[str, ...], found: list[str]) -> None:
    ports = [Source("Seaboard", True), Source("app: out", False), Source("Midi Through Port-0", True)]
    assert wanted(ports, names) == found


def test_ports_come_go_and_come_back() -> None:
    ports = Ports("A")
    told = Told(ports)
    ports.there = ["A", "B"]
    told.watcher.step()
    ports.there = ["B"]
    told.watcher.step()
    ports.there = ["B", "A"]
    told.watcher.step()
    assert told.events == ["+A", "+B", "-A", "+A"]
    assert ports.opened == ["B", "A"]
    assert told.watcher.open_ports == {"A", "B"}


def test_a_service_that_goes_lifts_everything_and_is_tried_until_it_is_back() -> None:
    first, second = Ports("A"), Ports("A")
    told = Told(first, MidiError("none"), second)
    first.gone = True
    told.watcher.step()
    assert told.events == ["+A", "-A", f"-{VIRTUAL}"]
    assert first.closed
    told.watcher.step()
    told.watcher.step()
    assert told.events[-1] == "+A"
    assert "MIDI is back (hand)" in told.words


def test_whoever_lets_go_of_the_virtual_port_takes_its_keys_along() -> None:
    ports = Ports()
    told = Told(ports)
    ports.disconnected = ["seq:out"]
    told.watcher.step()
    told.watcher.step()
    assert told.events == [f"-{VIRTUAL}"]
    assert told.words[-1] == "seq:out: disconnected, its keys are lifted"


def test_a_port_that_is_taken_is_said_once_and_tried_again() -> None:
    ports = Ports("A")
    ports.refuses = "A"
    told = Told(ports)
    told.watcher.step()
    assert told.words.count("A is taken") == 1
    ports.refuses = ""
    told.watcher.step()
    assert told.events == ["+A"]


@pytest.mark.parametrize(
    ("names", "words"), [((), "No MIDI device is plugged in yet"), (("osmose",), "No port is called osmose yet")]
)
def test_nothing_to_play_is_said_with_what_to_do(names: tuple[str, ...], words: str) -> None:
    said = Told(Ports(), names=names).words[0]
    assert said.startswith(words)
    assert "midi --list" in said
