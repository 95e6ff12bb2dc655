"""Makes MIDI libraries accept names of ports with bytes that are not UTF-8, as devices and other programs may have.

One such name makes the libraries fail whenever they list ports, so that no other port could be played.
"""

from __future__ import annotations

import importlib
from typing import Any


class Name(str):
    """A name of JACK. It is encoded to the bytes that it was read from, because JACK finds ports by their names."""

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "surrogateescape") -> bytes:
        return super().encode(encoding, errors)


def read_jack_leniently(jack: Any) -> None:
    """All text of JACK comes through one function of the library, which this replaces."""
    string = jack._ffi.string
    jack._decode = lambda data: Name(string(data).decode("utf-8", "surrogateescape"))


def read_alsa_leniently(library: str = "alsa_midi") -> None:
    """The same for ALSA's sequencer, which finds ports by numbers: U+FFFD replaces the bytes."""
    for part in ("client", "port"):
        module: Any = importlib.import_module(f"{library}.{part}")
        if not isinstance(module.ffi, _Ffi):
            module.ffi = _Ffi(module.ffi)


class _Ffi:
    """A foreign-function interface whose texts can be decoded."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def string(self, *pointer: Any) -> Any:
        found = self._inner.string(*pointer)
        return found.decode("utf-8", "replace").encode() if isinstance(found, bytes) else found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)
