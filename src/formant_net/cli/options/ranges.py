"""A range of numbers for options that refuses NaN. click's own range accepts NaN, as no comparison with it is true."""

from __future__ import annotations

import math
from typing import Any

import click


class FloatRange(click.FloatRange):
    """`click.FloatRange` without NaN."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a number", param, ctx)
        return number
