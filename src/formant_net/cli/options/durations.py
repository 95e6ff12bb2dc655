"""The type of options that take a duration: `90s`, `15m`, `12h`, `7d`."""

from __future__ import annotations

import re
from typing import Any

import click

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST_S = 10 * 366 * 86400


class Duration(click.ParamType[float]):
    """A duration, converted to seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        found = re.fullmatch(r"([0-9]{1,9})([smhd])", str(value).strip())
        seconds = int(found[1]) * _SECONDS[found[2]] if found else 0
        if not 0 < seconds <= _LONGEST_S:
            self.fail(f"{value!r} is not a length of time such as 90s, 15m, 12h or 7d", param, ctx)
        return float(seconds)
