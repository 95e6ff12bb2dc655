"""What people call the parts of an ensemble."""

from __future__ import annotations

from typing import Any

import pytest

from formant_net.desk.targets import changed, name_of, path_of, value_of, zone_id
from formant_net.fleet.document import Box, Document, Zone
from formant_net.protocol.steering import DeskBox

DOCUMENT = Document(
    epoch="e",
    rev=1,
    zones={"z-nave": Zone(name="Nave"), "z-north": Zone(name="North")},
    boxes={"synth-a": Box(name="North"), "synth-b": Box()},
)
BOXES = {"synth-b": DeskBox(id="synth-b", here=True, name="Pi 2"), "synth-c": DeskBox(id="synth-c", here=True)}


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("master", "master"),
        ("Nave", "zones/z-nave"),
        ("z-nave", "zones/z-nave"),
        ("zones/z-north", "zones/z-north"),
        ("Pi 2", "boxes/synth-b"),
        ("synth-c", "boxes/synth-c"),
    ],
)
def test_names_ids_and_paths_are_found(name: str, path: str) -> None:
    assert path_of(name, DOCUMENT, BOXES) == path


def test_one_name_of_two_parts_asks_which_and_an_unknown_one_says_what_there_is() -> None:
    with pytest.raises(ValueError, match="choose zones/z-north or boxes/synth-a"):
        path_of("North", DOCUMENT, BOXES)
    with pytest.raises(ValueError, match="there is Nave, North, Pi 2"):
        path_of("South", DOCUMENT, BOXES)
    with pytest.raises(ValueError, match="nothing but `master`"):
        path_of("South", Document(epoch="e"), {})


def test_a_box_is_called_by_the_desks_name_its_own_or_its_id() -> None:
    assert [name_of(f"boxes/synth-{id}", DOCUMENT, BOXES) for id in "abc"] == ["North", "Pi 2", "synth-c"]


@pytest.mark.parametrize(
    ("path", "field", "text", "value"),
    [
        ("master", "db", "-6", -6.0),
        ("master", "off", "on", True),
        ("zones/z-nave", "order", "3", 3),
        ("boxes/synth-a", "mute", "No", False),
        ("boxes/synth-a", "tags", "alto, high,", ["alto", "high"]),
        ("boxes/synth-a", "name", "", ""),
    ],
)
def test_values_are_read_as_people_type_them(path: str, field: str, text: str, value: Any) -> None:
    assert value_of(path, field, text) == value


@pytest.mark.parametrize(
    ("path", "field", "text", "said"),
    [
        ("master", "mute", "on", "it has db, off"),
        ("boxes/synth-a", "rev", "3", "no field 'rev'"),
        ("boxes/synth-a", "db", "loud", "give a number"),
        ("zones/z-nave", "mute", "maybe", "on or off"),
    ],
)
def test_values_that_make_no_sense_are_refused(path: str, field: str, text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        value_of(path, field, text)


def test_ids_are_made_of_names() -> None:
    assert [zone_id(name) for name in ("North wall", "Öst", "…", "x" * 99)] == ["north-wall", "st", "new", "x" * 32]


def test_only_what_differs_is_changed() -> None:
    assert changed(Box(db=-6.0, mute=True, rev=9), Box(mute=True)) == {"db": -6.0}
