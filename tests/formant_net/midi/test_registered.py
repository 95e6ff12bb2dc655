from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formant_net.midi.registered import Entry, Registered


def _entries(*controls: tuple[int, int]) -> list[Entry]:
    state = Registered()
    return [entry for number, value in controls if (entry := state.control(number, value)) is not None]


def test_data_is_entered_for_the_selected_parameter_and_an_msb_clears_the_low_half() -> None:
    assert _entries((101, 0), (100, 0), (6, 12), (38, 50), (6, 24)) == [
        Entry(0, 12, 0),
        Entry(0, 12, 50),
        Entry(0, 24, 0),
    ]


@pytest.mark.parametrize(
    "selects", [[], [(101, 127), (100, 127)], [(99, 0), (98, 0)], [(101, 0), (100, 0), (99, 1), (98, 1)]]
)
def test_data_means_nothing_without_a_parameter_and_for_nrpn(selects: list[tuple[int, int]]) -> None:
    assert _entries(*selects, (6, 12), (38, 1), (96, 0), (97, 0)) == []


def test_half_an_nrpn_deselects_the_rpn() -> None:
    assert 0 not in [entry.number for entry in _entries((101, 0), (100, 0), (98, 0), (6, 12), (101, 0), (6, 12))]


def test_steps_of_a_bend_range_are_cents_of_a_tuning_its_finest_step_of_the_coarse_one_semitones() -> None:
    assert _entries((101, 0), (100, 0), (97, 0), (96, 0)) == [Entry(0, 1, 99), Entry(0, 2, 0)]
    assert _entries((101, 0), (100, 1), (97, 0)) == [Entry(1, 63, 127)]
    assert _entries((101, 0), (100, 2), (96, 0)) == [Entry(2, 65, 0)]
    assert _entries((101, 0), (100, 0), (6, 0), (97, 0)) == [Entry(0, 0, 0), Entry(0, 0, 0)]


@given(st.lists(st.tuples(st.integers(0, 127), st.integers(0, 127)), max_size=50))
def test_any_controllers_give_values_within_7_bits(controls: list[tuple[int, int]]) -> None:
    for entry in _entries(*controls):
        assert 0 <= entry.number < 0x3FFF
        assert 0 <= entry.msb <= 127
        assert 0 <= entry.lsb <= 127
