"""One port whose name is not UTF-8 hides no other port."""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import Any

import pytest
from support.suite.require import require_library

from formant_net.aio.midi.lenient import Name, read_alsa_leniently, read_jack_leniently

STRAY = b"Kl\xe4ve: out"


def test_a_name_of_jack_is_text_that_finds_its_port_again() -> None:
    jack = SimpleNamespace(_ffi=SimpleNamespace(string=lambda data: data))
    read_jack_leniently(jack)
    name = jack._decode(STRAY)
    assert name == "Kl\udce4ve: out"
    assert name.encode() == STRAY
    assert jack._decode("Kläve".encode()).encode() == "Kläve".encode()


def test_the_library_of_jack_reads_all_its_names_there() -> None:
    require_library("jack", "pip install '.[midi]'")
    jack: Any = importlib.import_module("jack")
    plain = jack._decode
    try:
        read_jack_leniently(jack)
        assert isinstance(jack._decode(jack._ffi.new("char[]", STRAY)), Name)
    finally:
        jack._decode = plain


def test_names_of_alsa_can_be_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    require_library("alsa_midi", "pip install '.[midi]'")
    parts = [importlib.import_module(f"alsa_midi.{part}") for part in ("client", "port")]
    for part in parts:
        monkeypatch.setattr(part, "ffi", part.ffi)  # put back afterwards
    for _ in range(2):
        read_alsa_leniently()
    for part in parts:
        text = part.ffi.new("char[]", STRAY)
        assert part.ffi.string(text).decode() == "Kl\N{REPLACEMENT CHARACTER}ve: out"
