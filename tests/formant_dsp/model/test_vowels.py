"""Tables and ways between vowels."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from formant_dsp import SUNG_VOICES, SUNG_VOWELS, UnknownVowel, Vowel, VowelPath, VowelPlane, sung
from formant_dsp.model.vowels import PLANE_ANCHORS, CornerPlane, rows


def test_every_row_of_the_data_names_its_source() -> None:
    assert len(rows()) == 193
    assert all(row["source"] and row["verified"] for row in rows())


def test_sung_table_has_five_vowels_of_five_voices() -> None:
    for voice in SUNG_VOICES:
        table = sung(voice)
        assert tuple(table) == SUNG_VOWELS
        for vowel in table.values():
            assert list(vowel.frequency_hz) == sorted(vowel.frequency_hz)


def test_sung_levels_are_spectral_peaks_of_grains() -> None:
    """A grain's peak is proportional to amplitude / bandwidth: tenor a has 0, -6 dB at 80, 90 Hz."""
    a = sung("tenor")["a"]
    assert a.frequency_hz[:2] == (650, 1080)
    assert a.level_db[0] == 0.0
    assert a.level_db[1] == pytest.approx(-6 - 20 * math.log10(90 / 80))


def test_exchanged_bandwidths_are_put_right() -> None:
    assert sung("tenor")["o"].bandwidth_hz[0] == 40
    assert sung("soprano")["o"].bandwidth_hz[0] == 70


def test_unknown_voice_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="soprano, alto"):
        sung("robot")


def test_path_stops_at_its_vowels_and_is_straight_in_log_frequency_between() -> None:
    path = VowelPath.sung("bass")
    table = sung("bass")
    for i, name in enumerate(SUNG_VOWELS):
        assert path.at(i / 4).frequency_hz == table[name].frequency_hz
    between = path.at(0.125)
    for f, a, e in zip(between.frequency_hz, table["a"].frequency_hz, table["e"].frequency_hz, strict=True):
        assert f == pytest.approx(math.sqrt(a * e))
    assert path.at(-1.0) == path.at(0.0)
    assert path.at(7.0) == path.at(1.0)


def test_path_is_continuous() -> None:
    path = VowelPath.sung("alto")
    log_f = np.log2([path.at(y).frequency_hz for y in np.linspace(0, 1, 2001)])
    assert np.abs(np.diff(log_f, axis=0)).max() < 0.01


def test_plane_has_its_vowels_at_its_anchors_and_no_holes() -> None:
    plane = VowelPlane.sung("tenor")
    for name, (x, y) in PLANE_ANCHORS.items():
        # an anchor is a plateau: within half a just noticeable difference (1.5 %) of its own vowel
        assert plane.at(x, y).frequency_hz == pytest.approx(sung("tenor")[name].frequency_hz, rel=0.015)
    grid = np.log2([[plane.at(x, y).frequency_hz for x in np.linspace(0, 1, 41)] for y in np.linspace(0, 1, 41)])
    assert np.abs(np.diff(grid, axis=0)).max() < 0.35
    assert np.abs(np.diff(grid, axis=1)).max() < 0.35


def test_vowels_at_the_bounds_can_be_mixed() -> None:
    """A mean is rounded: of -120 dB and -120 dB it may be -120.00000000000001."""
    low = Vowel((50,) * 5, (5,) * 5, (-120,) * 5)
    high = Vowel((20_000,) * 5, (2_000,) * 5, (24,) * 5)
    for end in (low, high):
        plane = VowelPlane(((0, 0), (1, 0), (0, 1), (0.3, 0.6)), (end,) * 4)
        for x in np.linspace(0, 1, 23):
            assert plane.at(x, 0.37).frequency_hz == pytest.approx(end.frequency_hz)
            assert VowelPath((end, end)).at(x).level_db == pytest.approx(end.level_db)


@pytest.mark.parametrize(
    ("f", "b", "level", "word"),
    [
        ((500,) * 4, (80,) * 5, (0,) * 5, "frequency_hz has 4"),
        ((500,) * 5, (80, 80, 80, 80, math.nan), (0,) * 5, "bandwidth_hz"),
        ((500,) * 5, (80,) * 5, (0, 0, 0, 0, 99), "level_db"),
        ((5,) * 5, (80,) * 5, (0,) * 5, "50 … 20000 Hz"),
    ],
)
def test_a_vowel_that_is_none_is_refused_in_words(f: Any, b: Any, level: Any, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        Vowel(f, b, level)


def test_a_plane_of_corners_has_its_corners_and_the_geometric_mean_in_the_middle() -> None:
    a, e, i, u = (sung("tenor")[name] for name in "aeiu")
    plane = CornerPlane(back_close=u, back_open=a, front_close=i, front_open=e)
    for place, vowel in (((0, 0), u), ((0, 1), a), ((1, 0), i), ((1, 1), e), ((-1, 3), a)):
        assert plane.at(*place).frequency_hz == pytest.approx(vowel.frequency_hz)
        assert plane.at(*place).level_db == pytest.approx(vowel.level_db)
    middle = math.prod(v.frequency_hz[1] for v in (a, e, i, u)) ** 0.25
    assert plane.at(0.5, 0.5).frequency_hz[1] == pytest.approx(middle)


@pytest.mark.parametrize("look", [lambda: sung("alto")["q"], lambda: VowelPath.sung("alto", ("a", "q"))])
def test_an_unknown_vowel_is_refused_with_those_there_are(look: Callable[[], object]) -> None:
    with pytest.raises(UnknownVowel) as caught:
        look()
    assert str(caught.value) == "no vowel 'q' of the alto: choose one of a, e, i, o, u"
    assert isinstance(caught.value, KeyError), "a table is a mapping like any other"
    assert "q" not in sung("alto")
    assert sung("alto").get("q") is None


@pytest.mark.parametrize("count", [0, 1])
def test_a_path_without_a_way_is_refused_in_words(count: int) -> None:
    with pytest.raises(ValueError, match="a path needs at least two vowels"):
        VowelPath((sung("tenor")["a"],) * count)
    with pytest.raises(ValueError, match="a path needs at least two vowels"):
        VowelPath.sung("tenor", "a" * count)
