"""Everything that desks decide (document, solos, undo of the last scene), and how a request changes it.

One server keeps it by itself. Several edges agree on it through their engine (agreed.py).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import msgspec
from msgspec import Struct

from formant_net.fleet.changes import FADERS, back, before, change, recall
from formant_net.fleet.document import MOST_BOXES, Box, Document, Scene, encode
from formant_net.protocol import steering as s
from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.standing import is_phone

FADE_MS = 50.0
MOST_BYTES = 512 * 1024
"""The document as a file. It has room for 256 boxes and for scenes of them. A larger file would not be read again."""

Request = s.DeskSet | s.DeskSolo | s.DeskRecall | s.DeskUndo


class Wanted(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is wanted now.

    solo   paths that are soloed, `boxes/ID` or `zones/ID`; never written to a file
    undo   the values that bring back what was before the last scene; None: nothing to undo
    """

    document: Document
    solo: tuple[str, ...] = ()
    undo: Scene | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a request makes of it, and how long gains move on the way, ms."""

    wanted: Wanted
    ramp_ms: float = FADE_MS


def carried_out(
    wanted: Wanted, request: Request, known: Collection[str], kept: Mapping[str, Box] | None = None
) -> Outcome:
    """What is wanted after a request of a desk. Pure: nothing is changed.

    known     ids of boxes that have been seen. When steering begins, they play on as loud as before. Phones that sing
              have no place in the document, because guests make as many of them as they like
    kept      what some of these boxes go on with, because another document has steered them
    raises    ProtocolError "bad-setting" or "desk-conflict" (changes.py)
    """
    document, ramp_ms = wanted.document, FADE_MS
    if isinstance(request, s.DeskSolo):
        return Outcome(msgspec.structs.replace(wanted, solo=_soloed(wanted, request, known)))
    undo = wanted.undo
    kept = {} if document.steered or kept is None else kept
    if isinstance(request, s.DeskSet):
        after = _changed(document, request, kept)
    elif isinstance(request, s.DeskRecall):
        after, scene = recall(document, request.scene.removeprefix("scenes/"))
        undo, ramp_ms = before(document, scene), max(FADE_MS, 1000.0 * scene.ramp_s)
    else:
        if undo is None:
            raise _bad("no scene was recalled since the server started: nothing to undo")
        after, undo = back(document, undo), None
    if _may_grow(request) and len(encode(after)) > max(MOST_BYTES, len(encode(document))):
        raise _bad("names, tags and scenes take too much room: delete some of them first")
    if not document.steered:
        seen = [id for id in known if not is_phone(id) and id not in after.boxes][: MOST_BOXES - len(after.boxes)]
        after = msgspec.structs.replace(after, boxes={**{id: kept.get(id, Box()) for id in seen}, **after.boxes})
    solo = wanted.solo
    if isinstance(request, s.DeskSet) and request.set is None:  # what is gone silences nobody
        solo = tuple(path for path in solo if path != request.path)
    return Outcome(Wanted(document=after, solo=solo, undo=undo), ramp_ms)


def _changed(document: Document, request: s.DeskSet, kept: Mapping[str, Box]) -> Document:
    """The document after a change. The first change of a box leaves the rest of it as the box has kept it."""
    id = request.path.removeprefix("boxes/")
    if id == request.path or id not in kept or id in document.boxes or request.set is None:
        return change(document, request.path, request.set, request.base)
    before = msgspec.structs.replace(document, boxes={**document.boxes, id: kept[id]})
    return change(before, request.path, request.set, request.base or 0)


def _may_grow(request: Request) -> bool:
    """Whether a request can add texts. Faders move often, and are small."""
    return not (isinstance(request, s.DeskSet) and request.set is not None and FADERS.issuperset(request.set))


def _soloed(wanted: Wanted, request: s.DeskSolo, known: Collection[str]) -> tuple[str, ...]:
    kind, _, id = request.path.partition("/")
    there: dict[str, Collection[str]] = {
        "zones": wanted.document.zones,
        "boxes": {*wanted.document.boxes, *known},
    }
    if request.on and id not in there.get(kind, ()):
        raise _bad(f"{request.path!r} does not exist: solo zones/ID or boxes/ID")
    others = tuple(path for path in wanted.solo if path != request.path)
    return (*others, request.path) if request.on else others


def _bad(text: str) -> ProtocolError:
    return ProtocolError("bad-setting", text, "desk-set")
