"""Steering: desks change the fleet document, and every box is told what follows for it.

A box gets its settings when it registers and whenever they change, also if it was away at the change. As long as nobody
has ever changed the document, no box is told anything.

Out of scope: what a change means (formant_net/fleet), where the document is kept (aio/server/kept_desk.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import UNSET

from formant_net.fleet import document as documents
from formant_net.fleet.changes import back, change, recall
from formant_net.fleet.document import Box, Document, Scene
from formant_net.fleet.effective import Effective, effective
from formant_net.protocol import steering as s
from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.fields import Message
from formant_net.server.clients import Client, Clients
from formant_net.server.outputs import Outbox

FADE_MS = 50.0
PUSH_S = 0.05
"""Seconds between two `settings` of one box: a fader that moves is told 20 times a second."""
MOST_BYTES = 512 * 1024
"""The document as a file. It has room for 256 boxes and for scenes of them."""
MOST_AWAY = 256
"""Boxes that are gone, without a place in the document, of which desks are still told."""

DeskMessage = s.DeskOpen | s.DeskSet | s.DeskSolo | s.DeskRecall | s.DeskUndo


@dataclass(slots=True, eq=False)
class _Box:
    """What is known of one box since the start of the server."""

    id: str
    conn: int = 0
    """0: it is away."""
    name: str = ""
    steered: bool = False
    since: float = 0.0
    told: s.BoxSettings | None = None
    told_at: float = 0.0
    applied: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    late: bool = False
    """It is to be told something, but not before `told_at + PUSH_S`."""


class Steering:
    """Desks and boxes of one edge. `document` None: there is no desk, as on an edge that shares its clients."""

    def __init__(self, clients: Clients, outbox: Outbox, document: Document | None = None) -> None:
        self._clients = clients
        self._out = outbox
        self._document = document or Document(epoch="none")
        self._none = document is None
        self._solo: list[str] = []
        self._desks: dict[int, Client] = {}
        self._boxes: dict[str, _Box] = {}
        self._undo: tuple[Document, Scene] | None = None
        self._ramp_ms = FADE_MS
        self._push_at: float | None = None

    @property
    def document(self) -> Document:
        """The document as it is now."""
        return self._document

    def handle(self, client: Client, message: s.Steering, now: float) -> None:
        """A message of a desk or a box. Raises ProtocolError, and has changed nothing then."""
        about = str(message.__struct_config__.tag)
        client.check_source(None, about)
        if isinstance(message, s.SettingsApplied):
            self._applied(client, message, now)
            return
        if not isinstance(message, DeskMessage):
            raise ProtocolError("wrong-way", f"only a server sends {about}: see docs/integrate/protocol.md", about)
        if client.role != "desk":
            raise ProtocolError("wrong-role", "only a desk steers: register with role `desk`", about)
        if self._none:
            text = "this server keeps no settings of boxes: it has --registry, or its log names a damaged file"
            raise ProtocolError("not-here", text, about)
        try:
            self._asked(client, message, now)
        except ProtocolError as error:
            error.about = about
            raise

    def arrived(self, client: Client, now: float) -> None:
        """A client has registered, or has said again who it is."""
        if client.role != "synth" or self._none:
            return
        meta = (client.asked.meta if client.asked is not None else None) or {}
        box = self._boxes.setdefault(client.id, _Box(client.id))
        if box.conn != client.conn:
            box.since, box.told, box.applied, box.refused = self._out.timestamp(now), None, 0, {}
        box.conn, box.steered = client.conn, meta.get(s.STEERED) is True
        box.name = str(meta.get("name") or "")[:64]
        self._tell(self._told_of(box))
        self._follow(now)

    def left(self, client: Client, now: float) -> None:
        """A connection is gone."""
        self._desks.pop(client.conn, None)
        box = self._boxes.get(client.id)
        if box is None or box.conn != client.conn:
            return
        box.conn, box.since, box.late = 0, self._out.timestamp(now), False
        self._tell(self._told_of(box))
        away = [each.id for each in self._boxes.values() if not each.conn and each.id not in self._document.boxes]
        for id in away[: max(0, len(away) - MOST_AWAY)]:
            del self._boxes[id]
        self._follow(now)  # its solo counts no more

    def followed(self, id: str) -> tuple[bool, tuple[str, ...]] | None:
        """Whether a box does what it was told, and why it is silent. None: it was told nothing."""
        box = self._boxes.get(id)
        if box is None or box.told is None:
            return None
        return box.applied >= box.told.rev, tuple(box.told.because)

    def next_deadline(self) -> float | None:
        """When `on_deadline` has something to do, or None."""
        return self._push_at

    def on_deadline(self, now: float) -> None:
        """Boxes that were told something a moment ago are told the newest."""
        if self._push_at is not None and now >= self._push_at:
            self._follow(now)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _asked(self, client: Client, message: DeskMessage, now: float) -> None:
        document = self._document
        request = None if isinstance(message, s.DeskOpen) else message.request
        if isinstance(message, s.DeskOpen):
            self._open(client)
            return
        if isinstance(message, s.DeskSet):
            self._replace(change(document, message.path, message.set, message.base), client, request)
        elif isinstance(message, s.DeskRecall):
            after, scene = recall(document, message.scene.removeprefix("scenes/"))
            self._ramp_ms = max(FADE_MS, 1000.0 * scene.ramp_s)
            self._replace(after, client, request)
            self._undo = (document, scene)
        elif isinstance(message, s.DeskUndo):
            if self._undo is None:
                raise ProtocolError("bad-setting", "no scene was recalled since the server started: nothing to undo")
            before, scene = self._undo
            self._replace(back(document, before, scene), client, request)
            self._undo = None
        else:
            self._set_solo(client, message)
        if request is not None:
            self._out.send(client.conn, s.DeskDone(request=request, rev=self._document.rev))
        self._follow(now)
        self._ramp_ms = FADE_MS

    def _open(self, client: Client) -> None:
        self._desks[client.conn] = client
        document = self._document
        everything: list[Message] = [s.DeskOpened(epoch=document.epoch, rev=document.rev, solo=list(self._solo))]
        everything += [
            s.DeskChanged(rev=document.rev, path=path, set=dict(documents.fields_of(each)))
            for path, each in _parts(document)
        ]
        known = {**{id: _Box(id) for id in document.boxes}, **self._boxes}
        everything += [self._told_of(box) for box in known.values()]
        self._out.send_all((client.conn,), tuple(everything))

    def _replace(self, after: Document, by: Client, request: int | None) -> None:
        """There is another document: desks are told of everything that is another now."""
        if after.scenes is not self._document.scenes and len(documents.encode(after)) > MOST_BYTES:
            raise ProtocolError("bad-setting", "the scenes take too much room: delete one first")
        if not self._document.steered:  # steering begins: whoever is known plays on as loud as before
            after = msgspec.structs.replace(after, boxes={**{id: Box() for id in self._boxes}, **after.boxes})
        old, new = dict(_parts(self._document)), dict(_parts(after))
        self._document = after
        for path in [*new, *(path for path in old if path not in new)]:
            if new.get(path) != old.get(path):
                there = new.get(path)
                values = None if there is None else dict(documents.fields_of(there))
                wanted = UNSET if request is None else request
                self._tell(s.DeskChanged(rev=after.rev, path=path, set=values, by=by.id, request=wanted))

    def _set_solo(self, client: Client, message: s.DeskSolo) -> None:
        kind, _, id = message.path.partition("/")
        there: Any = {"zones": self._document.zones, "boxes": {**self._document.boxes, **self._boxes}}.get(kind, ())
        if id not in there:
            raise ProtocolError("bad-setting", f"{message.path!r} does not exist: solo zones/ID or boxes/ID")
        others = [path for path in self._solo if path != message.path]
        self._solo = [*others, message.path] if message.on else others
        wanted = UNSET if message.request is None else message.request
        self._tell(s.DeskSoloed(solo=list(self._solo), by=client.id, request=wanted))

    def _applied(self, client: Client, message: s.SettingsApplied, now: float) -> None:
        box = self._boxes.get(client.id)
        if box is None or box.conn != client.conn or message.epoch != self._document.epoch:
            return
        box.applied, box.refused = message.rev, dict(message.refused)
        self._tell(self._told_of(box))

    def _follow(self, now: float) -> None:
        """Tell every box that is there what has become another for it; who was told a moment ago waits."""
        self._push_at = None
        if not (self._document.steered or self._solo):
            return
        here = {box.id for box in self._boxes.values() if box.conn}
        for box in self._boxes.values():
            if not (box.conn and box.steered):
                continue
            settings = self._settings(effective(self._document, box.id, self._solo, here))
            if box.told is not None and _same(box.told, settings):
                continue
            due = box.told_at + PUSH_S
            if box.told is not None and now < due and settings.ramp_ms <= FADE_MS:
                self._push_at = due if self._push_at is None else min(self._push_at, due)
                continue
            box.told, box.told_at = settings, now
            self._out.send(box.conn, settings)
            self._tell(self._told_of(box))

    def _settings(self, of: Effective) -> s.BoxSettings:
        return s.BoxSettings(
            epoch=self._document.epoch,
            rev=self._document.rev,
            gain_db=of.gain_db,
            because=[why[:80] for why in of.because],
            ramp_ms=self._ramp_ms,
            delay_ms=of.delay_ms,
            preset=of.preset,
            audio=of.audio,
            name=of.name,
        )

    def _told_of(self, box: _Box) -> s.DeskBox:
        return s.DeskBox(
            id=box.id,
            here=box.conn != 0,
            name=box.name,
            steered=box.steered,
            since=box.since or UNSET,
            wanted=box.told.rev if box.told is not None else 0,
            applied=box.applied,
            refused=dict(box.refused),
        )

    def _tell(self, message: Message) -> None:
        if self._desks:
            self._out.send(tuple(self._desks), message)


def _parts(document: Document) -> Iterator[tuple[str, msgspec.Struct]]:
    """Everything that a path names."""
    yield "master", document.master
    for kind in ("zones", "boxes", "scenes"):
        for id, each in getattr(document, kind).items():
            yield f"{kind}/{id}", each


def _same(one: s.BoxSettings, other: s.BoxSettings) -> bool:
    """Whether both ask for the same, however long it may take and whatever revision says so."""
    return msgspec.structs.replace(one, rev=other.rev, ramp_ms=other.ramp_ms) == other
