"""Changes of the fleet document. Each gives a new document, or says why not and leaves the old one as it is.

A path names what is changed: `master`, `zones/ID`, `boxes/ID` or `scenes/ID`. Of faders and mutes the last change
counts. Everything else can be overwritten only by somebody who has seen its present value: `base` is the revision of
the document that the desk knows.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from formant_net.fleet.document import (
    MOST_BOXES,
    MOST_SCENES,
    MOST_ZONES,
    Box,
    Document,
    Master,
    Scene,
    Zone,
    fields_of,
)
from formant_net.fleet.effective import newcomer
from formant_net.protocol.errors import ProtocolError

FADERS = frozenset({"db", "mute", "off", "hold_new"})
"""Fields of which the last change counts."""
TAKES = {
    "db": "a number of dB from -60 (silent) to 0",
    "mute": "true or false",
    "off": "true or false",
    "hold_new": "true or false",
    "name": "up to 64 characters",
    "order": "a whole number",
    "zone": "the id of a zone, or nothing",
    "tags": "up to 16 words of up to 64 characters",
    "delay_ms": "0 to 1000 ms",
    "output_latency_ms": "0 to 500 ms",
    "preset": "the name of a preset, up to 64 characters",
    "audio": "a device, up to 200 characters",
    "ramp_s": "0 to 600 s",
}
"""What people are told of each field."""
_KINDS: dict[str, tuple[type[Struct], int]] = {
    "zones": (Zone, MOST_ZONES),
    "boxes": (Box, MOST_BOXES),
    "scenes": (Scene, MOST_SCENES),
}
_MAPS = {
    name: msgspec.json.Decoder(next(f.type for f in msgspec.structs.fields(Document) if f.name == name))
    for name in _KINDS
}


def change(document: Document, path: str, set_: Mapping[str, Any] | None, base: int | None = None) -> Document:
    """The document after one change.

    set_      values of fields; None: what the path names is deleted
    base      the revision that whoever changes it has seen; needed for all but faders and mutes of what exists
    raises    ProtocolError "bad-setting" (a value, field or path that does not exist), "desk-conflict" (somebody else
              has changed it since `base`)
    """
    if path == "master":
        if set_ is None:
            raise _bad("the master cannot be deleted: set its fields")
        return _with(document, master=_set(document.master, Master, set_))
    kind, _, id = path.partition("/")
    if kind not in _KINDS:
        raise _bad(f"{path!r} names nothing: use master, zones/ID, boxes/ID or scenes/ID")
    made, most = _KINDS[kind]
    there: dict[str, Any] = getattr(document, kind)
    old = there.get(id)
    if old is not None and (set_ is None or not FADERS.issuperset(set_)) and (base is None or base < old.rev):
        raise ProtocolError("desk-conflict", f"{path} was changed meanwhile: look at it again, then repeat", "desk-set")
    if set_ is None:
        if old is None:
            raise _bad(f"{path} does not exist")
        return _without(document, kind, id)
    if old is None and len(there) >= most:
        raise _bad(f"there may be {most} {kind}: delete one first")
    before = old or (newcomer(document, id) if kind == "boxes" else None)
    new = _set(before, made, set_)
    if before is None or not FADERS.issuperset(set_):
        new = msgspec.structs.replace(new, rev=document.rev + 1)
    _check_id(kind, id, new)
    if isinstance(new, Box) and new.zone and new.zone not in document.zones:
        raise _bad(f"zone {new.zone!r} does not exist: make it first")
    if isinstance(new, Scene):
        check_scene(new)
    return _with(document, **{kind: {**there, id: new}})


def recall(document: Document, id: str) -> tuple[Document, Scene]:
    """The document after a scene was recalled: its values of all that exists; what does not exist any more is left out.

    Raises ProtocolError "bad-setting" if there is no such scene.
    """
    scene = document.scenes.get(id)
    if scene is None:
        raise _bad(f"scene {id!r} does not exist")
    rev = document.rev + 1
    zones = {
        name: _set(document.zones[name], Zone, values, rev)
        for name, values in scene.zones.items()
        if name in document.zones
    }
    boxes = {
        name: _set(document.boxes[name], Box, _housed(document, values), rev)
        for name, values in scene.boxes.items()
        if name in document.boxes
    }
    return (
        _with(
            document,
            master=_set(document.master, Master, scene.master),
            zones={**document.zones, **zones},
            boxes={**document.boxes, **boxes},
        ),
        scene,
    )


def captured(document: Document, name: str, ramp_s: float = 0.0) -> dict[str, Any]:
    """The fields of a scene that brings the present faders, mutes and presets back."""
    return {
        "name": name,
        "ramp_s": ramp_s,
        "master": {"db": document.master.db, "off": document.master.off},
        "zones": {id: {"db": zone.db, "mute": zone.mute} for id, zone in document.zones.items()},
        "boxes": {id: {"db": box.db, "mute": box.mute, "preset": box.preset} for id, box in document.boxes.items()},
    }


def before(document: Document, scene: Scene) -> Scene:
    """The values that `scene` is about to replace. `back` sets them again."""

    def old(kind: str, values: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        there = getattr(document, kind)
        return {id: {key: getattr(there[id], key) for key in fields} for id, fields in values.items() if id in there}

    return Scene(
        name=scene.name,
        master={key: getattr(document.master, key) for key in scene.master},
        zones=old("zones", scene.zones),
        boxes=old("boxes", scene.boxes),
    )


def back(document: Document, undo: Scene) -> Document:
    """The document after a scene was undone: what the scene has set gets the values of `undo`."""

    def old(kind: str, values: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        now = getattr(document, kind)
        return {
            id: msgspec.convert({**fields_of(now[id]), **_housed(document, fields)}, type(now[id]))
            for id, fields in values.items()
            if id in now
        }

    return _with(
        document,
        master=msgspec.structs.replace(document.master, **undo.master),
        zones={**document.zones, **old("zones", undo.zones)},
        boxes={**document.boxes, **old("boxes", undo.boxes)},
    )


def _housed(document: Document, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values of a box in a scene, without a zone that does not exist any more."""
    gone = values.get("zone") and values["zone"] not in document.zones
    return {key: value for key, value in values.items() if key != "zone"} if gone else values


def _set(old: Struct | None, kind: type[Struct], set_: Mapping[str, Any], rev: int | None = None) -> Any:
    if "rev" in set_:
        raise _bad("`rev` is set by the server: leave it out")
    values = {**(fields_of(old) if old is not None else {}), **{name: _shown(value) for name, value in set_.items()}}
    if rev is not None and not FADERS.issuperset(set_):
        values["rev"] = rev
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        raise _bad(_words(str(error), kind)) from error


def _shown(value: Any) -> Any:
    """A text that is set, on one line and without control characters: terminals of other desks show it."""
    if isinstance(value, str):
        return "".join(" " if unicodedata.category(c) == "Cc" else c for c in value)
    return [_shown(each) for each in value] if isinstance(value, list | tuple) else value


def _words(error: str, kind: type[Struct]) -> str:
    """What is wrong with a value, and what its field takes."""
    about = re.search(r"`\$\.(\w+)|field `(\w+)`", error)
    field = ((about[1] or about[2]) if about else "")[:64]
    if field not in kind.__struct_fields__:
        known = ", ".join(name for name in kind.__struct_fields__ if name != "rev")
        return f"there is no field {field!r}: there is {known}" if field else error[:200]
    return f"{field} takes {TAKES[field]}" if field in TAKES else f"{field}: {error[:200]}"


def check_scene(scene: Scene) -> None:
    """Every value of a scene is one that could be set. Raises ProtocolError "bad-setting"."""
    _set(Master(), Master, scene.master)
    for zone in scene.zones.values():
        _set(Zone(name="?"), Zone, zone)
    for box in scene.boxes.values():
        _set(Box(), Box, box)


def _check_id(kind: str, id: str, new: Struct) -> None:
    try:
        _MAPS[kind].decode(msgspec.json.encode({id: new}))
    except msgspec.ValidationError as error:
        raise _bad(f"{id!r} cannot be an id here: zones begin with z-, scenes with s-, without spaces") from error


def _without(document: Document, kind: str, id: str) -> Document:
    rest = {name: each for name, each in getattr(document, kind).items() if name != id}
    if kind != "zones":
        return _with(document, **{kind: rest})
    boxes = {
        name: msgspec.structs.replace(box, zone="", rev=document.rev + 1) if box.zone == id else box
        for name, box in document.boxes.items()
    }
    return _with(document, zones=rest, boxes=boxes)


def _with(document: Document, **fields: Any) -> Document:
    return msgspec.structs.replace(document, rev=document.rev + 1, **fields)


def _bad(text: str) -> ProtocolError:
    return ProtocolError("bad-setting", text, "desk-set")
