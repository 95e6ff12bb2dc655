"""The boxes of the ensemble as one edge knows them: where each box is, what it was told, and what it has applied."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import UNSET

from formant_net.fleet import document as documents
from formant_net.protocol import steering as s
from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.standing import is_phone
from formant_net.server.clients import Client
from formant_net.server.desks.open_desks import OpenDesks
from formant_net.server.edges.elsewhere import Elsewhere
from formant_net.server.outputs import Outbox
from formant_net.server.registry import bus
from formant_net.server.registry.leases import Lease

MOST_AWAY = 256
"""Boxes that are away, without a place in the document, of which desks are still told."""


@dataclass(slots=True, eq=False)
class Box:
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
    kept: documents.Box | None = None
    """What it goes on with by the settings of another document: this server has lost its own, or is a new one."""

    @property
    def here(self) -> bool:
        """Whether it is at any edge."""
        return bool(self.conn or self.node)


class Boxes:
    """A table of boxes by id. Desks are told of each change of it, and so are other edges with desks.

    elsewhere   the other edges; None: this edge is alone
    """

    def __init__(self, outbox: Outbox, desks: OpenDesks, elsewhere: Elsewhere | None) -> None:
        self._out = outbox
        self._desks = desks
        self._elsewhere = elsewhere
        self._boxes: dict[str, Box] = {}

    def __iter__(self) -> Iterator[Box]:
        return iter(self._boxes.values())

    @property
    def ids(self) -> Collection[str]:
        """The ids of all boxes that are known, also of those that are away."""
        return self._boxes.keys()

    def get(self, id: str) -> Box | None:
        """The box of this id, or None."""
        return self._boxes.get(id)

    # --- boxes come and go -----------------------------------------------------------------------------------------

    def arrived(self, client: Client, now: float) -> None:
        """A box has registered at this edge, or has said again who it is."""
        box = self._boxes.setdefault(client.id, Box(client.id))
        if box.conn != client.conn:
            box.since, box.told, box.applied, box.refused = self._out.timestamp(now), None, 0, {}
        box.conn, box.node, box.news, box.owed = client.conn, "", None, 0
        self._described(box, (client.asked.meta if client.asked is not None else None) or {})

    def arrived_elsewhere(self, lease: Lease, now: float) -> None:
        """A box has come to another edge, which has this `lease` of it."""
        box = self._boxes.setdefault(lease.id, Box(lease.id))
        if box.node != lease.place.node:
            box.since, box.told, box.owed, box.news = self._out.timestamp(now), None, 0, None
        box.conn, box.node = 0, lease.place.node
        self._described(box, lease.meta)

    def left(self, client: Client, document: Collection[str], now: float) -> bool:
        """A connection of this edge has ended. Returns whether a box is away by that.

        document   ids of the boxes in the fleet document
        """
        box = self._boxes.get(client.id)
        if box is None or box.conn != client.conn:
            return False
        box.conn = 0
        return self._gone(box, document, now)

    def left_elsewhere(self, id: str, document: Collection[str], now: float) -> bool:
        """A box has left another edge. Returns and takes the same as `left`."""
        box = self._boxes.get(id)
        if box is None or not box.node:
            return False
        box.node, box.news, box.owed, box.told = "", None, 0, None
        return self._gone(box, document, now)

    def deleted(self, id: str) -> bool:
        """A desk has deleted a box. Returns whether it is forgotten: it is away, and desks hear of it no more."""
        box = self._boxes.get(id)
        if box is not None and box.here:
            return False
        self._boxes.pop(id, None)
        return True

    # --- what boxes and their edges say ----------------------------------------------------------------------------

    def applied(self, client: Client, message: s.SettingsApplied) -> None:
        """A box has applied settings of the present document. Ignored if it was not sent them."""
        box = self._boxes.get(client.id)
        if box is None or box.conn != client.conn:
            return
        if box.told is None or not box.applied <= message.rev <= box.told.rev:
            return
        refused = {_plain(field): _plain(why, 256) for field, why in message.refused.items()}
        if (box.applied, box.refused) != (message.rev, refused):
            box.applied, box.refused = message.rev, refused
            self.tell(box)

    def went_on(self, client: Client, kept: s.Kept | None) -> None:
        """What a box goes on with by settings of another document; None: it has settings of the present one."""
        box = self._boxes.get(client.id)
        if box is not None and box.conn == client.conn:
            box.kept = _place_of(kept) if kept is not None else None

    @property
    def kept(self) -> Mapping[str, documents.Box]:
        """Places in the document that leave boxes as they are, for boxes that another document has steered."""
        return {box.id: box.kept for box in self._boxes.values() if box.kept is not None}

    def heard(self, envelope: bus.BoxNews | bus.Followed | bus.Identify) -> None:
        """Another edge says how a box is, that its boxes were told, or that a box of this edge is to sing its tune."""
        if isinstance(envelope, bus.Identify):
            box = self._boxes.get(envelope.id)
            if box is not None and box.conn:
                self._out.send(box.conn, s.Identify(seconds=envelope.seconds))
        elif isinstance(envelope, bus.BoxNews):
            box = self._boxes.get(envelope.box.id)
            if box is not None and box.node == envelope.node and envelope.box.here:
                box.news = envelope.box
                self.tell(box)
        else:
            for box in self._boxes.values():
                if box.node == envelope.node and 0 < box.owed <= envelope.rev:
                    box.owed = 0
                    self.tell(box)

    # --- what desks ask and hear -----------------------------------------------------------------------------------

    def identify(self, id: str, on: bool) -> None:
        """A box sings its tune, or stops. Raises ProtocolError "bad-setting" if it is away or has no tune."""
        box = self._boxes.get(id)
        if box is None or not box.here:
            raise ProtocolError("bad-setting", f"{id} is away: switch it on, then identify it")
        if not box.identifies:
            raise ProtocolError("bad-setting", f"{id} is older and has no tune: update it")
        seconds = s.IDENTIFY_S if on else 0.0
        if box.conn:
            self._out.send(box.conn, s.Identify(seconds=seconds))
        elif self._elsewhere is not None:
            self._elsewhere.identify(box.node, box.id, seconds)

    def tell(self, box: Box) -> None:
        """Tell desks here, and edges with desks, how a box is."""
        view = view_of(box)
        self._desks.tell(view)
        if box.conn and self._elsewhere is not None:
            self._elsewhere.tell(view)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _described(self, box: Box, meta: Mapping[str, Any]) -> None:
        """Take what a box says of itself when it registers."""
        box.steered, box.name = meta.get(s.STEERED) is True, _plain(meta.get("name"))
        box.identifies = meta.get(s.IDENTIFIES) is True
        self.tell(box)

    def _gone(self, box: Box, document: Collection[str], now: float) -> bool:
        if box.here:
            return False
        box.since = self._out.timestamp(now)
        self.tell(box)
        if is_phone(box.id) and box.id not in document:
            del self._boxes[box.id]  # hundreds of phones that come and go would push out boxes that are switched off
            return True
        away = [each.id for each in self._boxes.values() if not each.here and each.id not in document]
        for id in away[: max(0, len(away) - MOST_AWAY)]:
            del self._boxes[id]
        return True


def view_of(box: Box) -> s.DeskBox:
    """How a box is, as desks are told it."""
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


def _place_of(kept: s.Kept) -> documents.Box:
    """A place in the document that leaves a box as it is. Its zone is not known any more: its fader has all of it."""
    return documents.Box(
        name=_plain(kept.name),
        db=kept.gain_db,
        mute=kept.silent,
        delay_ms=min(1000.0, kept.delay_ms),
        preset=_plain(kept.preset),
        audio=_plain(kept.audio, 200),
    )


def _plain(text: object, most: int = 64) -> str:
    """What a box says of itself, for the terminals of desks: on one line, and without control characters."""
    return "".join(c if c.isprintable() else " " for c in str(text or "")[:most])
