"""A folder of presets of one's own, read anew when a file in it is written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from formant_dsp.preset_file import PresetError
from formant_dsp.presets import Preset, load

MOST_FILES = 64
MOST_CHARACTERS = 32
"""Of a name: every player is told all of them, every second."""


class PresetFolder:
    """Every NAME.toml of a folder, as `presets[NAME]`.

    A file that cannot be used is left out, or stays what it was when it could: a box in a wall sings on while somebody
    writes. A file that is gone is forgotten.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.presets: Mapping[str, Preset] = {}
        self._written: dict[Path, tuple[int, int]] = {}
        self._said = ""

    def read(self) -> list[str]:
        """Look again; gives a line for each thing that is newly wrong. It reads files: not for an event loop."""
        wrong: list[str] = []
        try:
            files = sorted(self.folder.glob("*.toml"))
            written = {file: (stat.st_mtime_ns, stat.st_size) for file in files if (stat := file.stat())}
        except OSError as reason:
            return self._say(f"{self.folder} cannot be read: {reason}")
        self._said = ""
        if written == self._written:
            return []
        found: dict[str, Preset] = {}
        for file in files[:MOST_FILES]:
            name = file.stem
            if written[file] == self._written.get(file) and name in self.presets:
                found[name] = self.presets[name]
                continue
            try:
                if len(name) > MOST_CHARACTERS or not name.isprintable():
                    raise PresetError(f"{file}: give it a name of at most {MOST_CHARACTERS} characters")
                found[name] = load(file)
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
