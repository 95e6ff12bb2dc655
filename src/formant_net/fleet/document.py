"""The fleet document: what is wanted of the whole ensemble, of each zone and of each box, and the scenes.

The server keeps one document. A desk changes it (changes.py), and each box is told what follows for it (effective.py).
Every fader is kept in dB, and nothing that follows from others is kept. So a zone's fader can go to the bottom and back
without a change of its boxes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

SILENT_DB = -60.0
"""The bottom of a fader. There the gain is 0."""
NEW_BOX_DB = -20.0
"""The fader of a box that comes to an ensemble that is steered already: it is heard, and startles nobody."""
MOST_ZONES, MOST_BOXES, MOST_SCENES, MOST_TAGS = 64, 256, 64, 16
MOST_RAMP_S = 600.0

Fader = Annotated[float, Meta(ge=SILENT_DB, le=0.0)]
Label = Annotated[str, Meta(min_length=1, max_length=64)]
ZoneId = Annotated[str, Meta(pattern=r"^z-[A-Za-z0-9_.-]{1,32}\Z")]
SceneId = Annotated[str, Meta(pattern=r"^s-[A-Za-z0-9_.-]{1,32}\Z")]
BoxId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}\Z")]


class Master(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The whole ensemble.

    off        every box is silent
    hold_new   a box that no desk has admitted is silent. False: it sings at NEW_BOX_DB
    """

    db: Fader = 0.0
    off: bool = False
    hold_new: bool = False


class Zone(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A place with several boxes. It lives on when it has none."""

    name: Label
    db: Fader = 0.0
    mute: bool = False
    order: Annotated[int, Meta(ge=-(2**31), le=2**31)] = 0
    rev: int = 0
    """Revision of the document with the last change of `name` or `order`, or the one that made the zone."""


class Box(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One box, whether it is there or not.

    name                "": the name that it was started with
    zone                "": none; a box is in one zone at most, because faders multiply
    tags                words by which boxes are chosen
    delay_ms            it sounds so much later: 2.9 ms for a metre
    output_latency_ms   what lies behind its socket (an amplifier, Bluetooth); it is subtracted
    preset, audio       "": what it was started with, or what players set
    """

    name: Annotated[str, Meta(max_length=64)] = ""
    zone: Annotated[str, Meta(max_length=34)] = ""
    tags: Annotated[tuple[Label, ...], Meta(max_length=MOST_TAGS)] = ()
    db: Fader = 0.0
    mute: bool = False
    delay_ms: Annotated[float, Meta(ge=0.0, le=1000.0)] = 0.0
    output_latency_ms: Annotated[float, Meta(ge=0.0, le=500.0)] = 0.0
    preset: Annotated[str, Meta(max_length=64)] = ""
    audio: Annotated[str, Meta(max_length=200)] = ""
    rev: int = 0
    """Revision of the document with the last change of anything but `db` and `mute`."""


class Scene(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Values of some fields of the master, zones and boxes. Faders ramp for `ramp_s`; all else changes at the start."""

    name: Label
    ramp_s: Annotated[float, Meta(ge=0.0, le=MOST_RAMP_S)] = 0.0
    master: dict[str, Any] = {}
    zones: Annotated[dict[ZoneId, dict[str, Any]], Meta(max_length=MOST_ZONES)] = {}
    boxes: Annotated[dict[BoxId, dict[str, Any]], Meta(max_length=MOST_BOXES)] = {}
    rev: int = 0


class Document(Struct, frozen=True, kw_only=True):
    """Everything that a server knows of its fleet.

    epoch    made with the document: a box that knows another one was steered by another document
    rev      grows by 1 with each change
    """

    epoch: Annotated[str, Meta(min_length=1, max_length=64)]
    rev: Annotated[int, Meta(ge=0)] = 0
    master: Master = Master()
    zones: Annotated[dict[ZoneId, Zone], Meta(max_length=MOST_ZONES)] = {}
    boxes: Annotated[dict[BoxId, Box], Meta(max_length=MOST_BOXES)] = {}
    scenes: Annotated[dict[SceneId, Scene], Meta(max_length=MOST_SCENES)] = {}
    v: Annotated[int, Meta(ge=1, le=1)] = 1
    """Version of this form."""

    @property
    def steered(self) -> bool:
        """Whether anybody has ever changed it. Before that boxes are left alone."""
        return self.rev > 0


def encode(document: Document) -> bytes:
    """The document as JSON that people can read."""
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def decode(content: bytes) -> Document:
    """The document of a file. Raises ValueError that says what is wrong."""
    try:
        found = msgspec.json.decode(content, type=Document)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ValueError(f"this is no fleet document: {error}") from error
    check(found)
    return found


def check(document: Document) -> None:
    """Raises ValueError if a box is in a zone that does not exist."""
    for id, box in document.boxes.items():
        if box.zone and box.zone not in document.zones:
            raise ValueError(f"box {id} is in zone {box.zone!r}, which does not exist")


def fields_of(struct: Struct) -> Mapping[str, Any]:
    """Every field with its value, also those that have their default."""
    return msgspec.structs.asdict(struct)
