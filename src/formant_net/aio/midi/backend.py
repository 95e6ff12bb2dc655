"""What every MIDI library has to offer, and which one this machine uses."""

from __future__ import annotations

import importlib
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

Put = Callable[[str, bytes], None]
VIRTUAL = "Formant"
"""Name of the port that other programs connect to."""


class MidiError(Exception):
    """MIDI cannot be used. The text says why and what to do."""


class BackendGone(Exception):
    """The sound server or the system's MIDI service went away; it may come back."""


@dataclass(frozen=True, slots=True)
class Source:
    """A port that sends. `is_device`: it is hardware, which is played unless somebody chooses otherwise."""

    name: str
    is_device: bool


class Backend(Protocol):
    """Ports of one library. Messages go to the `put` that it was made with, under the name of their source.

    Every method may raise BackendGone.
    """

    name: str
    virtual: bool
    """Whether other programs can connect to a port of ours, which is called VIRTUAL."""

    def sources(self) -> list[Source]:
        """The ports that are there now, without our own.

        An open port whose connection to us is gone is left out once. Either it has gone and come back between two
        looks, or somebody has cut the connection.
        """

    def left(self) -> list[str]:
        """Who let go of the virtual port since the last call."""

    def open(self, source: str) -> None:
        """Listen to a source. Raises MidiError when that fails."""

    def forget(self, source: str) -> None:
        """A source is gone: let go of what was open for it."""

    def close(self) -> None:
        """Let go of everything. Does not raise."""


ORDER = {"linux": ("alsa", "jack"), "darwin": ("rtmidi", "jack"), "win32": ("rtmidi",)}
"""Backends by system, the first that works is used."""
NAMES = ("alsa", "jack", "rtmidi")
INSTALL = "pip install '.[midi]' in the folder of the source"


def open_backend(wanted: str, put: Put) -> Backend:
    """A backend of this name, or the first that works for `auto`. Raises MidiError, which gives every reason."""
    names = (wanted,) if wanted != "auto" else ORDER.get(sys.platform, ("jack",))
    reasons = []
    for name in names:
        try:
            return _opened(name, put)
        except MidiError as error:
            reasons.append(f"{name}: {error}")
    raise MidiError("; ".join(reasons))


def _opened(name: str, put: Put) -> Backend:
    backend: Backend = importlib.import_module(f"formant_net.aio.midi.{name}").opened(put)
    return backend


def told_apart(names: Iterable[str]) -> list[str]:
    """The names in their order; the second port of a name gets (2), so that the names stay when numbers change."""
    taken: Counter[str] = Counter()
    out = []
    for name in names:
        taken[name] += 1
        out.append(name if taken[name] == 1 else f"{name} ({taken[name]})")
    return out


def library(module: str) -> Any:
    """An optional library. Raises MidiError with the command that installs it."""
    try:
        return importlib.import_module(module)
    except (ImportError, OSError) as error:  # OSError: it is there, the system's library that it needs is not
        raise MidiError(f"{error}. Install it: {INSTALL}") from error
