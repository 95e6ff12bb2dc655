"""Vowels of lyrics: the first vowel letter of each syllable."""

from __future__ import annotations

import unicodedata

_LETTERS = {
    **dict.fromkeys("aäåæ", "a"), **dict.fromkeys("e", "e"), **dict.fromkeys("iyj", "i"),
    **dict.fromkeys("oöø", "o"), **dict.fromkeys("uü", "u"), "œ": "e",
    "α": "a", "ε": "e", "η": "i", "ι": "i", "ο": "o", "υ": "i", "ω": "o",
    "а": "a", "я": "a", "э": "e", "е": "e", "ё": "o", "и": "i", "ы": "i", "о": "o", "у": "u", "ю": "u", "і": "i",
}  # fmt: skip
"""Letters that stand for vowels, roughly: languages are left to a mapping of the player's own."""


def vowel_of(syllable: str) -> str | None:
    """a, e, i, o or u; None for a syllable without a vowel letter (a rest, a line break, a melisma)."""
    for sign in syllable.lower():
        name = unicodedata.name(sign, "")
        if name.startswith(("HIRAGANA LETTER ", "KATAKANA LETTER ")) and name[-1] in "AEIOU":
            return name[-1].lower()
        base = unicodedata.normalize("NFD", sign)[0]
        for each in (sign, base):
            if each in _LETTERS and each != "j":
                return _LETTERS[each]
    return None
