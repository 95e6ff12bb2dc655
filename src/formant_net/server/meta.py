"""A client's description of itself (`meta`), shortened for others: a list carries that of each controller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

FIRST = ("run", "name")
"""What our clients make use of comes before anything else."""
_encoder = msgspec.json.Encoder()


def cut(meta: Mapping[str, Any] | None, most_bytes: int) -> dict[str, Any]:
    """The fields that fit into `most_bytes` as JSON: first those that our clients use, then the others in order."""
    if not meta:
        return {}
    if len(_encoder.encode(meta)) <= most_bytes:
        return dict(meta)
    kept: dict[str, Any] = {}
    room = most_bytes - 2  # the braces
    for name in (*(name for name in FIRST if name in meta), *(name for name in meta if name not in FIRST)):
        size = len(_encoder.encode({name: meta[name]})) - 1  # with a comma instead of two braces
        if size <= room:
            kept[name] = meta[name]
            room -= size
    return kept
