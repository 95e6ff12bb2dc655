"""Figures and troubles in words: the page says the same as the command and the server."""

from __future__ import annotations

from page.conftest import ask
from support.browser.chromium import Tab

from formant_net.health.troubles import HEARD, WORDS


def test_a_trouble_has_the_same_words_as_everywhere(tab: Tab) -> None:
    said = ask(
        tab,
        "desk/figures",
        f"return m.troubles({{ at: 0, before: null, fields: {{ troubles: {[*WORDS, 'newer']!r} }} }});",
    )
    assert [each["text"] for each in said] == [*(text for text, _ in WORDS.values()), "newer"]
    assert all(each["remedy"] for each in said[:-1])


def test_the_same_counters_are_breaks(tab: Tab) -> None:
    """One of each a minute is that many breaks; other counters are none."""
    counts = dict.fromkeys(HEARD, 1) | {"blocks": 9, "late": 5, "late_notes": 3}
    zeros = dict.fromkeys(counts, 0)
    script = f"""
    const before = {{ at: 0, fields: {zeros}, before: null }};
    const all = m.figures({{ at: 60, fields: {counts}, before }});
    return all.find((each) => each.key === "breaks").text;
    """
    assert ask(tab, "desk/figures", script) == f"{len(HEARD)} breaks/min"


def test_lengths_of_time_have_their_two_largest_units(tab: Tab) -> None:
    said = ask(tab, "desk/figures", "return [5, 65, 3700, 90000].map(m.duration);")
    assert said == ["5 s", "1 min", "1 h 1 min", "1 d 1 h"]


def test_a_box_that_says_nothing_in_many_words_has_said_nothing(tab: Tab) -> None:
    script = """
    const all = m.figures({ at: 0, before: null, fields: { version: " ", device: "" } });
    return all.filter((each) => each.known).map((each) => [each.key, each.text]);
    """
    assert ask(tab, "desk/figures", script) == []
