from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formant_net.tuning.kbm import KEYS, Mapping, doubts, keys_of, parse_kbm, rooted
from formant_net.tuning.scl import Scale, TuningError

EQUAL = Scale("", tuple(100.0 * step for step in range(1, 13)))
FIFTHS = Scale("", (702.0, 1200.0))
WHITE = "! white.kbm\n12\n0\n127\n60\n69\n440.0\n7\n0\nx\n1\nx\n2\n3\nx\n4\nx\n5\nx\n6\n"
DIATONIC = Scale("", (204.0, 386.0, 498.0, 702.0, 884.0, 1088.0, 1200.0))


def _text(*fields: object, entries: str = "") -> bytes:
    return "\n".join([*map(str, fields), entries]).encode()


def test_size_0_is_linear_and_the_reference_key_has_its_frequency() -> None:
    mapping = parse_kbm(_text(0, 0, 127, 60, 69, 432.0, 12))
    keys = keys_of(EQUAL, mapping)
    assert keys[69] == pytest.approx(68.6823, abs=1e-4)
    assert keys[70] == pytest.approx(69.6823, abs=1e-4)


def test_x_is_a_silent_key() -> None:
    keys = keys_of(DIATONIC, parse_kbm(WHITE.encode()))
    assert [key for key in range(60, 72) if keys[key] is None] == [61, 63, 66, 68, 70]
    assert keys[69] == pytest.approx(69.0)
    assert keys[60] == pytest.approx(69.0 - 8.84)
    assert keys[72] == pytest.approx(72.0 + 0.16)


def test_the_last_silent_keys_may_be_left_out() -> None:
    assert parse_kbm(_text(4, 0, 127, 60, 60, 261.6256, 2, entries="0\n1")).degrees == (0, 1, None, None)


def test_keys_outside_the_range_keep_equal_temperament() -> None:
    keys = keys_of(FIFTHS, parse_kbm(_text(0, 60, 62, 60, 60, 261.6256, 2)))
    assert keys[59] == 59.0
    assert keys[61] == pytest.approx(67.02, abs=1e-3)
    assert keys[63] == 63.0


def test_a_middle_key_apart_from_the_reference_and_below_the_keyboard() -> None:
    keys = keys_of(FIFTHS, Mapping(middle=-1, reference=60, pitch=60.0))
    assert keys[60] == 60.0
    assert keys[61] == pytest.approx(64.98)  # key 60 is the fifth of its octave


def test_the_formal_octave_says_where_the_map_begins_anew() -> None:
    mapping = parse_kbm(_text(2, 0, 127, 60, 60, 261.6256, 4, entries="0\n1"))
    keys = keys_of(FIFTHS, mapping)
    assert keys[62] == pytest.approx(84.0, abs=1e-3)
    assert "degree 4" in doubts(FIFTHS, mapping)[0]
    assert doubts(FIFTHS, parse_kbm(_text(2, 0, 127, 60, 60, 261.6256, 2, entries="0\n1"))) == []


def test_a_silent_reference_is_refused() -> None:
    with pytest.raises(TuningError, match="reference key 61"):
        keys_of(DIATONIC, parse_kbm(WHITE.replace("\n69\n440.0", "\n61\n440.0").encode()))


def test_a_root_puts_the_first_degree_on_its_key() -> None:
    assert keys_of(FIFTHS, rooted(62.25))[62:65] == pytest.approx((62.25, 69.27, 74.25))
    assert keys_of(EQUAL, rooted(60.0)) == pytest.approx([float(key) for key in range(KEYS)])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "the size of the map is missing"),
        (_text(0, 0, 127, 60, 69), "the reference frequency is missing"),
        (_text(0, 0, 128, 60, 69, 440.0, 12), "the last key is '128'"),
        (_text(0, 0, 127, 60, 69, "440,0", 12), "the reference frequency is '440,0'"),
        (_text(0, 0, 127, 60, 69, "nan", 12), "the reference frequency"),
        (_text(0, 0, 127, 60, 69, 0, 12), "the reference frequency"),
        (_text(2, 0, 127, 60, 69, 440.0, 12, entries="x\nx"), "every key is silent"),
        (_text(2, 0, 127, 60, 69, 440.0, 12, entries="0\n1.5"), "'1.5' in the map"),
        (_text(99999, 0, 127, 60, 69, 440.0, 12), "the size of the map"),
        (b"!" * 100_001, "too many"),
    ],
)
def test_what_cannot_be_used_is_refused_with_words(data: bytes, words: str) -> None:
    with pytest.raises(TuningError, match=words):
        parse_kbm(data)


@given(st.binary(max_size=200) | st.text("\n 0123456789.-x", max_size=80).map(str.encode))
def test_any_bytes_are_a_mapping_or_a_tuning_error(data: bytes) -> None:
    try:
        keys = keys_of(DIATONIC, parse_kbm(data))
    except TuningError:
        return
    assert len(keys) == KEYS
