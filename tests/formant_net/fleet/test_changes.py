"""Changes of the fleet document: what counts, what is refused, what a scene sets and what undoing it brings back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formant_net.fleet.changes import back, before, captured, change, recall
from formant_net.fleet.document import MOST_ZONES, NEW_BOX_DB, Box, Document, Zone, decode, encode
from formant_net.protocol.errors import ProtocolError

BOX = "boxes/synth-a"


def steered() -> Document:
    document = change(Document(epoch="e"), "zones/z-nave", {"name": "Nave"})
    return change(document, BOX, {"name": "North", "zone": "z-nave", "db": -4.0})


def test_each_change_is_one_revision_and_leaves_the_old_document_as_it_is() -> None:
    before = Document(epoch="e")
    after = change(before, "master", {"db": -6.0})
    assert (before.rev, before.master.db) == (0, 0.0)
    assert (after.rev, after.master.db, after.master.off) == (1, -6.0, False)
    assert change(after, "master", {"off": True}).master.db == -6.0


def test_of_a_fader_the_last_change_counts_also_for_a_desk_that_is_behind() -> None:
    document = change(steered(), BOX, {"db": -10.0}, base=0)
    assert change(document, BOX, {"mute": True}).boxes["synth-a"] == Box(
        name="North", zone="z-nave", db=-10.0, mute=True, rev=2
    )


def test_of_two_names_the_second_is_refused_until_its_desk_has_seen_the_first() -> None:
    document = change(steered(), BOX, {"name": "South"}, base=2)
    for base in (2, None):
        with pytest.raises(ProtocolError) as caught:
            change(document, BOX, {"name": "East"}, base=base)
        assert caught.value.code == "desk-conflict"
    assert change(document, BOX, {"name": "East"}, base=3).boxes["synth-a"].name == "East"
    faded = change(document, BOX, {"db": -1.0})
    assert change(faded, BOX, {"name": "East"}, base=3).boxes["synth-a"].name == "East"


@pytest.mark.parametrize(
    ("path", "set_", "said"),
    [
        ("master", None, "cannot be deleted"),
        ("master", {"db": 1.0}, "db"),
        ("master", {"db": "loud"}, "db"),
        ("master", {"volume": 1.0}, "volume"),
        ("walls/x", {"db": -1.0}, "names nothing"),
        ("", {}, "names nothing"),
        ("zones/nave", {"name": "Nave"}, "cannot be an id"),
        ("zones/z-", {"name": "Nave"}, "cannot be an id"),
        ("zones/z-new", {"db": -1.0}, "name"),
        ("zones/z-gone", None, "does not exist"),
        (BOX, {"zone": "z-gone"}, "z-gone"),
        (BOX, {"tags": ["x"] * 17}, "tags"),
        (BOX, {"rev": 99}, "rev"),
        ("boxes/a b", {"db": -1.0}, "cannot be an id"),
        ("scenes/s-x", {"name": "X", "master": {"db": 5}}, "db"),
        ("scenes/s-x", {"name": "X", "boxes": {"synth-a": {"nonsense": 1}}}, "nonsense"),
        ("scenes/s-x", {"name": "X", "ramp_s": 1e9}, "ramp_s"),
    ],
)
def test_what_cannot_be_is_refused_in_words(path: str, set_: Any, said: str) -> None:
    document = steered()
    with pytest.raises(ProtocolError, match=said) as caught:
        change(document, path, set_, base=document.rev)
    assert caught.value.code == "bad-setting"


def test_a_box_that_is_named_for_the_first_time_is_soft_where_others_are_steered() -> None:
    assert change(steered(), "boxes/synth-b", {"name": "B"}).boxes["synth-b"].db == NEW_BOX_DB
    assert change(Document(epoch="e"), "boxes/synth-b", {"name": "B"}).boxes["synth-b"].db == 0.0


def test_a_zone_that_is_deleted_leaves_its_boxes_with_their_own_faders() -> None:
    document = steered()
    after = change(document, "zones/z-nave", None, base=document.rev)
    assert after.zones == {}
    assert (after.boxes["synth-a"].zone, after.boxes["synth-a"].db) == ("", -4.0)


def test_there_is_room_for_so_many_and_no_more() -> None:
    document = Document(epoch="e", rev=1, zones={f"z-{n}": Zone(name="N") for n in range(MOST_ZONES)})
    with pytest.raises(ProtocolError, match="delete one first"):
        change(document, "zones/z-new", {"name": "New"})


def test_a_scene_sets_what_it_names_and_undoing_it_touches_nothing_else() -> None:
    document = steered()
    scene = {"name": "Night", "ramp_s": 8.0, "master": {"db": -18.0}, "zones": {"z-gone": {"mute": True}}}
    scene["boxes"] = {"synth-a": {"preset": "hum", "zone": "z-gone"}, "synth-gone": {"mute": True}}
    document = change(document, "scenes/s-night", scene)
    night, recalled = recall(document, "s-night")
    assert recalled.ramp_s == 8.0
    assert night.master.db == -18.0
    assert (night.boxes["synth-a"].preset, night.boxes["synth-a"].zone) == ("hum", "z-nave")
    assert set(night.boxes) == {"synth-a"}
    meanwhile = change(night, BOX, {"mute": True})
    undone = back(meanwhile, before(document, recalled))
    assert undone.master == document.master
    assert (undone.boxes["synth-a"].preset, undone.boxes["synth-a"].mute) == ("", True)
    assert undone.rev == meanwhile.rev + 1
    with pytest.raises(ProtocolError, match="s-day"):
        recall(document, "s-day")


def test_a_captured_scene_brings_the_present_faders_back() -> None:
    document = steered()
    document = change(document, "scenes/s-now", captured(document, "Now"))
    moved = change(change(document, BOX, {"db": -30.0, "mute": True}), "master", {"off": True})
    again, _ = recall(moved, "s-now")
    assert again.boxes["synth-a"].db == -4.0
    assert not again.boxes["synth-a"].mute
    assert not again.master.off


texts = st.text(max_size=8) | st.sampled_from(["name", "db", "mute", "zone", "tags", "z-nave", "rev", "boxes", "Nave"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
paths = st.builds("{}{}".format, st.sampled_from(["master", "zones/z-", "boxes/", "scenes/s-", "x/"]), texts)


@given(
    st.lists(st.tuples(paths, st.none() | st.dictionaries(texts, values, max_size=4), st.none() | st.integers(0, 9)))
)
def test_whatever_is_asked_for_the_document_can_be_kept_and_read_again(changes: list[Any]) -> None:
    document, refused = steered(), set()
    for path, set_, base in changes:
        try:
            document = change(document, path, set_, base)
        except ProtocolError as error:
            refused.add(error.code)
    assert refused <= {"bad-setting", "desk-conflict"}
    assert decode(encode(document)) == document


def test_a_text_that_is_set_commands_no_terminal() -> None:
    """A name comes from another desk, and `desk show` prints it. Names in any script stay as they are."""
    document = change(steered(), BOX, {"name": "North\n\x1b[2J\x9bwall", "tags": ["a\tb", "alto"]}, base=2)
    assert document.boxes["synth-a"].name == "North  [2J wall"
    assert document.boxes["synth-a"].tags == ("a b", "alto")
    document = change(document, "zones/z-choir", {"name": "\u5317\u58c1 \U0001f469\u200d\U0001f3a4"})
    assert document.zones["z-choir"].name == "\u5317\u58c1 \U0001f469\u200d\U0001f3a4"
