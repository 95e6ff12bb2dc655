"""The same rules of clients, as the same data, held against the page's modules in a real browser."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from page.relay import Relay
from support.browser.chromium import Chromium, LoopThread, Tab, chromium, loop_thread
from vectors import test_midi as midi
from vectors import test_tuning as tunings
from vectors.compare import SIDES, cases, differences, marked

from formant_net.aio.server.static import Asset
from formant_net.midi.parser import Parser
from formant_net.tuning.shipped import NAMES

__all__ = ["chromium", "loop_thread"]

TIMELESS = {
    *("effective", "desk"),
    *("surfaces", "signaling_states", "newest_seq", "age", "clock_offset", "play_out", "roster", "ranking", "mono"),
}
"""Rules without a duration of the protocol."""
SUBJECTS = Path(__file__).with_name("page.js")
MIDI = Path(__file__).with_name("midi.js")
TUNINGS = Path(__file__).with_name("tuning.js")


@pytest.fixture(scope="module")
def tab(loop_thread: LoopThread, chromium: Chromium) -> Iterator[Tab]:
    """The page, with the test's module beside its own."""
    relay = Relay()
    for path, file in (("/vectors.js", SUBJECTS), ("/tunings.js", TUNINGS), ("/midi-vectors.js", MIDI)):
        relay.assets[path] = Asset(file.read_bytes(), "text/javascript; charset=utf-8", '"test"')
    loop_thread.run(relay.start())
    tab = chromium.tab()
    tab.goto(relay.url)
    yield tab
    tab.close()
    loop_thread.run(relay.stop())


def results(tab: Tab, rule: str, case: dict[str, Any]) -> list[Any]:
    """What each step of a case gives, with the page's modules."""
    script = "async ([rule, given]) => (await import('/vectors.js')).results(rule, given)"
    return list(tab.evaluate(script, [rule, case]))


@pytest.mark.parametrize(("rule", "case"), marked("page"))
def test_the_page_does_as_the_vector_says(tab: Tab, rule: str, case: dict[str, Any]) -> None:
    assert differences(case, results(tab, rule, case)) == []


def test_every_rule_of_the_page_has_a_subject(tab: Tab) -> None:
    subjects = tab.evaluate("async () => Object.keys((await import('/vectors.js')).SUBJECTS)")
    assert {rule for rule, sides in SIDES.items() if "page" in sides} == set(subjects)


@pytest.mark.parametrize("rule", [rule for rule, sides in SIDES.items() if "page" in sides and rule not in TIMELESS])
def test_a_page_with_other_durations_is_noticed(tab: Tab, rule: str) -> None:
    """Planted: the page reads numbers that are not those of the vectors."""
    planted = {"timing": dict.fromkeys(("backoff_first_s", "dead_s", "ask_s", "open_s", "link_setup_s", "hold_s"), 7.0)}
    planted["timing"] |= {"release_repeats": 2, "play_out_s": 0.0, "touch_age_s": 7.0}
    found = []
    for case in cases(rule):
        changed = copy.deepcopy(case)
        changed["given"] = {**case.get("given", {}), **planted}
        found += differences(case, results(tab, rule, changed))
    assert found


@pytest.mark.parametrize("rule", tunings.RULES)
def test_the_page_tunes_as_the_vectors_say(tab: Tab, rule: str) -> None:
    cases = tunings.cases_of(rule)
    script = "async ([rule, cases]) => (await import('/tunings.js')).results(rule, cases)"
    given = tab.evaluate(script, [rule, cases])
    wrong = [case["name"] for case, one in zip(cases, given, strict=True) if not tunings.holds(rule, case, one)]
    assert wrong == []
    shifted = [one if one is None else [*one[:-1], (one[-1] or 0.0) + 0.01] for one in given]
    assert not any(
        tunings.holds(rule, case, one) for case, one in zip(cases, shifted, strict=True) if one is not None
    ), "a wrong result would not be noticed"


def test_the_page_offers_the_tunings_that_come_with_formant(tab: Tab) -> None:
    assert tab.evaluate("async () => (await import('/tunings.js')).NAMES") == list(NAMES)


def as_a_browser_gives_it(case: dict[str, Any]) -> dict[str, Any]:
    """The case with complete messages, each with its status; a browser passes no SysEx on unless it was asked for."""
    parsers: dict[str, Parser] = {}
    steps = []
    for step in case["steps"]:
        if "unplug" in step:
            parsers.pop(step["unplug"], None)
        port = step.get("port", "A")
        parser = parsers.setdefault(port, Parser())
        messages: list[Any] = []
        for byte in bytes.fromhex(step.get("bytes", "")):
            if byte >= 0xF8:  # real time: a message of its own, wherever it stands
                messages.append([port, [byte]])
                continue
            cut = parser.feed(bytes([byte]))
            messages += [[port, [one.kind | one.channel, *one.data]] for one in cut if one.kind < 0xF0]
        steps.append({"at": step["at"], "unplug": step.get("unplug"), "messages": messages})
    return {"given": case.get("given", {}), "steps": steps}


def not_alike(cases: list[dict[str, Any]], given: list[list[Any]]) -> list[str]:
    """The steps of cases of MIDI after which other fingers are down than the vector says."""
    return [
        f"{case['name']}, step {number}: {down}, the vector says {step['gives']}"
        for case, steps in zip(cases, given, strict=True)
        for number, (step, down) in enumerate(zip(case["steps"], steps, strict=True), 1)
        if "gives" in step and not midi.alike(down, step["gives"])
    ]


LEFT_OUT = {"tuning": "SysEx is not asked for", "gathering": "the page's sender says when messages go out"}


@pytest.mark.parametrize("rule", [path.stem for path in midi.FILES if path.stem not in LEFT_OUT])
def test_the_page_plays_midi_as_the_vectors_say(tab: Tab, rule: str) -> None:
    cases = midi.cases_of(rule)
    script = "async (cases) => { const m = await import('/midi-vectors.js'); return cases.map(m.results); }"
    assert not_alike(cases, tab.evaluate(script, [as_a_browser_gives_it(case) for case in cases])) == []


def test_the_seventeenth_key_ends_the_note_that_only_the_pedal_holds(tab: Tab) -> None:
    """The last case of gathering is about fingers, not about messages: who gives way to the seventeenth key."""
    case = midi.cases_of("gathering")[-1]
    script = "async (one) => (await import('/midi-vectors.js')).results(one)"
    given = tab.evaluate(script, as_a_browser_gives_it(case))
    told = [step.get("gives") for step in case["steps"]]
    assert [wanted is None or midi.alike(down, wanted) for down, wanted in zip(given, told, strict=True)] == [
        True
    ] * len(told)
    assert not midi.alike(given[-1], told[-2])
