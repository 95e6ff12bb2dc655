"""A range of numbers for options: NaN is in none."""

from __future__ import annotations

import click
import pytest

from formant_net.cli.options.ranges import FloatRange


def test_a_number_in_range_passes() -> None:
    assert FloatRange(0.0, 1.0).convert("0.25", None, None) == 0.25


@pytest.mark.parametrize("text", ["nan", "NaN", "-nan", "inf", "1.5", "many"])
def test_nan_and_what_is_outside_are_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        FloatRange(0.0, 1.0).convert(text, None, None)
