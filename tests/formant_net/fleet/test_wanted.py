"""What a request makes of what is wanted. Documents alone: test_changes.py; boxes: server/desks/test_steering.py."""

from __future__ import annotations

import pytest

from formant_net.fleet.document import MOST_BOXES, MOST_TAGS, Box, Document, decode, encode
from formant_net.fleet.wanted import FADE_MS, MOST_BYTES, Wanted, carried_out
from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.steering import DeskRecall, DeskSet, DeskSolo, DeskUndo

NEW = Wanted(document=Document(epoch="e1"))


def test_boxes_that_are_known_when_steering_begins_stay_as_loud() -> None:
    outcome = carried_out(NEW, DeskSet(path="master", set={"db": -6}), {"synth-a"})
    assert outcome.wanted.document.boxes == {"synth-a": Box()}
    later = carried_out(outcome.wanted, DeskSet(path="master", set={"db": -3}), {"synth-a", "synth-b"})
    assert set(later.wanted.document.boxes) == {"synth-a"}


def test_boxes_that_another_document_has_steered_begin_as_they_are() -> None:
    kept = {"synth-a": Box(db=-20.0, mute=True), "synth-gone": Box(db=-3.0)}
    known = {"synth-a", "synth-b"}
    outcome = carried_out(NEW, DeskSet(path="zones/z-nave", set={"name": "Nave"}), known, kept)
    assert outcome.wanted.document.boxes == {"synth-a": kept["synth-a"], "synth-b": Box()}
    named = carried_out(NEW, DeskSet(path="boxes/synth-a", set={"name": "North"}), known, kept).wanted.document
    assert (named.boxes["synth-a"].db, named.boxes["synth-a"].mute, named.rev) == (-20.0, True, 1)
    deleted = carried_out(outcome.wanted, DeskSet(path="boxes/synth-a", set=None, base=1), known, kept).wanted
    again = carried_out(deleted, DeskSet(path="boxes/synth-a", set={"name": "A"}), known, kept).wanted
    assert again.document.boxes["synth-a"].mute is False, "what is steered already counts"


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


def test_what_is_wanted_stays_small_enough_to_be_read_again_whatever_desks_call_their_boxes() -> None:
    """The longest names and tags of 256 boxes are 1.4 MB. A file of more than 1 MB is refused at the next start."""
    tags = tuple(f"{n:02}" + 62 * "\N{MUSICAL SYMBOL G CLEF}" for n in range(MOST_TAGS))
    boxes = {f"synth-{n}": Box(tags=tags) for n in range(120)}
    wanted = Wanted(document=Document(epoch="e1", rev=1, boxes=boxes))
    refused = ""
    for n in range(120, MOST_BOXES):
        try:
            wanted = carried_out(wanted, DeskSet(path=f"boxes/synth-{n}", set={"tags": tags}), ()).wanted
        except ProtocolError as error:
            refused = error.message
            break
    assert "too much room" in refused
    assert len(encode(wanted.document)) <= MOST_BYTES
    full = wanted.document
    assert decode(encode(full)) == full
    moved = carried_out(wanted, DeskSet(path=f"boxes/synth-{MOST_BOXES}", set={"db": -6}), ()).wanted
    assert moved.document.boxes[f"synth-{MOST_BOXES}"].db == -6.0, "faders work on"
    less = carried_out(moved, DeskSet(path="boxes/synth-0", set={"tags": []}, base=full.rev), ()).wanted
    assert len(encode(less.document)) < len(encode(full)), "and so does whatever makes room"


def test_a_document_that_is_too_large_already_can_be_made_smaller() -> None:
    """One that an earlier version has grown: the last scene must be one that can be deleted."""
    tags = tuple(f"{n:02}" + 62 * "\N{MUSICAL SYMBOL G CLEF}" for n in range(MOST_TAGS))
    boxes = {f"synth-{n}": Box(tags=tags) for n in range(MOST_BOXES)}
    large = carried_out(NEW, DeskSet(path="scenes/s-a", set={"name": "A"}), ()).wanted
    large = Wanted(document=Document(epoch="e1", rev=1, boxes=boxes, scenes=large.document.scenes))
    gone = carried_out(large, DeskSet(path="scenes/s-a", set=None, base=1), ()).wanted
    assert gone.document.scenes == {}
