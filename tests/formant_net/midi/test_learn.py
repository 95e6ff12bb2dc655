from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from formant_net.midi.learn import FAR, Learner


def _sweep(learner: Learner, number: int, first: int, last: int) -> int | None:
    found = None
    for value in range(first, last + 1):
        found = found or learner.feed("A", bytes((0xB0, number, value)))
    return found


def test_the_controller_that_moves_far_is_meant() -> None:
    learner = Learner()
    assert _sweep(learner, 21, 60, 62) is None  # a worn knob
    assert _sweep(learner, 22, 0, FAR) == 22


def test_a_pedal_is_found_by_its_two_ends() -> None:
    learner = Learner()
    assert learner.feed("A", bytes.fromhex("B0 40 00")) is None
    assert learner.feed("A", bytes.fromhex("B0 40 7F")) == 64


def test_the_high_half_counts_and_not_the_low_one() -> None:
    learner = Learner()
    learner.feed("A", bytes.fromhex("B0 01 00"))
    assert _sweep(learner, 33, 0, 127) is None
    assert learner.feed("A", bytes.fromhex("B0 01 7F")) == 1


def test_chosen_ones_and_those_of_midi_itself_are_passed_over() -> None:
    learner = Learner({1})
    assert _sweep(learner, 1, 0, 127) is None
    assert _sweep(learner, 6, 0, 127) is None
    assert _sweep(learner, 123, 0, 127) is None


@given(st.lists(st.tuples(st.sampled_from("AB"), st.binary(max_size=40)), max_size=20))
def test_any_bytes_are_a_number_that_can_be_mapped_or_none(pieces: list[tuple[str, bytes]]) -> None:
    learner = Learner({7})
    for port, data in pieces:
        found = learner.feed(port, data)
        assert found is None or (0 <= found < 120 and found != 7)
