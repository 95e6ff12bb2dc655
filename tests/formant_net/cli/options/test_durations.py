"""Lengths of time as people write them."""

from __future__ import annotations

import click
import pytest

from formant_net.cli.options.durations import Duration


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90.0), ("15m", 900.0), ("12h", 43200.0), (" 7d ", 604800.0)])
def test_a_number_and_a_unit_are_seconds(text: str, seconds: float) -> None:
    assert Duration().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "90", "s", "1.5h", "-1s", "0s", "1w", "9999999d"])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(click.BadParameter, match="90s, 15m, 12h or 7d"):
        Duration().convert(text, None, None)
