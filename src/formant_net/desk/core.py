"""The desk's core: its copy of the fleet document, and what became of each request.

Out of scope: what a change means (fleet/changes.py), who may be a desk (server/access/grant.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UnsetType

from formant_net.client.core import ClientCore
from formant_net.client.effects import Effect
from formant_net.client.servers import Server
from formant_net.fleet.document import Box, Document, Master, Scene, Zone
from formant_net.protocol import steering as s
from formant_net.protocol.messages import Error, Message, Unknown
from formant_net.protocol.timing import Timing

_PARTS: dict[str, type[msgspec.Struct]] = {"master": Master, "zones": Zone, "boxes": Box, "scenes": Scene}
LOST = "the server went away before it answered: look, then do it again"
MOST_OUTCOMES = 100
"""Outcomes that are kept, the newest."""
LEVEL_OLD_S = 2.0
"""Seconds after which a level is old: a box says it once a second at least."""
Request = s.DeskSet | s.DeskSolo | s.DeskRecall | s.DeskUndo | s.DeskIdentify


class Refused(Exception):
    """The server did not do what was asked. The text says why; `code` is that of the protocol."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Desk(ClientCore[Effect]):
    """One desk. No I/O, no clock: `now` is s of one monotonic clock.

    wants_health   it asks how the boxes are; then `health` has the newest of each
    wants_levels   it asks how loud they are
    """

    role = "desk"

    def __init__(
        self,
        client_id: str,
        servers: Sequence[Server],
        timing: Timing,
        random: Callable[[], float],
        *,
        meta: Mapping[str, Any] | None = None,
        searching: bool = False,
        wants_health: bool = False,
        wants_levels: bool = False,
    ) -> None:
        super().__init__(client_id, "desk", meta, servers, timing, random, searching=searching)
        self.epoch = ""
        """Of the document; "" as long as it is not open."""
        self.rev = 0
        self.boxes: dict[str, s.DeskBox] = {}
        """How each box is, by its id."""
        self.health: dict[str, tuple[float, s.Health]] = {}
        """The newest `health` of each box, and when the box said it, s of our clock."""
        self._levels: dict[str, tuple[float, float]] = {}
        """The newest level of each box, and when it was heard, s."""
        self.solo: tuple[str, ...] = ()
        self.fault: Refused | None = None
        """Why the document cannot be opened."""
        self._following = 0
        self._parts: dict[str, dict[str, Any]] = {}
        self._wants_health, self._wants_levels = wants_health, wants_levels
        self._last = 0
        self._asked: set[int] = set()
        """Requests without an answer."""
        self._outcomes: dict[int, int | Refused] = {}

    @property
    def whole(self) -> bool:
        """Whether everything of the document is here, and not its beginning alone."""
        return self.open and self._following <= 0

    @property
    def open(self) -> bool:
        """Whether the document is here as the server has it."""
        return self.online and bool(self.epoch)

    @property
    def document(self) -> Document:
        """The document as far as it is known, without what only a newer server knows, or sends in a way of its own."""
        try:
            return self._read(self._parts)
        except msgspec.ValidationError:
            return self._read({path: values for path, values in self._parts.items() if self._reads(path, values)})

    def ask(self, request: Request, now: float) -> int:
        """Send a request. Returns its number, by which `outcome` finds what became of it.

        Without a server it is lost at once.
        """
        self._last += 1
        self._asked.add(self._last)
        if not self.online:
            self._lose()
        self._signaling.send(msgspec.structs.replace(request, request=self._last))
        self._settle(now)
        return self._last

    def outcome(self, number: int) -> int | Refused | None:
        """The revision since which the request counts, why it was refused, or None: not known yet."""
        return self._outcomes.get(number)

    def level(self, id: str, now: float) -> float | None:
        """How loud a box is, dB of full scale; None: not known, or what is known is old."""
        heard_at, peak_db = self._levels.get(id, (0.0, 0.0))
        return peak_db if id in self._levels and now - heard_at < LEVEL_OLD_S and self.online else None

    def following(self) -> tuple[list[str], list[str], list[str]]:
        """Ids of boxes: those that do what they were told, those that do not yet, those that are away.

        An older box, which does not read settings, is in none of them.
        """
        done: list[str] = []
        late: list[str] = []
        away: list[str] = []
        for id, box in sorted(self.boxes.items()):
            if not box.here:
                away.append(id)
            elif box.steered:
                (done if box.applied >= box.wanted else late).append(id)
        return done, late, away

    def on_deadline(self, now: float) -> None:
        """Time has passed: heartbeats, tries again."""
        self._wakeup.clear()
        self._signaling.on_deadline(now)
        self._settle(now)

    def closed(self, attempt: int, reason: str, now: float) -> None:
        """The WebSocket of `attempt` is closed. What was asked for, and is not answered, is lost."""
        super().closed(attempt, reason, now)
        if not self.online:
            self._lose()

    def receive(self, attempt: int, message: Message | Unknown, now: float) -> None:
        """A message from the server. An older server cannot read the role, and says so: it has no desk."""
        if isinstance(message, Error) and (message.code, message.about) == ("bad-message", "register"):
            self.fault = Refused("not-here", "this server is of an older version, which keeps no settings of boxes")
        super().receive(attempt, message, now)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _read(self, parts: Mapping[str, dict[str, Any]]) -> Document:
        """Raises ValidationError if one of them cannot be read."""
        found: dict[str, Any] = {"epoch": self.epoch[:64] or "none", "rev": max(0, self.rev)}
        for path, values in parts.items():
            kind, _, id = path.partition("/")
            if id:
                found.setdefault(kind, {})[id] = _known(kind, values)
            else:
                found[kind] = _known(kind, values)
        return msgspec.convert(found, Document)

    def _reads(self, path: str, values: dict[str, Any]) -> bool:
        try:
            self._read({path: values})
        except msgspec.ValidationError:
            return False
        return True

    def _registered(self) -> None:
        self.epoch, self.fault, self.boxes, self._parts, self.health = "", None, {}, {}, {}
        self._levels = {}
        self._lose()
        self._signaling.send(s.DeskOpen(health=self._wants_health))
        if self._wants_levels:
            self._signaling.send(s.DeskMeters())

    def _receive(self, message: Message | Unknown, now: float) -> None:
        if isinstance(message, s.DeskOpened):
            self.epoch, self.rev, self.solo = message.epoch, message.rev, tuple(message.solo)
            self._following = message.following
        elif isinstance(message, s.DeskChanged):
            self._following -= 1
            self.rev = message.rev
            if message.set is None:
                self._parts.pop(message.path, None)
                self._forget(message.path)
            else:
                self._parts[message.path] = message.set
        elif isinstance(message, s.DeskBox):
            self._following -= 1
            self.boxes[message.id] = message
            if not message.here:
                self._levels.pop(message.id, None)
        elif isinstance(message, s.DeskHealth):
            self.health[message.id] = (now - message.age_s, message.health)
        elif isinstance(message, s.DeskLevels):
            self._levels.update({id: (now, peak_db) for id, peak_db in message.peak_db.items()})
        elif isinstance(message, s.DeskSoloed):
            self.solo = tuple(message.solo)
        elif isinstance(message, s.DeskDone):
            self._done(message.request, message.rev)
        elif isinstance(message, Error) and message.about.startswith("desk-"):
            refused = Refused(message.code, message.message)
            if message.about == "desk-open":
                self.fault = refused
            else:
                number = message.request
                self._done(self._last if isinstance(number, UnsetType) else number, refused)
        else:
            self._otherwise(message)

    def _done(self, number: int, outcome: int | Refused) -> None:
        self._asked.discard(number)
        self._outcomes[number] = outcome
        for old in list(self._outcomes)[:-MOST_OUTCOMES]:
            del self._outcomes[old]

    def _lose(self) -> None:
        for number in sorted(self._asked):
            self._done(number, Refused("not-here", LOST))

    def _forget(self, path: str) -> None:
        """A part is deleted. A box that is away is then gone; one that is here stays, as a newcomer."""
        kind, _, id = path.partition("/")
        if kind == "boxes" and id in self.boxes and not self.boxes[id].here:
            del self.boxes[id]
            self.health.pop(id, None)


def _known(kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that this version knows; a newer server may send more."""
    part = _PARTS.get(kind)
    return {name: value for name, value in values.items() if part is None or name in part.__struct_fields__}
