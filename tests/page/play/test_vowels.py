"""Which vowel lies where."""

from __future__ import annotations

import pytest
from page.conftest import ask
from support.browser.chromium import Tab


@pytest.mark.parametrize(
    ("y", "name"), [(0, "a"), (0.25, "e"), (0.3, "e"), (0.375, "e–i"), (0.5, "i"), (0.75, "o"), (1, "u")]
)
def test_vowels_are_named(tab: Tab, y: float, name: str) -> None:
    assert ask(tab, "play/vowels", f"return m.vowelAt({y});") == name
