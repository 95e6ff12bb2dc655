"""Scala files, many of them odd. What other readers got wrong is in the cases."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formant_net.tuning.scl import MOST_STEPS, Scale, TuningError, parse_scl

HEAD = "! odd.scl\n!\nan odd one\n 3\n!\n"


def _cents(text: str) -> list[float]:
    return [round(each, 3) for each in parse_scl(text.encode()).cents]


def test_pitches_with_a_dot_are_cents_and_others_are_ratios() -> None:
    assert _cents(HEAD + " 100.0 cents\n 5/4\n 2\n") == [100.0, 386.314, 1200.0]


@pytest.mark.parametrize(
    ("line", "cents"),
    [
        ("81/64", 407.82),
        ("408.", 408.0),
        (".5", 0.5),
        ("5", 2786.314),
        ("-5.0", -5.0),
        ("+5.0", 5.0),
        ("10/20", -1200.0),
        ("100.0 C#", 100.0),
        ("5/4   E\\", 386.314),
        ("3 / 2", 701.955),
        ("\t3/2\t", 701.955),
        ("555/524 ! c# 138.75", 99.505),
        ("100.0!a comment", 100.0),
        ("2147483647/2147483646", 0.0),
    ],
)
def test_a_pitch_as_the_format_has_it(line: str, cents: float) -> None:
    assert _cents(f"\n1\n{line}\n") == [cents]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("701,955", "a point for the comma"),
        ("fifth", "is no pitch"),
        ("0/1", "above 0"),
        ("-3/2", "above 0"),
        ("3/-2", "above 0"),
        ("3/0", "above 0"),
        ("1e3", "is no pitch"),
        ("nan", "is no pitch"),
        ("9" * 40, "is no pitch"),
        ("99999999.0", "is no pitch"),
    ],
)
def test_what_is_no_pitch_is_refused_with_words(line: str, words: str) -> None:
    with pytest.raises(TuningError, match=words):
        parse_scl(f"x\n1\n{line}\n".encode())


def test_a_whole_number_that_looks_like_cents_is_warned_about() -> None:
    scale = parse_scl(b"x\n2\n700\n2/1\n")
    assert round(scale.cents[0]) == 11341
    assert "700/1" in scale.warnings[0]
    assert parse_scl(b"x\n2\n3\n4\n").warnings == ()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end_and_an_empty_description(end: str) -> None:
    scale = parse_scl(end.join(["! a comment", "", " 2 notes", "! more", "3/2", "2/1"]).encode())
    assert scale.description == ""
    assert len(scale.cents) == 2


def test_latin_1_utf_8_and_a_byte_order_mark() -> None:
    text = "Gitarre für Flageolett\n1\n2/1\n"
    for data in (text.encode("latin-1"), text.encode(), b"\xef\xbb\xbf" + text.encode()):
        assert parse_scl(data).description == "Gitarre für Flageolett"


def test_lines_beyond_the_count_are_ignored_and_missing_ones_are_an_error() -> None:
    scale = parse_scl(b"x\n1\n2/1\n3/1\n4/1\n")
    assert _cents("x\n1\n2/1\n3/1\n") == [1200.0]
    assert "2 lines after the 1" in scale.warnings[0]
    with pytest.raises(TuningError, match="2 notes are announced and 1 follow"):
        parse_scl(b"x\n2\n2/1\n")


def test_falling_and_negative_steps_are_kept() -> None:
    assert _cents("x\n3\n500.0\n-100.0\n1200.0\n") == [500.0, -100.0, 1200.0]


def test_a_description_that_is_a_comment_shifts_the_lines_and_is_explained() -> None:
    with pytest.raises(TuningError, match="must not begin with '!'"):
        parse_scl(b"! my scale\n 2\n 3/2\n 2/1\n")


@pytest.mark.parametrize("text", ["", "x", "x\n", "x\n0\n", f"x\n{MOST_STEPS + 1}\n", "x\n-1\n", "x\n1.5\n2/1\n"])
def test_a_file_without_a_count_is_refused(text: str) -> None:
    with pytest.raises(TuningError):
        parse_scl(text.encode())


def test_a_file_that_is_too_long_is_refused() -> None:
    with pytest.raises(TuningError, match="too many"):
        parse_scl(b"!" * 100_001)


def test_degrees_repeat_above_and_below() -> None:
    scale = Scale("", (200.0, 700.0, 1200.0))
    assert [scale.degree(number) for number in range(-4, 5)] == [-1700, -1200, -1000, -500, 0, 200, 700, 1200, 1400]


@given(st.binary(max_size=300) | st.text("!\n\r 0123456789./-x", max_size=80).map(str.encode))
def test_any_bytes_are_a_scale_or_a_tuning_error(data: bytes) -> None:
    try:
        scale = parse_scl(data)
    except TuningError:
        return
    assert 1 <= len(scale.cents) <= MOST_STEPS
    assert all(abs(each) < 1e8 for each in scale.cents)


def test_the_description_of_a_strangers_file_moves_no_cursor() -> None:
    assert parse_scl(b"\x1b[2J\x07odd\r\n1\n2/1\n").description == " [2J odd"
