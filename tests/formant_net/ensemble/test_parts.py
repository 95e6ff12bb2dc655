from __future__ import annotations

from typing import Any

import pytest

from formant_net.controller.core import SynthView
from formant_net.ensemble.errors import CannotSing, UnknownSynth
from formant_net.ensemble.parts import check, chosen

SURFACE = {"low_hz": 110.0, "octaves": 3.0, "vowels": ["a", "e", "i"]}
NEW, OLD = {"takes": ["note", "vel"], "surface": SURFACE}, {"surface": SURFACE}


def view(id: str, state: dict[str, Any], name: str = "") -> SynthView:
    return SynthView(id, True, {**state, **({"name": name} if name else {})}, 0.01, 0.0, False)


HALL = [view("synth-1", NEW, "kitchen"), view("synth-2", OLD, "attic"), view("synth-3", OLD, "attic")]


def test_names_and_ids_choose_and_a_name_may_mean_several() -> None:
    assert [each.id for each in chosen(HALL, ())] == ["synth-1", "synth-2", "synth-3"]
    assert [each.id for each in chosen(HALL, ("kitchen",))] == ["synth-1"]
    assert [each.id for each in chosen(HALL, ("attic", "synth-1"))] == ["synth-1", "synth-2", "synth-3"]


def test_a_synth_that_is_not_there_is_named_with_those_that_are_and_what_to_do() -> None:
    with pytest.raises(UnknownSynth, match=r"no synth 'kitchn' is linked \(attic, attic, kitchen\): check the name"):
        chosen(HALL, ("kitchn",))
    with pytest.raises(UnknownSynth, match=r"\(none\)"):
        chosen([], ("kitchen",))


def test_one_synth_that_can_sing_it_is_enough() -> None:
    check(HALL, [20.0, 100.0], ["a", 0.4, None, (("a", 0.5), ("i", 0.5))])


def test_a_pitch_that_none_reaches_names_the_synths() -> None:
    check(HALL[1:], [45.0, 81.0], [])
    with pytest.raises(CannotSing, match="attic, attic cannot sing 82: its preset does not reach it"):
        check(HALL[1:], [60.0, 82.0], [])


def test_a_vowel_that_none_has_names_those_there_are() -> None:
    with pytest.raises(CannotSing, match=r"no synth has the vowel 'u': kitchen has a, e, i\. Choose"):
        check(HALL[:1], [], ["u"])


def test_a_synth_that_has_not_said_what_it_can_counts_as_able() -> None:
    check([*HALL[:1], view("synth-9", {})], [], ["u"])
    check([], [5.0], ["u"])
