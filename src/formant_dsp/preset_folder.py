"""A folder of presets of one's own, read anew when a file in it is written."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from formant_dsp.preset_file import MOST_CHARACTERS as MOST_OF_A_FILE
from formant_dsp.preset_file import PresetError
from formant_dsp.presets import Preset, load

MOST_FILES = 64
MOST_CHARACTERS = 32
MOST_BYTES = 64
"""Of a name: every player is told all of them, every second, in a message of 8 kB."""


class PresetFolder:
    """Every NAME.toml of a folder, as `presets[NAME]`.

    A file that cannot be used is left out, or stays what it was when it could: a box in a wall sings on while somebody
    writes. A file that is gone is forgotten. Names that begin with a dot are not for us: editors and file managers
    keep their own things there.

    beside   what `load` is told of the file of a name: {"mine": {"voice": {"vibrato_cents": 0}}}
    """

    def __init__(self, folder: Path, beside: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self.folder = folder
        self._beside = beside or {}
        self.presets: Mapping[str, Preset] = {}
        self._written: dict[Path, tuple[int, int]] = {}
        self._said = ""

    def read(self) -> list[str]:
        """Look again; gives a line for each thing that is newly wrong. It reads files: not for an event loop."""
        wrong: list[str] = []
        try:
            files = sorted(f for f in self.folder.iterdir() if f.suffix == ".toml" and not f.name.startswith("."))
        except FileNotFoundError:
            files = []
            wrong += self._say(f"{self.folder} is not there: its presets are taken as soon as it is")
        except OSError as reason:
            return self._say(f"{self.folder} cannot be read: {reason}")
        else:
            self._said = ""
        written = {file: _written(file) for file in files}
        if written == self._written:
            return wrong
        found: dict[str, Preset] = {}
        for file in files[:MOST_FILES]:
            name = file.stem
            if written[file] == self._written.get(file) and name in self.presets:
                found[name] = self.presets[name]
                continue
            try:
                _check(file)
                found[name] = load(file, **self._beside.get(name, {}))
            except PresetError as reason:
                if written[file] != self._written.get(file):
                    wrong.append(str(reason))
                if name in self.presets:
                    found[name] = self.presets[name]
        if len(files) > MOST_FILES:
            wrong.append(f"{self.folder} has {len(files)} presets: the first {MOST_FILES} are taken")
        self._written, self.presets = written, found
        return wrong

    def _say(self, text: str) -> list[str]:
        """Once, however often it is so."""
        said, self._said = self._said, text
        return [] if said == text else [text]


def _written(file: Path) -> tuple[int, int]:
    """What changes when it is written anew; a link to nowhere is wrong as a file is, and no reason to drop the rest."""
    try:
        status = file.stat()
    except OSError:
        return (0, 0)
    return status.st_mtime_ns, status.st_size


def _check(file: Path) -> None:
    """PresetError for what is not worth reading, or would never end."""
    name = file.stem
    try:
        short = len(name) <= MOST_CHARACTERS and len(name.encode()) <= MOST_BYTES
    except UnicodeEncodeError:
        short = False
    if not short or not name.isprintable() or name != name.strip():
        rule = f"at most {MOST_CHARACTERS} characters and {MOST_BYTES} bytes, no line breaks, no space at its ends"
        raise PresetError(f"{str(file)!r}: give it another name: {rule}")
    try:
        status = file.stat()
    except OSError as reason:
        raise PresetError(f"{file} cannot be read: {reason}") from None
    if not stat.S_ISREG(status.st_mode):
        raise PresetError(f"{file} is not a file: give presets another name, or this another place")
    if status.st_size > 4 * MOST_OF_A_FILE:
        raise PresetError(f"{file} has {status.st_size} bytes: a preset has at most {MOST_OF_A_FILE} characters")
