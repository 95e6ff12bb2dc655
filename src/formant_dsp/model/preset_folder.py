"""A folder of the user's presets, read again when a file in it changes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from formant_dsp.model.preset_file import PresetError
from formant_dsp.model.presets import Preset, load

MOST_FILES = 64
MOST_CHARACTERS = 32
MOST_BYTES = 64
"""Most characters and most bytes of a name. Players get all names every second in a message of at most 8 kB."""


class PresetFolder:
    """Every NAME.toml of a folder, as `presets[NAME]`.

    A file that cannot be used is left out. If an earlier version of it was usable, that version stays, so a box keeps
    singing while somebody edits the file. A deleted file is removed. Names that begin with a dot are ignored: editors
    and file managers keep their own files there. At most 64 files are read, the first by name.

    overrides   arguments of `load` by name of the preset: {"mine": {"voice": {"vibrato_cents": 0}}}
    """

    def __init__(self, folder: Path, overrides: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self.folder = folder
        self._overrides = overrides or {}
        self.presets: Mapping[str, Preset] = {}
        self._written: dict[Path, tuple[int, int]] = {}
        self._said = ""

    def read(self) -> list[str]:
        """Read the folder again and return one line for each new problem.

        It reads files, so an event loop must run it in a thread. It raises nothing that a file can cause.
        """
        wrong: list[str] = []
        try:
            files = sorted(f for f in self.folder.iterdir() if f.suffix == ".toml" and not f.name.startswith("."))
        except FileNotFoundError:
            files = []
            wrong += self._say(f"{self.folder} does not exist: its presets are loaded when it appears")
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
                found[name] = load(file, **self._overrides.get(name, {}))
            except PresetError as reason:
                if written[file] != self._written.get(file):
                    wrong.append(str(reason))
                if name in self.presets:
                    found[name] = self.presets[name]
        if len(files) > MOST_FILES:
            wrong.append(f"{self.folder} has {len(files)} presets: only the first {MOST_FILES} are loaded")
        self._written, self.presets = written, found
        return wrong

    def _say(self, text: str) -> list[str]:
        """The text as a list, or an empty list when it was the last text as well."""
        said, self._said = self._said, text
        return [] if said == text else [text]


def _written(file: Path) -> tuple[int, int]:
    """Time of change (ns) and size (bytes) of a file; (0, 0) for a broken link, so that other files are still read."""
    try:
        status = file.stat()
    except OSError:
        return (0, 0)
    return status.st_mtime_ns, status.st_size


def _check(file: Path) -> None:
    """Raise PresetError for a name that cannot be sent to players."""
    name = file.stem
    try:
        short = len(name) <= MOST_CHARACTERS and len(name.encode()) <= MOST_BYTES
    except UnicodeEncodeError:
        short = False
    if not short or not name.isprintable() or name != name.strip():
        rule = f"at most {MOST_CHARACTERS} characters and {MOST_BYTES} bytes, no line breaks, no space at its ends"
        raise PresetError(f"{str(file)!r}: give it another name: {rule}")
