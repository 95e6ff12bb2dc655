"""Under an hour of churn on the virtual clock; `make faults` runs a day, and half an hour of real processes."""

from __future__ import annotations

import pytest
from faults.endurance import grown, hours
from faults.lab.ensemble import Ensemble
from faults.lab.size import size

from formant_net.controller.core import Controller
from formant_net.protocol.timing import Timing


def test_churn_leaves_every_core_as_it_was() -> None:
    found = hours(3, seed=7, hour_s=900.0)
    assert min(hour.faults for hour in found) > 20
    assert grown(found) == []


def test_a_table_that_grows_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    never = Timing(remember_s=1e9)
    monkeypatch.setattr("faults.endurance.Ensemble", lambda seed: Ensemble(seed, never))
    assert any("controller" in fault for fault in grown(hours(3, seed=7, hour_s=900.0)))


def test_the_size_of_a_core_counts_what_is_deep_inside() -> None:
    ensemble = Ensemble(1)
    hand = ensemble.start("ctrl-a")
    ensemble.run(0.5)
    assert isinstance(hand.client, Controller)
    before = size(hand.client)
    ensemble.press("ctrl-a", 1, 0.5, 0.5)
    assert size(hand.client) > before
