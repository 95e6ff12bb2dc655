"""Warnings of broken sound: at once, not more than one a minute, and nothing forgotten. How busy the audio side is."""

from __future__ import annotations

import pytest

from formant_dsp import Bank
from formant_dsp.output.callback import StreamState
from formant_net.synth.strain import BINS_A_PERIOD, EVERY_S, Strain, busy


def test_the_first_break_is_told_at_once_and_the_next_ones_together_a_minute_later() -> None:
    strain = Strain()
    assert strain.news(0.0, {"underflows": 0}) == {}
    assert strain.news(2.0, {"underflows": 1, "late": 3}) == {"underflows": 1, "late": 3}
    assert strain.news(4.0, {"underflows": 2, "late": 3}) == {}
    assert strain.news(6.0, {"underflows": 5, "late": 3, "shed": 2}) == {}
    assert strain.news(2.0 + EVERY_S, {"underflows": 5, "late": 4, "shed": 2}) == {
        "underflows": 4,
        "late": 1,
        "shed": 2,
    }
    assert strain.news(2.0 + 2 * EVERY_S, {"underflows": 5, "late": 4, "shed": 2}) == {}


def test_a_late_callback_that_nobody_heard_is_no_news() -> None:
    strain = Strain()
    assert strain.news(0.0, {"late": 7}) == {}
    assert strain.news(1.0, {"late": 9, "ring_dropped": 1}) == {"late": 9, "ring_dropped": 1}


def test_a_device_that_counts_nothing_is_no_news() -> None:
    assert Strain().news(0.0, {}) == {}


def test_busy_is_the_part_of_its_time_within_which_so_many_blocks_were_made() -> None:
    histogram = [0] * (2 * BINS_A_PERIOD)
    assert busy(histogram, 0.99) == 0.0
    histogram[0], histogram[15] = 98, 2
    assert busy(histogram, 0.98) == pytest.approx(100 / 32)
    assert busy(histogram, 0.99) == pytest.approx(50.0)
    assert busy(histogram, 1.0) == pytest.approx(50.0)
    histogram[-1] = 100  # the last takes everything longer
    assert busy(histogram, 1.0) == pytest.approx(200.0)


def test_the_histogram_is_the_streams_own() -> None:
    assert len(StreamState(Bank()).counters()["render_histogram"]) == 2 * BINS_A_PERIOD
