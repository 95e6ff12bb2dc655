"""Steering: desks change the fleet document, and every box is told what follows for it.

A box gets its settings when it registers and whenever they change, also if it was away at the change. As long as nobody
has ever changed the document, no box is told anything. Each edge tells its own boxes. Several edges agree on the
document first (fleet/agreed.py).

Out of scope: what a change means (formant_net/fleet), where the document is kept (aio/server/kept_desk.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec
from msgspec import UNSET

from formant_net.fleet import document as documents
from formant_net.fleet.agreed import Agreed, Asked, Failed, Keep, News, SetAside
from formant_net.fleet.document import Document
from formant_net.fleet.effective import Effective, House
from formant_net.fleet.wanted import FADE_MS, Outcome, Wanted, carried_out
from formant_net.protocol import steering as s
from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.fields import Message
from formant_net.protocol.standing import is_phone
from formant_net.server.clients import Client, Clients
from formant_net.server.edges.elsewhere import Elsewhere
from formant_net.server.outputs import Outbox
from formant_net.server.registry import bus
from formant_net.server.registry.leases import Lease
from formant_net.timers.allowance import Allowance

PUSH_S = 0.05
"""Seconds between two `settings` of one box: a fader that moves is told 20 times a second."""
FOLLOWS_PER_S, FOLLOWS_BURST = 20.0, 64
"""How often it is worked out what follows for all boxes: 1 ms for 200. A flood of changes is told as one."""
CHANGES_PER_S, CHANGES_BURST = 400.0, 1000
"""Changes of all desks together. Each costs half a millisecond for 200 boxes."""
MOST_DESKS = 64
"""Desks that are told of each change."""
MOST_AWAY = 256
"""Boxes that are gone, without a place in the document, of which desks are still told."""

DeskMessage = s.DeskOpen | s.DeskSet | s.DeskSolo | s.DeskRecall | s.DeskUndo | s.DeskIdentify


@dataclass(slots=True, eq=False)
class _Box:
    """What is known of one box since the start of the server."""

    id: str
    conn: int = 0
    """0: it is not at this edge."""
    node: str = ""
    """Where it is at another edge."""
    news: s.DeskBox | None = None
    """What that edge has said of it."""
    owed: int = 0
    """Its edge has still to tell it what follows from this revision; 0: nothing."""
    name: str = ""
    steered: bool = False
    identifies: bool = False
    since: float = 0.0
    told: s.BoxSettings | None = None
    told_at: float = 0.0
    applied: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    late: bool = False
    """It is to be told something, but not before `told_at + PUSH_S`."""

    @property
    def here(self) -> bool:
        """Whether it is at any edge."""
        return bool(self.conn or self.node)


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
        self._desks: dict[int, Client] = {}
        self._boxes: dict[str, _Box] = {}
        self._ramp_ms = FADE_MS
        self._push_at: float | None = None
        self._changes = Allowance(CHANGES_PER_S, CHANGES_BURST, 0.0)
        self._follows = Allowance(FOLLOWS_PER_S, FOLLOWS_BURST, 0.0)
        self._behind = False
        """Other edges have still to hear that the boxes of this one follow."""
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

    def handle(self, client: Client, message: s.Steering, now: float) -> None:
        """A message of a desk or a box. Raises ProtocolError, and has changed nothing then."""
        try:
            self._handle(client, message, now)
        except ProtocolError as error:
            number = getattr(message, "request", None)
            error.request = number if isinstance(number, int) else None
            raise

    def _handle(self, client: Client, message: s.Steering, now: float) -> None:
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
            text = "this server keeps no settings of boxes: its log names a damaged file"
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
        box.conn, box.node, box.news, box.owed = client.conn, "", None, 0
        box.steered, box.name = meta.get(s.STEERED) is True, _plain(meta.get("name"))
        box.identifies = meta.get(s.IDENTIFIES) is True
        self._tell_box(box)
        self._follow_soon(now)

    def left(self, client: Client, now: float) -> None:
        """A connection is gone."""
        if self._desks.pop(client.conn, None) is not None and not self._desks and self._elsewhere is not None:
            self._elsewhere.watch(False, now)
        box = self._boxes.get(client.id)
        if box is None or box.conn != client.conn:
            return
        box.conn, box.late = 0, False
        self._gone(box, now)

    def elsewhere(self, id: str, lease: Lease | None, now: float) -> None:
        """A box has come to another edge, which has this `lease` of it, or has left it (None)."""
        box = self._boxes.get(id)
        if lease is None:
            if box is not None and box.node:
                box.node, box.news, box.owed, box.told = "", None, 0, None
                self._gone(box, now)
            return
        box = self._boxes.setdefault(id, _Box(id))
        if box.node != lease.place.node:
            box.since, box.told, box.owed, box.news = self._out.timestamp(now), None, 0, None
        box.conn, box.node = 0, lease.place.node
        box.steered, box.name = lease.meta.get(s.STEERED) is True, _plain(lease.meta.get("name"))
        box.identifies = lease.meta.get(s.IDENTIFIES) is True
        self._tell_box(box)
        self._follow_soon(now)

    def heard(self, envelope: bus.Watch | bus.BoxNews | bus.Followed | bus.Identify) -> None:
        """Another edge says how its boxes are, wants to know how those of this one are, or which of them is which."""
        if isinstance(envelope, bus.Watch):
            if self._elsewhere is not None:
                own = [self._told_of(box) for box in self._boxes.values() if box.conn]
                self._elsewhere.watched(envelope, own, self.document.rev if self._push_at is None else 0)
                self._behind = self._push_at is not None
        elif isinstance(envelope, bus.Identify):
            box = self._boxes.get(envelope.id)
            if box is not None and box.conn:
                self._out.send(box.conn, s.Identify(seconds=envelope.seconds))
        elif isinstance(envelope, bus.BoxNews):
            box = self._boxes.get(envelope.box.id)
            if box is not None and box.node == envelope.node and envelope.box.here:
                box.news = envelope.box
                self._tell_box(box)
        else:
            for box in self._boxes.values():
                if box.node == envelope.node and 0 < box.owed <= envelope.rev:
                    box.owed = 0
                    self._tell_box(box)

    def edges_changed(self, now: float) -> None:
        """Other edges have come or gone, or the engine has said something."""
        self._collect(now)
        if self._desks and self._elsewhere is not None:
            self._elsewhere.watch(True, now)

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
        write = self._agreed.next_deadline() if self._agreed is not None else None
        if write is None or self._push_at is None:
            return self._push_at if write is None else write
        return min(write, self._push_at)

    def on_deadline(self, now: float) -> None:
        """Boxes that were told something a moment ago are told the newest."""
        if self._agreed is not None:
            self._agreed.on_deadline(now)
            self._collect(now)
        if self._push_at is not None and now >= self._push_at:
            self._follow(now)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _asked(self, client: Client, message: DeskMessage, now: float) -> None:
        if not self._changes.take(now):
            raise ProtocolError("too-fast", f"desks may change {CHANGES_PER_S:g} things a second: try again")
        if isinstance(message, s.DeskOpen):
            self._open(client, now)
        elif isinstance(message, s.DeskIdentify):
            self._ask_to_identify(client, message)
        elif self._agreed is not None:
            self._agreed.ask(Asked(client.conn, message), frozenset(self._boxes), now)
            self._collect(now)
        else:
            outcome = carried_out(self._wanted, message, self._boxes)
            self._replace(outcome, Asked(client.conn, message))
            self._follow_soon(now, outcome.ramp_ms)

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
        self._follow(now, ramp_ms)

    def _open(self, client: Client, now: float) -> None:
        if client.conn not in self._desks and len(self._desks) >= MOST_DESKS:
            raise ProtocolError("server-full", f"{MOST_DESKS} desks are open: close one of them")
        self._desks[client.conn] = client
        document = self.document
        everything: list[Message] = [
            s.DeskChanged(rev=document.rev, path=path, set=dict(documents.fields_of(each)))
            for path, each in _parts(document)
        ]
        known = {**{id: _Box(id) for id in document.boxes}, **self._boxes}
        everything += [self._told_of(box) for box in known.values()]
        begin = s.DeskOpened(
            epoch=document.epoch, rev=document.rev, solo=list(self._wanted.solo), following=len(everything)
        )
        self._out.send_all((client.conn,), (begin, *everything))
        if self._elsewhere is not None:
            self._elsewhere.watch(True, now)

    def _replace(self, outcome: Outcome, asked: Asked | None) -> None:
        """Something else is wanted: desks are told of everything that is another now."""
        before, after = self._wanted, outcome.wanted
        old, new = dict(_parts(before.document)), dict(_parts(after.document))
        self._wanted, self._behind = after, True
        client = self._clients.get(asked.conn) if asked is not None else None
        by = client.id if client is not None else UNSET
        number = asked.request.request if asked is not None else None
        request = UNSET if number is None else number
        rev, solo = after.document.rev, list(after.solo)
        if before.document.epoch != after.document.epoch:
            self._tell(s.DeskOpened(epoch=after.document.epoch, rev=rev, solo=solo))
        for path in [*new, *(path for path in old if path not in new)]:
            if new.get(path) is not old.get(path) and new.get(path) != old.get(path):
                there = new.get(path)
                values = None if there is None else dict(documents.fields_of(there))
                self._tell(s.DeskChanged(rev=rev, path=path, set=values, by=by, request=request))
                if there is None and path.startswith("boxes/"):
                    self._forget(path.removeprefix("boxes/"))
        if before.solo != after.solo or (asked is not None and isinstance(asked.request, s.DeskSolo)):
            self._tell(s.DeskSoloed(solo=solo, by=by, request=request))
        if client is not None and number is not None:
            self._out.send(client.conn, s.DeskDone(request=number, rev=rev))

    def _forget(self, id: str) -> None:
        """A box was deleted. If it is away, a desk that opens hears of it no more."""
        box = self._boxes.get(id)
        if box is None or not box.here:
            self._boxes.pop(id, None)
            self.forgotten.append(id)

    def _ask_to_identify(self, client: Client, message: s.DeskIdentify) -> None:
        box = self._boxes.get(message.id)
        if box is None or not box.here:
            raise ProtocolError("bad-setting", f"{message.id} is away: switch it on, then identify it")
        if not box.identifies:
            raise ProtocolError("bad-setting", f"{message.id} is older and has no tune: update it")
        seconds = s.IDENTIFY_S if message.on else 0.0
        if box.conn:
            self._out.send(box.conn, s.Identify(seconds=seconds))
        elif self._elsewhere is not None:
            self._elsewhere.identify(box.node, box.id, seconds)
        if message.request is not None:
            self._out.send(client.conn, s.DeskDone(request=message.request, rev=self.document.rev))

    def _applied(self, client: Client, message: s.SettingsApplied, now: float) -> None:
        box = self._boxes.get(client.id)
        if box is None or box.conn != client.conn or message.epoch != self.document.epoch:
            return
        if box.told is None or not box.applied <= message.rev <= box.told.rev:
            return  # of settings that it was not sent
        refused = {_plain(field): _plain(why, 256) for field, why in message.refused.items()}
        if (box.applied, box.refused) != (message.rev, refused):
            box.applied, box.refused = message.rev, refused
            self._tell_box(box)

    def _gone(self, box: _Box, now: float) -> None:
        if box.here:
            return
        box.since = self._out.timestamp(now)
        self._tell_box(box)
        if is_phone(box.id) and box.id not in self.document.boxes:
            del self._boxes[box.id]  # hundreds of phones that come and go would push out boxes that are switched off
            self._follow_soon(now)
            return
        away = [each.id for each in self._boxes.values() if not each.here and each.id not in self.document.boxes]
        for id in away[: max(0, len(away) - MOST_AWAY)]:
            del self._boxes[id]
        self._follow_soon(now)  # its solo counts no more

    def _follow_soon(self, now: float, ramp_ms: float = FADE_MS) -> None:
        """Now, or a moment later with all that is changed until then."""
        if ramp_ms > FADE_MS or self._follows.take(now):
            self._follow(now, ramp_ms)
        elif self._push_at is None:
            self._push_at = now + PUSH_S

    def _follow(self, now: float, ramp_ms: float = FADE_MS) -> None:
        """Tell every box that is there what has become another for it; who was told a moment ago waits."""
        self._push_at, self._ramp_ms = None, ramp_ms
        if not (self.document.steered or self._wanted.solo):
            return
        here = {box.id for box in self._boxes.values() if box.here}
        house = House(self.document, self._wanted.solo, here)
        for box in self._boxes.values():
            if not (box.here and box.steered) or (box.node and not self._desks):
                continue
            settings = self._settings(house.box(box.id))
            if box.told is not None and _same(box.told, settings):
                continue
            if box.node:  # its edge tells it, and says when it has
                box.told, box.owed = settings, self.document.rev if box.told is not None else 0
                self._tell_box(box)
                continue
            due = box.told_at + PUSH_S
            if box.told is not None and now < due and settings.ramp_ms <= FADE_MS:
                self._push_at = due if self._push_at is None else min(self._push_at, due)
                continue
            box.told, box.told_at = settings, now
            self._out.send(box.conn, settings)
            self._tell_box(box)
        if self._behind and self._push_at is None and self._elsewhere is not None:
            self._behind = False
            self._elsewhere.followed(self.document.rev)

    def _settings(self, of: Effective) -> s.BoxSettings:
        return s.BoxSettings(
            epoch=self.document.epoch,
            rev=self.document.rev,
            gain_db=of.gain_db,
            because=[why[:80] for why in of.because],
            ramp_ms=self._ramp_ms,
            delay_ms=of.delay_ms,
            preset=of.preset,
            audio=of.audio,
            name=of.name,
        )

    def _told_of(self, box: _Box) -> s.DeskBox:
        if box.node:
            news = box.news or s.DeskBox(id=box.id, here=True, name=box.name, steered=box.steered)
            since = box.since if news.since is UNSET else news.since
            return msgspec.structs.replace(news, since=since, wanted=max(news.wanted, box.owed))
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

    def _tell_box(self, box: _Box) -> None:
        """Desks here, and edges with desks, are told how a box is."""
        told = self._told_of(box)
        self._tell(told)
        if box.conn and self._elsewhere is not None:
            self._elsewhere.tell(told)

    def _tell(self, message: Message) -> None:
        if desks := tuple(conn for conn in self._desks if conn in self._clients):  # one may end at the same moment
            self._out.send(desks, message)


def _parts(document: Document) -> Iterator[tuple[str, msgspec.Struct]]:
    """Everything that a path names."""
    yield "master", document.master
    for kind in ("zones", "boxes", "scenes"):
        for id, each in getattr(document, kind).items():
            yield f"{kind}/{id}", each


def _plain(text: object, most: int = 64) -> str:
    """What a box says of itself, for the terminals of desks: on one line, and without control characters."""
    return "".join(c if c.isprintable() else " " for c in str(text or "")[:most])


def _same(one: s.BoxSettings, other: s.BoxSettings) -> bool:
    """Whether both ask for the same, however long it may take and whatever revision says so."""
    return msgspec.structs.replace(one, rev=other.rev, ramp_ms=other.ramp_ms) == other
