from __future__ import annotations

import pytest

from formant_net.midi.channel import ChannelState
from formant_net.midi.mapping import DEFAULTS, Use


def test_a_controller_of_7_bits_reaches_1_and_one_of_14_as_well() -> None:
    state = ChannelState()
    assert state.value(1, 127, DEFAULTS) == (1, 1.0)
    assert state.value(33, 127, DEFAULTS) == (1, 1.0)
    assert state.value(1, 64, DEFAULTS)[1] == pytest.approx(8192 / 16383)


def test_a_desk_whose_faders_end_early_and_low_bits_alone() -> None:
    state = ChannelState()
    assert state.value(39, 63, DEFAULTS) == (7, None)
    state.value(7, 124, DEFAULTS)
    assert state.value(39, 63, DEFAULTS)[1] == pytest.approx(15935 / 16383)


def test_a_mapped_number_above_32_is_no_low_half() -> None:
    assert ChannelState().value(33, 127, {**DEFAULTS, 33: Use.VOWEL}) == (33, 1.0)


def test_efforts_multiply_and_the_soft_pedal_is_one_of_them() -> None:
    state = ChannelState()
    state.take(Use.EFFORT, 2, 0.5)
    state.take(Use.EFFORT, 11, 0.5)
    state.take(Use.SOFT, 67, 1.0)
    assert state.effort == pytest.approx(0.175)
    state.take(Use.SOFT, 67, 0.0)
    assert state.effort == pytest.approx(0.25)


def test_rest_keeps_tuning_and_mono_forgetting_a_note_keeps_controllers() -> None:
    state = ChannelState()
    state.tuning, state.mono, state.bend, state.slide = 0.5, True, 1.0, 0.5
    state.take(Use.EFFORT, 11, 0.5)
    state.forget_note()
    assert state.slide is None
    assert (state.bend, state.effort) == (0.0, 0.5)
    state.rest()
    assert (state.tuning, state.mono, state.effort) == (0.5, True, 1.0)
