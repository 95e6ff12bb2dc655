"""Every table selectable, complete and traceable; IPA symbols mean the same everywhere."""

from __future__ import annotations

import pytest

from formant_dsp import VowelPath, VowelPlane, sung
from formant_dsp.model.tables import table, tables
from formant_dsp.model.tract import bandwidth_hz, tract_levels
from formant_dsp.model.vowels import rows

EVERY = [(name, group) for name, info in tables().items() for group in info.groups]


@pytest.mark.parametrize(("name", "group"), EVERY)
def test_every_vowel_of_every_table_has_five_ascending_formants(name: str, group: str) -> None:
    vowels = table(name, group)
    count = sum(row["table"] == name and row["group"] == group for row in rows())
    assert len(vowels) == (5 if name == "sung" else count)
    for key, vowel in vowels.items():
        assert list(vowel.frequency_hz) == sorted(vowel.frequency_hz), key
        assert all(25.0 <= width <= 520.0 for width in vowel.bandwidth_hz), key
        assert vowel.level_db[0] == 0.0, key
        assert all(-90.0 < level < 12.0 for level in vowel.level_db), key


def test_every_table_names_its_source_and_how_it_was_verified() -> None:
    assert set(tables()) == {row["table"] for row in rows()} | {"sung"}
    for info in tables().values():
        assert info.source
        assert info.verified
    assert "NOT verified" in tables()["cantor_tenor"].verified


def test_sung_is_the_printed_table_but_for_two_rows() -> None:
    assert table("sung", "tenor")["a"] == table("csound_sung", "tenor")["a"] == sung("tenor")["a"]
    assert table("csound_sung", "tenor")["o"].bandwidth_hz[0] == 70
    assert table("csound_sung_older", "tenor")["o"] == table("sung", "tenor")["o"]


def test_a_symbol_means_the_same_vowel_in_every_table() -> None:
    """Keys do not: P&B's ah is ʌ, Hillenbrand's is ɑ."""
    pb, h95 = table("pb52_tokens", "men"), table("h95_tokens", "men")
    assert pb["ah"] is pb["ʌ"]
    assert h95["ah"] is h95["ɑ"]
    assert pb["ʌ"].frequency_hz[1] == pytest.approx(h95["ʌ"].frequency_hz[1], rel=0.05)


def test_a_key_that_is_the_symbol_of_another_vowel_is_asked_for_as_a_key() -> None:
    dutch = table("pols73_tokens", "men")
    assert dutch["a"].frequency_hz[0] == 795
    assert dutch["key:a"] is dutch["ɑ"]
    assert dutch["ɑ"].frequency_hz[0] == 679
    assert "key:a" in dutch
    assert "key:ɑ" not in dutch
    assert list(dutch)[0:2] == ["oe", "aa"]


def test_a_symbol_the_source_does_not_settle_is_an_error_that_lists_the_keys() -> None:
    cantor = table("cantor_tenor", "tenor")
    assert cantor["œ/ø a"].frequency_hz[0] == 350
    assert "ø" not in cantor
    with pytest.raises(KeyError, match="œ/ø a, œ/ø b"):
        cantor["ø"]


def test_measured_levels_are_kept_and_the_tract_continues_them() -> None:
    """/ɑ/ of Pols has 0, -3.6, -22.8 dB; where lobes hardly overlap, the third stays and the fourth lies below."""
    level = table("pols73_tokens", "men")["i"].level_db
    assert level[1] == pytest.approx(-19.5, abs=1.5)
    vowel = table("pols73_tokens", "men")["i"]
    tube = tract_levels(vowel.frequency_hz, vowel.bandwidth_hz)
    assert level[3] - level[2] == pytest.approx(tube[3] - tube[2], abs=3.0)


def test_missing_widths_are_those_of_hawks_and_miller_at_the_pitch_of_the_row() -> None:
    vowel = table("h95_tokens", "women")["i"]
    assert vowel.bandwidth_hz == pytest.approx([bandwidth_hz(f, 227.0) for f in vowel.frequency_hz])


@pytest.mark.parametrize(
    ("name", "group", "word"), [("nobody", "men", "pb52_tokens"), ("h95_tokens", "tenor", "men, women, children")]
)
def test_what_is_not_there_is_refused_with_what_is(name: str, group: str, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        table(name, group)


@pytest.mark.parametrize(("name", "group"), [e for e in EVERY if e[0] != "csound_sung_older"])
def test_paths_and_planes_go_over_any_table(name: str, group: str) -> None:
    vowels = table(name, group)
    path = VowelPath.through(vowels, list(vowels)[:3])
    assert path.at(0.5) is vowels[list(vowels)[1]]
    plane = VowelPlane.over(vowels)
    low, high = plane.at(0.0, 0.0).frequency_hz, plane.at(1.0, 0.0).frequency_hz
    assert 1.5 * low[1] < high[1]  # front has the higher F2
    assert plane.at(0.3, 1.0).frequency_hz[0] > 1.35 * plane.at(0.3, 0.0).frequency_hz[0]  # open has the higher F1


@pytest.mark.parametrize(("name", "group"), [(t.name, g) for t in tables().values() for g in t.groups])
def test_widths_and_levels_may_be_those_of_formulas(name: str, group: str) -> None:
    """Every vowel of every table: centres stay, widths grow from F2 on, a tract's F5 is below its F1."""
    measured, formed = table(name, group), table(name, group, "hawks-miller", "tract")
    assert list(formed) == list(measured)
    for key in measured:
        vowel = formed[f"key:{key}"]
        assert vowel.frequency_hz == measured[f"key:{key}"].frequency_hz
        assert list(vowel.bandwidth_hz[1:]) == sorted(vowel.bandwidth_hz[1:])
        assert 20.0 < vowel.bandwidth_hz[0] < 200.0
        assert vowel.level_db[4] < vowel.level_db[0]
        only = table(name, group, "hawks-miller")[f"key:{key}"]
        assert only.bandwidth_hz == vowel.bandwidth_hz
        assert only.level_db == measured[f"key:{key}"].level_db


def test_another_choice_of_widths_or_levels_is_refused_with_the_choices() -> None:
    with pytest.raises(ValueError, match="bandwidths='narrow': choose one of table, hawks-miller"):
        table("sung", "tenor", bandwidths="narrow")
    with pytest.raises(ValueError, match="levels='high': choose one of table, tract"):
        table("sung", "tenor", levels="high")
