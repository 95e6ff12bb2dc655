"""Steering: desks change the fleet document, and hear of every change.

A box gets its settings when it registers and whenever they change, also if it was away at the change. Several edges
agree on the document first (fleet/agreed.py).

Out of scope: what each box is told (following.py), and how boxes are (boxes.py).
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import UNSET

from formant_net.fleet import document as documents
from formant_net.fleet.agreed import Agreed, Asked, Failed, Keep, News, SetAside
from formant_net.fleet.document import Document
from formant_net.fleet.wanted import FADE_MS, Outcome, Wanted, carried_out
from formant_net.protocol import steering as s
from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.fields import Message
from formant_net.server.clients import Client, Clients
from formant_net.server.desks.boxes import Box, Boxes, view_of
from formant_net.server.desks.following import Following
from formant_net.server.desks.open_desks import OpenDesks
from formant_net.server.edges.elsewhere import Elsewhere
from formant_net.server.outputs import Outbox
from formant_net.server.registry import bus
from formant_net.server.registry.leases import Lease
from formant_net.timers.allowance import Allowance

CHANGES_PER_S, CHANGES_BURST = 400.0, 1000
"""Changes of all desks together. Each costs half a millisecond for 200 boxes."""

DeskMessage = s.DeskOpen | s.DeskSet | s.DeskSolo | s.DeskRecall | s.DeskUndo | s.DeskIdentify


class Steering:
    """Desks and boxes of one edge. `document` None: there is no desk, because its file is damaged.

    agreed      what several edges agree on; None: this edge is alone
    elsewhere   the other edges
    """

    def __init__(
        self,
        clients: Clients,
        outbox: Outbox,
        document: Document | None = None,
        agreed: Agreed | None = None,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        self._clients = clients
        self._out = outbox
        self._agreed = agreed
        self._elsewhere = elsewhere
        self._none = document is None and agreed is None
        self._wanted = agreed.wanted if agreed is not None else Wanted(document=document or Document(epoch="none"))
        self._desks = OpenDesks(clients, outbox, elsewhere)
        self._boxes = Boxes(outbox, self._desks, elsewhere)
        self._following = Following(outbox, self._desks, self._boxes, elsewhere)
        self._changes = Allowance(CHANGES_PER_S, CHANGES_BURST, 0.0)
        self.forgotten: list[str] = []
        """Boxes that were deleted while they were away. The hub empties it."""
        self.set_aside: list[Document] = []
        """Documents that count no more, because the other edges had one already. The shell keeps them."""

    @property
    def document(self) -> Document:
        """The document as it is now."""
        return self._wanted.document

    @property
    def fault(self) -> str:
        """Why nothing can be changed now; "": it can."""
        return self._agreed.fault if self._agreed is not None else ""

    def writes(self) -> list[Keep]:
        """What the engine of the edges is to keep."""
        return self._agreed.writes() if self._agreed is not None else []

    # --- in --------------------------------------------------------------------------------------------------------

    def handle(self, client: Client, message: s.Steering, now: float) -> None:
        """A message of a desk or a box. Raises ProtocolError, and has changed nothing then."""
        try:
            self._handle(client, message, now)
        except ProtocolError as error:
            number = getattr(message, "request", None)
            error.request = number if isinstance(number, int) else None
            raise

    def arrived(self, client: Client, now: float) -> None:
        """A client has registered, or has said again who it is."""
        if client.role != "synth" or self._none:
            return
        self._boxes.arrived(client, now)
        self._following.soon(self._wanted, now)

    def left(self, client: Client, now: float) -> None:
        """A connection is gone."""
        self._desks.remove(client, now)
        if self._boxes.left(client, self.document.boxes, now):
            self._following.soon(self._wanted, now)  # its solo counts no more

    def elsewhere(self, id: str, lease: Lease | None, now: float) -> None:
        """A box has come to another edge, which has this `lease` of it, or has left it (None)."""
        if lease is not None:
            self._boxes.arrived_elsewhere(lease, now)
        elif not self._boxes.left_elsewhere(id, self.document.boxes, now):
            return
        self._following.soon(self._wanted, now)

    def heard(self, envelope: bus.Watch | bus.BoxNews | bus.Followed | bus.Identify) -> None:
        """Another edge says how its boxes are, wants to know how those of this one are, or which of them is which."""
        if not isinstance(envelope, bus.Watch):
            self._boxes.heard(envelope)
        elif self._elsewhere is not None:
            own = [view_of(box) for box in self._boxes if box.conn]
            self._following.behind = self._following.due is not None
            self._elsewhere.watched(envelope, own, 0 if self._following.behind else self.document.rev)

    def edges_changed(self, now: float) -> None:
        """Other edges have come or gone, or the engine has said something."""
        self._collect(now)
        self._desks.watch(now)

    # --- out -------------------------------------------------------------------------------------------------------

    def followed(self, id: str) -> tuple[bool, tuple[str, ...]] | None:
        """Whether a box does what it was told, and why it is silent. None: it was told nothing."""
        box = self._boxes.get(id)
        if box is None or box.told is None:
            return None
        return box.applied >= box.told.rev, tuple(box.told.because)

    def at_another_edge(self, id: str) -> bool:
        """Whether another edge has this box."""
        box = self._boxes.get(id)
        return box is not None and bool(box.node)

    def next_deadline(self) -> float | None:
        """When `on_deadline` has something to do, or None."""
        write, due = self._agreed.next_deadline() if self._agreed is not None else None, self._following.due
        if write is None or due is None:
            return due if write is None else write
        return min(write, due)

    def on_deadline(self, now: float) -> None:
        """Boxes that were told something a moment ago are told the newest."""
        if self._agreed is not None:
            self._agreed.on_deadline(now)
            self._collect(now)
        if self._following.due is not None and now >= self._following.due:
            self._following.follow(self._wanted, now)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _handle(self, client: Client, message: s.Steering, now: float) -> None:
        about = str(message.__struct_config__.tag)
        client.check_source(None, about)
        if isinstance(message, s.SettingsApplied):
            present = message.epoch == self.document.epoch
            if message.kept is not UNSET:
                self._boxes.went_on(client, None if present else message.kept)
            elif present:
                self._boxes.applied(client, message)
            return
        if not isinstance(message, DeskMessage):
            raise ProtocolError("wrong-way", f"only a server sends {about}: see docs/integrate/protocol.md", about)
        if client.role != "desk":
            raise ProtocolError("wrong-role", "only a desk steers: register with role `desk`", about)
        if self._none:
            text = "this server keeps no settings of boxes: its log names a damaged file"
            raise ProtocolError("not-here", text, about)
        try:
            self._asked(client, message, now)
        except ProtocolError as error:
            error.about = about
            raise

    def _asked(self, client: Client, message: DeskMessage, now: float) -> None:
        if not self._changes.take(now):
            raise ProtocolError("too-fast", f"desks may change {CHANGES_PER_S:g} things a second: try again")
        if isinstance(message, s.DeskOpen):
            self._open(client, now)
        elif isinstance(message, s.DeskIdentify):
            self._boxes.identify(message.id, message.on)
            if message.request is not None:
                self._out.send(client.conn, s.DeskDone(request=message.request, rev=self.document.rev))
        elif self._agreed is not None:
            self._agreed.ask(Asked(client.conn, message), frozenset(self._boxes.ids), now)
            self._collect(now)
        else:
            outcome = carried_out(self._wanted, message, self._boxes.ids, self._boxes.kept)
            self._replace(outcome, Asked(client.conn, message))
            self._following.soon(self._wanted, now, outcome.ramp_ms)

    def _collect(self, now: float) -> None:
        """Take in what the edges have agreed on."""
        if self._agreed is None or not (results := self._agreed.results()):
            return
        ramp_ms = FADE_MS
        for result in results:
            if isinstance(result, News):
                self._replace(result.outcome, result.asked)
                ramp_ms = max(ramp_ms, result.outcome.ramp_ms)
            elif isinstance(result, SetAside):
                self.set_aside.append(result.document)
            elif isinstance(result, Failed) and result.asked.conn in self._clients:
                result.error.about = str(result.asked.request.__struct_config__.tag)
                result.error.request = result.asked.request.request
                self._out.error(result.asked.conn, result.error)
        self._following.follow(self._wanted, now, ramp_ms)

    def _open(self, client: Client, now: float) -> None:
        self._desks.add(client)
        document = self.document
        everything: list[Message] = [
            s.DeskChanged(rev=document.rev, path=path, set=dict(documents.fields_of(each)))
            for path, each in _parts(document)
        ]
        known = {**{id: Box(id) for id in document.boxes}, **{box.id: box for box in self._boxes}}
        everything += [view_of(box) for box in known.values()]
        begin = s.DeskOpened(
            epoch=document.epoch, rev=document.rev, solo=list(self._wanted.solo), following=len(everything)
        )
        self._out.send_all((client.conn,), (begin, *everything))
        self._desks.watch(now)

    def _replace(self, outcome: Outcome, asked: Asked | None) -> None:
        """Something else is wanted: desks are told of everything that has changed."""
        before, after = self._wanted, outcome.wanted
        old, new = dict(_parts(before.document)), dict(_parts(after.document))
        self._wanted, self._following.behind = after, True
        client = self._clients.get(asked.conn) if asked is not None else None
        by = client.id if client is not None else UNSET
        number = asked.request.request if asked is not None else None
        request = UNSET if number is None else number
        rev, solo = after.document.rev, list(after.solo)
        if before.document.epoch != after.document.epoch:
            self._desks.tell(s.DeskOpened(epoch=after.document.epoch, rev=rev, solo=solo))
        for path in [*new, *(path for path in old if path not in new)]:
            if new.get(path) is not old.get(path) and new.get(path) != old.get(path):
                there = new.get(path)
                values = None if there is None else dict(documents.fields_of(there))
                self._desks.tell(s.DeskChanged(rev=rev, path=path, set=values, by=by, request=request))
                if there is None and path.startswith("boxes/"):
                    id = path.removeprefix("boxes/")
                    if self._boxes.deleted(id):
                        self.forgotten.append(id)
        if before.solo != after.solo or (asked is not None and isinstance(asked.request, s.DeskSolo)):
            self._desks.tell(s.DeskSoloed(solo=solo, by=by, request=request))
        if client is not None and number is not None:
            self._out.send(client.conn, s.DeskDone(request=number, rev=rev))


def _parts(document: Document) -> Iterator[tuple[str, msgspec.Struct]]:
    """Everything that a path names."""
    yield "master", document.master
    for kind in ("zones", "boxes", "scenes"):
        for id, each in getattr(document, kind).items():
            yield f"{kind}/{id}", each
