"""What people call a part of the ensemble: `master`, the name or id of a zone or of a box."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from formant_net.fleet.document import Box as BoxFields
from formant_net.fleet.document import Document, Master, Zone, fields_of
from formant_net.protocol.standing import is_phone
from formant_net.protocol.steering import DeskBox

_SWITCH = {"on": True, "yes": True, "true": True, "off": False, "no": False, "false": False}


def path_of(name: str, document: Document, boxes: Mapping[str, DeskBox]) -> str:
    """The path of what people call `name`. Raises ValueError that says what there is, or which of several to choose."""
    if name in ("master", "all"):
        return "master"
    paths = _named(document, boxes)
    if name in paths:
        return name
    found = [path for path, called in paths.items() if name in (called, path.partition("/")[2])]
    if len(found) == 1:
        return found[0]
    if not found:
        there = ", ".join(sorted({called for called in paths.values() if called})) or "nothing but `master`"
        raise ValueError(f"nothing is called {name!r}: there is {there}")
    raise ValueError(f"{len(found)} are called {name!r}: choose {' or '.join(found)}")


def name_of(path: str, document: Document, boxes: Mapping[str, DeskBox]) -> str:
    """What people call the part at a path."""
    return _named(document, boxes).get(path) or path.partition("/")[2] or path


def value_of(path: str, field: str, text: str) -> Any:
    """The value of a field as people type it. Raises ValueError with what the field takes."""
    kind = {"master": Master, "zones": Zone}.get(path.partition("/")[0], BoxFields)
    known = [name for name in kind.__struct_fields__ if name != "rev"]
    if field not in known:
        raise ValueError(f"{path} has no field {field!r}: it has {', '.join(known)}")
    if field in ("mute", "off", "hold_new"):
        if text.lower() not in _SWITCH:
            raise ValueError(f"{field}={text}: say on or off")
        return _SWITCH[text.lower()]
    if field == "tags":
        return [tag.strip() for tag in text.split(",") if tag.strip()]
    if field in ("name", "zone", "preset", "audio"):
        return text
    try:
        return int(text) if field == "order" else float(text)
    except ValueError as error:
        raise ValueError(f"{field}={text}: give a number") from error


def new_boxes(document: Document, boxes: Mapping[str, DeskBox]) -> list[str]:
    """The ids of the boxes that are there and that no desk has admitted. Phones come and go, and are none."""
    return sorted(id for id, box in boxes.items() if box.here and id not in document.boxes and not is_phone(id))


def zone_id(name: str) -> str:
    """An id for a new zone or scene from its name: letters, digits and hyphens."""
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in name.lower()).strip("-")
    return kept[:32] or "new"


def changed(values: Struct, before: Struct) -> dict[str, Any]:
    """The fields that differ, without the revision, which only the server sets."""
    old = fields_of(before)
    return {name: value for name, value in fields_of(values).items() if name != "rev" and value != old.get(name)}


def _named(document: Document, boxes: Mapping[str, DeskBox]) -> dict[str, str]:
    names = {f"zones/{id}": zone.name for id, zone in document.zones.items()}
    for id in sorted({*document.boxes, *boxes}):
        box, seen = document.boxes.get(id), boxes.get(id)
        names[f"boxes/{id}"] = (box.name if box is not None else "") or (seen.name if seen is not None else "")
    return names
