"""What players set from afar, kept over a restart: who turned a box down does not expect it to come back loud."""

from __future__ import annotations

from pathlib import Path

import msgspec

from formant_net.aio.state import write_private


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a player may set and a start may name."""

    volume: float
    preset: str
    powered_on: bool = True


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    began: Settings
    now: Settings


class Remembered:
    """The settings of one synth in one file. They count as long as it is started with the same ones.

    path     None remembers nothing
    began    what it is started with: another volume or preset there is a decision, and forgets what players set
    """

    def __init__(self, path: Path | None, began: Settings) -> None:
        self._path, self._began = path, began
        self._written = began

    def read(self) -> Settings | None:
        """What was set before the restart, where that is something else. Blocking."""
        if self._path is None:
            return None
        try:
            kept = msgspec.json.decode(self._path.read_bytes(), type=_Kept)
        except (OSError, msgspec.MsgspecError, UnicodeError):
            return None
        if kept.began != self._began or not 0.0 <= kept.now.volume <= 1.0:
            return None
        self._written = kept.now
        return kept.now if kept.now != self._began else None

    def write(self, now: Settings) -> None:
        """Keep them, if they are others than those kept. A disk that cannot be written forgets. Blocking."""
        if self._path is None or now == self._written:
            return
        self._written = now
        try:
            write_private(self._path, msgspec.json.encode(_Kept(self._began, now)))
        except OSError:
            return
