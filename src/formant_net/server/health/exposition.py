"""Prometheus' text format, written by hand.

The library `prometheus_client` takes 14 ms for 100 boxes, this takes 3, on the loop that routes signaling
(docs/measurements/performance.md). The parser of that library judges this text in the tests.
https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


@dataclass(frozen=True, slots=True)
class Metric:
    """The name of a family, its type, and what it says in one sentence."""

    name: str
    kind: Literal["gauge", "counter"]
    help: str


def labels(**values: str) -> str:
    """Labels as they stand behind a name: `{box="synth-a"}`. Any text is a value."""
    return "{" + ",".join(f'{name}="{_plain(value).translate(_ESCAPES)}"' for name, value in values.items()) + "}"


def family(metric: Metric, samples: Iterable[tuple[str, float]]) -> str:
    """One family; "" if it has no sample. A sample is its labels (`labels`, or "") and its value."""
    lines = [f"{metric.name}{where} {number(value)}\n" for where, value in samples]
    if not lines:
        return ""
    return f"# HELP {metric.name} {metric.help}\n# TYPE {metric.name} {metric.kind}\n{''.join(lines)}"


def number(value: float) -> str:
    """A value as the format has it."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int):
        return str(value)
    if math.isfinite(value):
        return repr(value)
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"


def _plain(text: str) -> str:
    """The text without lone surrogates, which UTF-8 cannot encode, and without line breaks of any kind."""
    return (
        "".join(" " if c in "\r\v\f\x1c\x1d\x1e\x85\u2028\u2029" else c for c in text)
        .encode("utf-8", "replace")
        .decode()
    )
