"""A copy of the native headers with one planted fault, which shows that a test can find it."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
NATIVE = ROOT / "src" / "formant_dsp" / "native"
RING_PROOFS = ROOT / "proofs" / "ring"

ORDERS = {
    "an item is published before it is written for others": ("tail, release", "tail, relaxed"),
    "an item is taken without what was written before": ("tail, acquire", "tail, relaxed"),
    "a slot is given back before its reading is done": ("head, release", "head, relaxed"),
    "a slot is used again without waiting for its reader": ("head, acquire", "head, relaxed"),
}
"""Each of the four orders of the ring made too weak, by what goes wrong then."""
INDICES = {
    "one item too many": ("+ reserve < capacity", "+ reserve <= capacity"),
    "one slot never used": ("+ reserve < capacity", "+ reserve + 1 < capacity"),
    "the reserve is forgotten": ("+ reserve < capacity", "< capacity"),
    "counters compared, not subtracted: wrong when they wrap": ("(formant_ring_count_t)(tail - head)", "tail - head"),
    "a slot beyond the last": ("(capacity - 1)", "capacity"),
    "empty taken for full of items": ("return tail != head;", "return tail >= head;"),
}
"""Faults of the index logic."""


def planted(folder: Path, old: str, new: str) -> Path:
    """A folder with the native headers, `old` replaced by `new` in ring.h, where it must occur exactly once."""
    copy = folder / "native"
    shutil.copytree(NATIVE, copy)
    text = (copy / "ring.h").read_text()
    assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in ring.h"
    (copy / "ring.h").write_text(text.replace(old, new))
    return copy
