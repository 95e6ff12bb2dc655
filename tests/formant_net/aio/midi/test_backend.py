from __future__ import annotations

import sys
from types import ModuleType

import pytest

from formant_net.aio.midi import backend
from formant_net.aio.midi.backend import MidiError, library, open_backend


def test_a_library_that_is_missing_is_said_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jack", None)
    with pytest.raises(MidiError, match=r"pip install '.\[midi\]' in the folder of the source"):
        open_backend("jack", lambda port, data: None)


def test_the_first_that_works_is_used_and_if_none_does_every_reason_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def module(name: str, error: str) -> ModuleType:
        made = ModuleType(name)

        def open_it(put: object) -> object:
            if error:
                raise MidiError(error)
            opened.append(name)
            return name

        made.opened = open_it  # type: ignore[attr-defined]
        return made

    monkeypatch.setitem(backend.ORDER, sys.platform, ("alsa", "jack"))
    monkeypatch.setitem(sys.modules, "formant_net.aio.midi.alsa", module("alsa", "no sequencer"))
    monkeypatch.setitem(sys.modules, "formant_net.aio.midi.jack", module("jack", ""))
    open_backend("auto", lambda port, data: None)
    assert opened == ["jack"]
    monkeypatch.setitem(sys.modules, "formant_net.aio.midi.jack", module("jack", "no server"))
    with pytest.raises(MidiError, match="alsa: no sequencer; jack: no server"):
        open_backend("auto", lambda port, data: None)


def test_a_library_whose_system_library_is_missing_counts_as_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    (tmp_path / "broken_midi.py").write_text("raise OSError('JACK library not found')")  # type: ignore[operator]
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(MidiError, match="JACK library not found"):
        library("broken_midi")
