"""The fields of native/shared.h in their order."""

from __future__ import annotations

import re
from pathlib import Path

HEADER = Path(__file__).parents[2] / "src" / "formant_dsp" / "native" / "shared.h"
BYTES = 8
"""Of one field, or of one place of an array."""


def fields(owner: str) -> list[str]:
    """Those of `bank` or `stream`."""
    return list(_sizes(owner))


def place(owner: str, field: str) -> tuple[int, int]:
    """Where a field is in the structure, and its size, in bytes."""
    sizes = _sizes(owner)
    names = list(sizes)
    return sum(sizes[name] for name in names[: names.index(field)]), sizes[field]


def written_by_audio() -> set[str]:
    """`owner.name` of every field below the line "written by audio"."""
    return {
        f"{owner}.{name}"
        for owner in ("bank", "stream")
        for name in _declared(_body(owner).split("/* written by audio", 1)[1])
    }


def _body(owner: str) -> str:
    text = HEADER.read_text(encoding="utf-8")
    (body,) = re.findall(rf"typedef struct \{{([^}}]*)\}} formant_{owner}_shared_t;", text)
    return str(body)


def _declared(text: str) -> dict[str, int]:
    found = re.findall(r"^ +formant_atomic_t (\w+)(?:\[(\d+)\])?;", text, re.MULTILINE)
    assert len(found) == text.count("formant_atomic_t")
    return {name: BYTES * int(places or 1) for name, places in found}


def _sizes(owner: str) -> dict[str, int]:
    return _declared(_body(owner))
