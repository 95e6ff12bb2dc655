"""The settings that players change remotely, kept over a restart, so that a box turned down does not come back loud."""

from __future__ import annotations

from pathlib import Path

import msgspec

from formant_net.aio.kept_file import KeptFile
from formant_net.ops.log import get_logger
from formant_net.protocol.steering import BoxSettings


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a player may set and a start may name."""

    volume: float
    preset: str
    powered_on: bool = True
    mono: bool = False
    legato: bool = True


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    began: Settings
    now: Settings


class Remembered:
    """The settings of one synth in one file. They count as long as it is started with the same ones.

    path     None remembers nothing
    began    what it is started with: another volume or preset there is a decision, and forgets what players set
    """

    def __init__(self, path: Path | None, began: Settings) -> None:
        self._file = KeptFile(path, "the settings of players")
        self._began = self._kept = began

    def read(self) -> Settings | None:
        """The settings from before the restart, if they differ from those of the start. Blocking."""
        content = self._file.read()
        if content is None:
            return None
        try:
            kept = msgspec.json.decode(content, type=_Kept)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            get_logger().warning("the settings of players are damaged and forgotten", file=str(self._file.path))
            return None
        if kept.began != self._began or not 0.0 <= kept.now.volume <= 1.0:
            return None
        self._kept = kept.now
        return kept.now if kept.now != self._began else None

    def write(self, settings: Settings, now: float, *, last: bool = False) -> None:
        """Write the settings if they have changed. Call it regularly: a full disk may have room later. Blocking.

        now, last   as of `KeptFile.write`
        """
        content = msgspec.json.encode(_Kept(self._began, settings))
        if settings != self._kept and self._file.write(content, now, last=last):
            self._kept = settings


class RememberedSteering:
    """What the server wanted of this synth last: a box that was muted does not come back loud while its server is away.

    beside    the file of `Remembered`; this one is beside it. None remembers nothing
    """

    def __init__(self, beside: Path | None) -> None:
        path = None if beside is None else beside.with_name(f"{beside.stem}.desk.json")
        self._file = KeptFile(path, "the settings of the desk")
        self._kept: BoxSettings | None = None

    def read(self) -> BoxSettings | None:
        """What was wanted before the restart. Blocking."""
        content = self._file.read()
        if content is None:
            return None
        try:
            self._kept = msgspec.json.decode(content, type=BoxSettings)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            get_logger().warning("the settings of the desk are damaged and forgotten", file=str(self._file.path))
        return self._kept

    def write(self, settings: BoxSettings | None, now: float, *, last: bool = False) -> None:
        """Write the settings if they have changed; `now` and `last` as of `KeptFile.write`. Blocking."""
        if settings is None or settings == self._kept:
            return
        if self._file.write(msgspec.json.encode(settings), now, last=last):
            self._kept = settings
