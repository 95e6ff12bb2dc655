from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formant_net.osc.codec import Argument, Message
from formant_net.osc.space import (
    MOST_CHARS,
    Action,
    AddressError,
    Confirm,
    Lift,
    Play,
    Setting,
    Subscribe,
    Touched,
    actions_of,
    matches,
    part_of,
)


def _asked(address: str, *arguments: Argument) -> list[Action]:
    return actions_of(Message(address, arguments))


@pytest.mark.parametrize(
    ("address", "arguments", "action"),
    [
        ("/formant/note", (1, 60.5), Play(1, note=60.5)),
        ("/formant/note", (1.0, 60, 0.5), Play(1, note=60.0, vel=0.5)),
        ("/formant/note", ("a", 60, 0), Lift("a")),
        ("/formant/freq", (2, 440.0), Play(2, note=69.0)),
        ("/formant/freq", (2, 440.0, 0.0), Lift(2)),
        ("/formant/vowel", (1, 1.5), Play(1, y=1.0, begins=False)),
        ("/formant/effort", (1, -1), Play(1, z=0.0, begins=False)),
        ("/formant/touch", (1, 0.2, 0.3, 0.4), Play(1, x=0.2, y=0.3, z=0.4)),
        ("/formant/touch", (1, 0.2, 0.3), Play(1, x=0.2, y=0.3)),
        ("/formant/off", (1,), Lift(1)),
        ("/formant/off", (1, 0.0), Lift(1)),
        ("/formant/alloff", (), Lift(None)),
        ("/formant/alloff", (1.0,), Lift(None)),
        ("/formant/volume", (0.5,), Setting("volume", 0.5)),
        ("/formant/preset", ("tenor",), Setting("preset", "tenor")),
        ("/formant/power", (True,), Setting("power", True)),
        ("/formant/power", (0.0,), Setting("power", False)),
        ("/formant/box/north/volume", (1,), Setting("volume", 1.0, "north")),
        ("/formant/box/n*/power", (0,), Setting("power", False, "n*")),
        ("/formant/volume/touched", (1,), Touched("/formant/volume", True)),
        ("/formant/box/north/volume/touched", (0.0,), Touched("/formant/box/north/volume", False)),
        ("/formant/subscribe", (), Subscribe(None)),
        ("/formant/subscribe", (9001.0,), Subscribe(9001)),
        ("/formant/ok", (77.0,), Confirm(77, None)),
        ("/formant/ok", (77, 9001), Confirm(77, 9001)),
        ("/t3d/tch3", (0.1, 0.2, 0.3, 61.5), Play("t3d 3", note=61.5, y=0.2, z=0.3)),
        ("/t3d/tch3", (0.1, 0.2, 0.0, 61.5), Lift("t3d 3")),
        ("/formant/[m-o]ote", (1, 60), Play(1, note=60.0)),
    ],
)  # fmt: skip
def test_what_an_address_asks_for(address: str, arguments: tuple[Argument, ...], action: Action) -> None:
    assert _asked(address, *arguments) == [action]


@pytest.mark.parametrize(
    "address",
    [
        "/", "/formant", "/formant/", "/formant/dance", "/formant/note/1", "/other/note", "/formant/box/a/note",
        "/formant/note/touched", "/formant/box/a/b/volume", "/t3d/frm", "/t3d/dr", "/t3d/tch", "//volume",
        "/formant/subscrib?", "/*/subscribe",
    ],
)  # fmt: skip
def test_other_addresses_ask_for_nothing(address: str) -> None:
    assert _asked(address, 1) == []


def test_alloff_of_a_released_button_does_nothing() -> None:
    assert _asked("/formant/alloff", 0.0) == []


def test_a_pattern_may_ask_for_several_things() -> None:
    assert _asked("/formant/{volume,power}", 1) == [Setting("volume", 1.0), Setting("power", True)]


@pytest.mark.parametrize(
    ("address", "arguments", "words"),
    [
        ("/formant/note", (1,), "1 arguments: it takes 2 … 3"),
        ("/formant/note", (1, 200), "pitch 200: write a number within 0 … 135"),
        ("/formant/note", (1, math.nan), "pitch nan"),
        ("/formant/note", (1.5, 60), "id 1.5"),
        ("/formant/note", (True, 60), "id True"),
        ("/formant/note", ("x" * 65, 60), "up to 64 characters"),
        ("/formant/freq", (1, 0), "within 20 … 4000"),
        ("/formant/preset", (3,), "preset 3"),
        ("/formant/preset", ("",), "1 … 64"),
        ("/formant/power", ("on",), "power 'on'"),
        ("/formant/subscribe", (0,), "port 0"),
        ("/formant/volume", (), "it takes 1"),
        ("/formant/volume/touched", (), "it takes 1"),
        ("/t3d/tch1", (0, 0, 1), "x, y, z and note"),
    ],
)
def test_what_is_wrong_is_said(address: str, arguments: tuple[Argument, ...], words: str) -> None:
    with pytest.raises(AddressError) as error:
        _asked(address, *arguments)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("pattern", "name", "same"),
    [
        ("north", "north", True), ("n*", "north", True), ("*", "", True), ("n?rth", "north", True),
        ("*th", "north", True),
        ("[a-n]orth", "north", True), ("[!a-m]orth", "north", True), ("[!n]orth", "north", False),
        ("{north,south}", "south", True), ("{north,south}", "east", False), ("n", "north", False), ("[", "[", True),
        ("{", "x", False), ("a.c*", "abc", False), ("*" * 5, "a", True), ("[z-a]", "b", False),
        ("*a*a*a*a*a*", "aaaaa", True), ("*a*a*a*a*a*a*", "aaaaa", False), ("?", "", False), ("n?", "n", False),
        ("{no,north}", "north", True), ("{north,no}th", "noth", True), ("{n,}{o,}rth", "north", True),
        ("{}n*", "n", True), ("???*", "ab", False), ("a??", "abc", True), ("?a" * 8, "ba" * 8, True),
        ("?a" * 9, "ba" * 9, False),
        ("[a-n][o-]rth", "n-rth", True), ("[--z]", "m", True), ("[^n]orth", "aorth", False), ("[!]x[a]", "b", False),
        ("[!]{a,b}*", "[!]b-side", True), ("[!-]", "-", False), ("{a,b}*[!]", "a[!]", True), ("n*", "x" * 65, False),
        ("qwer*zxcv", "qwer-zxcv-more", False),  # attwad/python-osc#180
        ("chan+?", "chan+1", True), ("1?", "11", True), ("1?", "1", False),  # attwad/python-osc#7, Figure53/F53OSC#28
        ("a,?", "a,1", True), ("a,?", "a", False),  # Figure53/F53OSC#28: a comma outside of braces is a comma
    ],
)  # fmt: skip
def test_patterns(pattern: str, name: str, same: bool) -> None:
    assert matches(pattern, name) is same


class Counted(str):
    """A name that counts how often somebody looks into it."""

    looks = 0

    def startswith(self, *arguments: Any) -> bool:
        self.looks += 1
        return super().startswith(*arguments)

    def __getitem__(self, place: Any) -> str:
        self.looks += 1
        return super().__getitem__(place)


@pytest.mark.parametrize(
    "bomb", ["{,}" * 21 + "x", "{,}" * 8 + "x", "{a,a}" * 8 + "x", "*a" * 8 + "x", "?*" * 4 + "[!a]", "{,a}*" * 4 + "x"]
)
def test_a_pattern_with_many_ways_to_be_read_costs_little(bomb: str) -> None:
    name = Counted("a" * MOST_CHARS + "b")
    assert not matches(bomb, name)
    assert name.looks <= len(bomb) * len(name)


def test_a_name_becomes_one_part_of_an_address() -> None:
    assert part_of("North wall / 1") == "North_wall___1"
    assert part_of("Türe") == "T_re"


@given(
    st.text(st.sampled_from("/formantoe*?[]{},-! t3dch1"), max_size=40),
    st.lists(st.floats() | st.integers() | st.text() | st.none()),
)
def test_any_message_asks_for_something_or_is_refused(address: str, arguments: list[Any]) -> None:
    for head in ("", "/formant/", "/t3d/tch1"):
        try:
            actions = _asked(head + address, *arguments)
        except AddressError:
            continue
        for each in actions:
            if isinstance(each, Play):
                assert each.note is None or 0.0 <= each.note <= 135.0
