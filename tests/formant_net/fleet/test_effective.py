"""What one box is to do, for any document: `gain`, silence with its reasons, delay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formant_net.fleet.document import NEW_BOX_DB, SILENT_DB, Box, Document, Master, Zone
from formant_net.fleet.effective import Effective, effective, gain

A, B, C = "synth-a", "synth-b", "synth-c"
faders = st.floats(SILENT_DB, 0.0)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    zones = {
        f"z-{n}": Zone(name=f"zone {n}", db=draw(faders), mute=draw(st.booleans()))
        for n in range(draw(st.integers(0, 3)))
    }
    boxes = {
        id: Box(
            zone=draw(st.sampled_from(["", *zones])),
            db=draw(faders),
            mute=draw(st.booleans()),
            delay_ms=draw(st.floats(0.0, 1000.0)),
            output_latency_ms=draw(st.floats(0.0, 500.0)),
        )
        for id in draw(st.sets(st.sampled_from([A, B, C])))
    }
    master = Master(db=draw(faders), off=draw(st.booleans()), hold_new=draw(st.booleans()))
    return Document(epoch="e", rev=draw(st.integers(0, 3)), master=master, zones=zones, boxes=boxes)


def box(document: Document, id: str) -> Box:
    return document.boxes.get(id, Box(db=NEW_BOX_DB if document.steered else 0.0))


@given(
    documents(), st.sets(st.sampled_from(["boxes/" + A, "boxes/" + B, "zones/z-0"])), st.sets(st.sampled_from("abc"))
)
def test_faders_add_in_db_and_silence_has_a_reason_for_each_switch(
    document: Document, solo: set[str], letters: set[str]
) -> None:
    here = {f"synth-{letter}" for letter in letters}
    soloed = {
        id
        for id in here
        if f"boxes/{id}" in solo or (id in document.boxes and f"zones/{document.boxes[id].zone}" in solo)
    }
    for id in (A, B, C):
        found, of = effective(document, id, solo, here), box(document, id)
        zone = document.zones.get(of.zone)
        total = document.master.db + of.db + (zone.db if zone else 0.0)
        assert found.gain_db == pytest.approx(max(SILENT_DB, min(0.0, total)))
        assert ("all off" in found.because) == document.master.off
        assert ("new" in found.because) == (document.master.hold_new and id not in document.boxes)
        assert ("mute" in found.because) == of.mute
        assert (f"zone {zone.name}" in found.because if zone else False) == (zone is not None and zone.mute)
        assert ("solo" in found.because) == (bool(soloed) and id not in soloed)
        assert found.silent == bool(found.because)


@given(documents())
def test_no_box_sounds_before_the_touch_and_distances_between_boxes_are_kept(document: Document) -> None:
    delays = {id: effective(document, id).delay_ms for id in document.boxes}
    assert all(delay >= 0.0 for delay in delays.values())
    for one in delays:
        for other in delays:
            asked = [document.boxes[id].delay_ms - document.boxes[id].output_latency_ms for id in (one, other)]
            assert delays[one] - delays[other] == pytest.approx(asked[0] - asked[1], abs=2e-3)


def test_own_faders_come_back_when_a_zone_has_been_at_the_bottom() -> None:
    def levels(zone_db: float) -> list[float]:
        document = Document(
            epoch="e",
            rev=1,
            zones={"z-n": Zone(name="N", db=zone_db)},
            boxes={A: Box(zone="z-n", db=-14.0), B: Box(zone="z-n", db=-4.4)},
        )
        return [effective(document, id).gain_db for id in (A, B)]

    before = levels(-6.0)
    assert [gain(db) for db in levels(SILENT_DB)] == [0.0, 0.0]
    assert levels(-6.0) == before == pytest.approx([-20.0, -10.4])


def test_a_solo_of_a_box_that_is_away_does_not_silence_the_house() -> None:
    document = Document(epoch="e", rev=1, boxes={A: Box(), B: Box()})
    assert effective(document, B, {"boxes/" + A}, {A, B}).because == ("solo",)
    assert effective(document, B, {"boxes/" + A}, {B}) == Effective()


def test_a_box_that_comes_to_an_ensemble_that_is_steered_is_soft_and_otherwise_as_it_was() -> None:
    assert effective(Document(epoch="e"), A) == Effective()
    assert effective(Document(epoch="e", rev=1), A).gain_db == NEW_BOX_DB


def test_gain_is_nothing_at_the_bottom_and_one_at_the_top() -> None:
    assert [gain(SILENT_DB), gain(-20.0), gain(0.0)] == pytest.approx([0.0, 0.1, 1.0])
