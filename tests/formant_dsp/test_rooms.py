"""The rooms of the voice: nobody imports upward, and public names lead where documents say."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

import formant_dsp

PACKAGE = Path(formant_dsp.__file__).parent
BELOW = {
    "kernels": set(),
    "touch": {"kernels"},
    "model": {"touch"},
    "bank": {"touch", "model", "kernels"},
    "browser": {"model", "bank"},
    "output": {"model", "kernels", "bank"},
    "score": {"model", "bank"},
    "reference": {"model", "score"},
}
"""Each room and those that it may import."""
IMPORTED = re.compile(r"^\s*(?:from|import|cimport) formant_dsp(?:\.(\w+))?(?:\.\w+)*(?: c?import (.+))?", re.MULTILINE)
PUBLIC = {
    "formant_dsp": {"Bank", "VoiceParams", "VowelPath", "VowelPlane", "sung", "isas"},
    "formant_dsp.bank": {"Bank"},
    "formant_dsp.choir": {"ChoirBank", "sub_key"},
    "formant_dsp.expression": {"Expression", "express"},
    "formant_dsp.presets": {"load", "names", "Preset", "PresetError"},
    "formant_dsp.reference": {"render"},
    "formant_dsp.score": {"Event", "render_score"},
    "formant_dsp.stream": {"open_sink", "devices", "SinkError"},
    "formant_dsp.tables": {"table", "tables"},
    "formant_dsp.tract": {"bandwidth_hz", "tract_levels"},
}
"""What documents and examples import."""


def upward(room: str, text: str) -> set[str]:
    """Rooms that a source imports and must not."""
    found = {match[1] or "the top" for match in IMPORTED.finditer(text)}
    return found - BELOW[room] - {room}


@pytest.mark.parametrize("room", BELOW)
def test_no_room_imports_one_above_it(room: str) -> None:
    sources = [path for path in (PACKAGE / room).rglob("*") if path.suffix in (".py", ".pyi", ".pyx", ".pxd")]
    assert sources
    bad = {path.name: found for path in sources if (found := upward(room, path.read_text(encoding="utf-8")))}
    assert not bad


def test_every_folder_of_sources_is_a_listed_room() -> None:
    assert {path.parent.name for path in PACKAGE.glob("*/__init__.py")} == set(BELOW)


@pytest.mark.parametrize(
    "line",
    [
        "from formant_dsp.output.stream import open_sink",
        "from formant_dsp.score cimport x",
        "from formant_dsp import Bank",
        "import formant_dsp.output.devices",
    ],
)
def test_an_import_upward_would_be_seen(line: str) -> None:
    assert upward("bank", f'"""A file."""\n\n{line}\n')


@pytest.mark.parametrize("module", PUBLIC)
def test_public_names_lead_where_documents_say(module: str) -> None:
    found = importlib.import_module(module)
    assert PUBLIC[module] <= set(found.__all__)
    assert all(hasattr(found, name) for name in found.__all__)


def test_public_names_outside_rooms_hold_nothing_of_their_own() -> None:
    for path in PACKAGE.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^(def|class|if|for) ", text, re.MULTILINE), path.name
