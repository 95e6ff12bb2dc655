from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formant_net.midi.file.lyrics import vowel_of


@pytest.mark.parametrize(
    ("syllable", "vowel"),
    [
        ("la", "a"), ("/Ré", "e"), ("mi-", "i"), ("\\SOL", "o"), ("du", "u"), ("je", "e"), ("my", "i"), ("schön", "o"),
        ("für", "u"), ("か", "a"), ("ス", "u"), ("мо", "o"), ("λα", "a"), ("", None), ("-", None), ("hm", None),
    ],
)  # fmt: skip
def test_the_first_vowel_letter_of_a_syllable(syllable: str, vowel: str | None) -> None:
    assert vowel_of(syllable) == vowel


@given(st.text(max_size=20))
def test_any_text_is_a_vowel_or_none(text: str) -> None:
    assert vowel_of(text) in (None, "a", "e", "i", "o", "u")
