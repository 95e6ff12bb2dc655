"""What a request makes of what is wanted. Documents alone: test_changes.py; boxes: server/desks/test_steering.py."""

from __future__ import annotations

import pytest

from formant_net.fleet.document import Box, Document
from formant_net.fleet.wanted import FADE_MS, Wanted, carried_out
from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.steering import DeskRecall, DeskSet, DeskSolo, DeskUndo

NEW = Wanted(document=Document(epoch="e1"))


def test_boxes_that_are_known_when_steering_begins_stay_as_loud() -> None:
    outcome = carried_out(NEW, DeskSet(path="master", set={"db": -6}), {"synth-a"})
    assert outcome.wanted.document.boxes == {"synth-a": Box()}
    later = carried_out(outcome.wanted, DeskSet(path="master", set={"db": -3}), {"synth-a", "synth-b"})
    assert set(later.wanted.document.boxes) == {"synth-a"}


def test_a_solo_changes_no_document() -> None:
    soloed = carried_out(NEW, DeskSolo(path="boxes/synth-a", on=True), {"synth-a"}).wanted
    assert (soloed.document, soloed.solo) == (NEW.document, ("boxes/synth-a",))
    assert carried_out(soloed, DeskSolo(path="boxes/synth-a", on=False), {"synth-a"}).wanted == NEW
    with pytest.raises(ProtocolError, match="does not exist"):
        carried_out(NEW, DeskSolo(path="boxes/synth-a", on=True), ())


def test_what_is_deleted_silences_nobody_and_every_solo_can_be_ended() -> None:
    nave = carried_out(NEW, DeskSet(path="zones/z-nave", set={"name": "Nave"}), ()).wanted
    for path in ("zones/z-nave", "boxes/synth-a"):
        nave = carried_out(nave, DeskSolo(path=path, on=True), {"synth-a"}).wanted
    gone = carried_out(nave, DeskSet(path="zones/z-nave", set=None, base=nave.document.rev), ()).wanted
    assert gone.solo == ("boxes/synth-a",)
    assert carried_out(gone, DeskSolo(path="boxes/synth-a", on=False), ()).wanted.solo == ()


def test_the_last_scene_can_be_undone_once() -> None:
    scene = {"name": "Night", "ramp_s": 8, "master": {"db": -40}}
    stored = carried_out(NEW, DeskSet(path="scenes/s-night", set=scene), ()).wanted
    night = carried_out(stored, DeskRecall(scene="s-night"), ())
    assert (night.wanted.document.master.db, night.ramp_ms) == (-40.0, 8000.0)
    back = carried_out(night.wanted, DeskUndo(), ())
    assert (back.wanted.document.master.db, back.ramp_ms) == (0.0, FADE_MS)
    with pytest.raises(ProtocolError, match="nothing to undo"):
        carried_out(back.wanted, DeskUndo(), ())
