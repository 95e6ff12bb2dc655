"""Settings of boxes: what follows from the fleet document for each box, and when the box is told.

A flood of changes is worked out as one, and a box is told at most every `PUSH_S`. As long as nobody has ever changed
the document, no box is told anything. Each edge tells its own boxes.
"""

from __future__ import annotations

import msgspec

from formant_net.fleet.effective import Effective, House
from formant_net.fleet.wanted import FADE_MS, Wanted
from formant_net.protocol import steering as s
from formant_net.server.desks.boxes import Boxes
from formant_net.server.desks.open_desks import OpenDesks
from formant_net.server.edges.elsewhere import Elsewhere
from formant_net.server.outputs import Outbox
from formant_net.timers.allowance import Allowance

PUSH_S = 0.05
"""Seconds between two `settings` of one box: a fader that moves is told 20 times a second."""
FOLLOWS_PER_S, FOLLOWS_BURST = 20.0, 64
"""How often it is worked out what follows for all boxes: 1 ms for 200. A flood of changes is told as one."""


class Following:
    """Tells every box of this edge what follows for it.

    elsewhere   the other edges; None: this edge is alone
    """

    def __init__(self, outbox: Outbox, desks: OpenDesks, boxes: Boxes, elsewhere: Elsewhere | None) -> None:
        self._out = outbox
        self._desks = desks
        self._boxes = boxes
        self._elsewhere = elsewhere
        self._follows = Allowance(FOLLOWS_PER_S, FOLLOWS_BURST, 0.0)
        self.due: float | None = None
        """When `follow` has to be called again, because a box waits; None: none does."""
        self.behind = False
        """Other edges have still to hear that the boxes of this one follow."""

    def soon(self, wanted: Wanted, now: float, ramp_ms: float = FADE_MS) -> None:
        """Follow now, or a moment later with all that is changed until then. `ramp_ms`: how long gains move."""
        if ramp_ms > FADE_MS or self._follows.take(now):
            self.follow(wanted, now, ramp_ms)
        elif self.due is None:
            self.due = now + PUSH_S

    def follow(self, wanted: Wanted, now: float, ramp_ms: float = FADE_MS) -> None:
        """Tell every box that is there what has changed for it. A box that was told a moment ago waits."""
        self.due = None
        document = wanted.document
        if not (document.steered or wanted.solo):
            return
        house = House(document, wanted.solo, {box.id for box in self._boxes if box.here})
        for box in self._boxes:
            if not (box.here and box.steered) or (box.node and not self._desks):
                continue
            settings = _settings(wanted, house.box(box.id), ramp_ms)
            if box.told is not None and _same(box.told, settings):
                continue
            if box.node:  # its edge tells it, and says when it has
                box.told, box.owed = settings, document.rev if box.told is not None else 0
                self._boxes.tell(box)
                continue
            due = box.told_at + PUSH_S
            if box.told is not None and now < due and settings.ramp_ms <= FADE_MS:
                self.due = due if self.due is None else min(self.due, due)
                continue
            box.told, box.told_at = settings, now
            self._out.send(box.conn, settings)
            self._boxes.tell(box)
        if self.behind and self.due is None and self._elsewhere is not None:
            self.behind = False
            self._elsewhere.followed(document.rev)


def _settings(wanted: Wanted, of: Effective, ramp_ms: float) -> s.BoxSettings:
    return s.BoxSettings(
        epoch=wanted.document.epoch,
        rev=wanted.document.rev,
        gain_db=of.gain_db,
        because=[why[:80] for why in of.because],
        ramp_ms=ramp_ms,
        delay_ms=of.delay_ms,
        preset=of.preset,
        audio=of.audio,
        name=of.name,
    )


def _same(one: s.BoxSettings, other: s.BoxSettings) -> bool:
    """Whether both ask for the same, whatever their revision and ramp."""
    return msgspec.structs.replace(one, rev=other.rev, ramp_ms=other.ramp_ms) == other
