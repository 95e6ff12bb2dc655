"""Vowels by name, and where one lies on a surface whose vowels stand at equal steps of y."""

from __future__ import annotations

from collections.abc import Sequence

from formant_net.protocol.gesture import Named, Vowel

USUAL = ("a", "e", "i", "o", "u")
"""The vowels of a surface about which nothing is known."""
_NEAR = {
    "a": "aɑɐʌæ", "e": "eɛəɜ", "i": "iɪy", "o": "oɔø", "u": "uʊɯ",
}  # fmt: skip
"""Names of vowels that a surface may have instead, nearest first."""


def place_of(name: str, vowels: Sequence[str]) -> float | None:
    """The y of a vowel among those of a surface, 0…1; None if the surface has none like it."""
    for each in (name, *_NEAR.get(name, "")):
        if each in vowels and len(vowels) > 1:
            return list(vowels).index(each) / (len(vowels) - 1)
    return None


def y_of(vowel: Vowel, vowels: Sequence[str]) -> float | None:
    """The y of a vowel or of a mix on a surface, 0…1; None if the surface lacks one of them."""
    total = 0.0
    for name, weight in vowel if isinstance(vowel, tuple) else ((vowel, 1.0),):
        place = place_of(name, vowels) if isinstance(name, str) else float(name)
        if place is None:
            return None
        total += weight * place
    return min(max(total, 0.0), 1.0)


def mixed(first: Vowel, second: Vowel, share: float) -> Vowel:
    """The vowel at `share` (0…1) of the way from the first to the second. Equal names are put together."""
    if share <= 0.0 or first == second:
        return first
    if share >= 1.0:
        return second
    names: dict[str, float] = {}
    places, place = 0.0, 0.0
    for vowel, part in ((first, 1.0 - share), (second, share)):
        for name, weight in vowel if isinstance(vowel, tuple) else ((vowel, 1.0),):
            if isinstance(name, str):
                names[name] = names.get(name, 0.0) + part * weight
            else:
                places, place = places + part * weight, place + part * weight * name
    found: list[tuple[Named, float]] = [(name, round(weight, 6)) for name, weight in names.items()]
    if places:
        found.append((place / places, round(places, 6)))
    return tuple(found)
