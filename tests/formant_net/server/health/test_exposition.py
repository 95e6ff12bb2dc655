"""Prometheus' text format, read back by Prometheus' own parser, whatever the labels are."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families as parse

from formant_net.server.health.exposition import Metric, family, labels, number

METRIC = Metric("formant_x", "gauge", "What it says.")


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])), st.floats(allow_nan=False))
def test_any_label_and_any_value_is_read_back(name: str, value: float) -> None:
    (read,) = parse(family(METRIC, [(labels(box="synth-a", name=name), value)]))
    (sample,) = read.samples
    assert sample.labels == {"box": "synth-a", "name": name}
    assert sample.value == value
    assert (read.name, read.type, read.documentation) == ("formant_x", "gauge", "What it says.")


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "\\n", '"} 7\nformant_x{box="c'])
def test_a_name_cannot_break_out_of_its_label(name: str) -> None:
    (read,) = parse(family(METRIC, [(labels(name=name), 1)]))
    assert [(sample.labels["name"], sample.value) for sample in read.samples] == [(name, 1.0)]


@pytest.mark.parametrize("text", ["\ud800", "a\rb", "a\u2028b", "a\x85b"])
def test_what_cannot_be_written_or_ends_a_line_elsewhere_is_replaced(text: str) -> None:
    written = family(METRIC, [(labels(name=text), 1)])
    assert len(written.encode().splitlines()) == 3
    assert len(list(parse(written))) == 1


def test_a_family_without_a_sample_is_not_there() -> None:
    assert family(METRIC, []) == ""


@pytest.mark.parametrize(
    ("value", "text"), [(True, "1"), (False, "0"), (7, "7"), (0.5, "0.5"), (math.inf, "+Inf"), (-math.inf, "-Inf")]
)
def test_numbers(value: float, text: str) -> None:
    assert number(value) == text


def test_no_number_is_a_number_of_its_own() -> None:
    assert number(math.nan) == "NaN"
