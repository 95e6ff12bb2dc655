"""When a box says its level: as often as it is asked, less often while it is the same, and never what is old."""

from __future__ import annotations

import math

import pytest

from formant_net.protocol.steering import QUIET_DB
from formant_net.synth.meter import LEAST_S, SAME_S, Meter


def said(meter: Meter, peak: float | None, now: float) -> float | None:
    level = meter.level(peak, now)
    return None if level is None else level.peak_db


def test_the_peak_is_wanted_as_often_as_the_server_says() -> None:
    meter = Meter()
    assert not meter.on
    assert meter.next_deadline() is None
    assert not meter.due(5.0)
    meter.ask(0.25, 10.0)
    moments = []
    while (due := meter.next_deadline()) is not None and due < 11.0:
        assert meter.due(due)
        assert not meter.due(due)
        moments.append(due)
    assert moments == [10.25, 10.5, 10.75]
    meter.ask(0.0, 11.0)
    assert not meter.on
    assert said(meter, 0.5, 11.0) is None


def test_no_server_makes_a_box_measure_without_end() -> None:
    meter = Meter()
    meter.ask(1e-9, 0.0)
    assert meter.next_deadline() == LEAST_S


@pytest.mark.parametrize(
    ("peak", "db"),
    [(1.0, 0.0), (0.5, -6.0), (0.25, -12.0), (0.0, QUIET_DB), (1e-30, QUIET_DB), (2.0, 6.0), (1e30, 60.0)],
)
def test_a_peak_is_told_in_db_of_full_scale(peak: float, db: float) -> None:
    meter = Meter()
    meter.ask(0.25, 0.0)
    assert said(meter, peak, 0.0) == db


@pytest.mark.parametrize("peak", [None, math.inf, math.nan])
def test_what_was_not_measured_is_not_told(peak: float | None) -> None:
    meter = Meter()
    meter.ask(0.25, 0.0)
    assert said(meter, peak, 0.0) is None


def test_a_level_that_stays_is_told_once_a_second() -> None:
    meter = Meter()
    meter.ask(0.25, 0.0)
    told = [n for n in range(13) if said(meter, 0.0, n * 0.25) is not None]
    assert told == [0, 4, 8, 12]
    assert SAME_S == 1.0
    assert said(meter, 0.1, 3.1) == -20.0, "one that changes at once"
    meter.ask(0.25, 3.2)
    assert said(meter, 0.1, 3.2) == -20.0, "another desk has come: it knows nothing yet"
