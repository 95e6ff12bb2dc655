"""The rooms of the page: who may import whom, and that each file says what it is for."""

from __future__ import annotations

import re

import pytest
from page.relay import PAGE

MAY_IMPORT = {
    "protocol": {"protocol"},
    "timers": {"timers", "protocol"},
    "client": {"client", "timers", "protocol"},
    "controller": {"controller", "client", "protocol"},
    "tuning": {"tuning"},
    "play": {"play", "controller", "tuning", "protocol"},
    "synth": {"synth", "client", "timers", "protocol"},
    "set": {"set", "protocol"},
    "sing": {"sing", "synth", "set", "client", "timers", "protocol"},
    "show": {"show", "play", "controller", "protocol"},
    "midi": {"midi", "timers"},
    "strip": {"strip", "show", "midi", "play", "tuning", "protocol"},
    "fleet": {"fleet", "protocol"},
    "desk": {"desk", "fleet", "protocol"},
    "mixer": {"mixer", "desk", "fleet", "protocol"},
}
"""Nobody imports upward, in types neither. `main.js`, `singer.js` and `desk.js` put the rooms together."""
MODULES = sorted(path.relative_to(PAGE).as_posix() for path in PAGE.rglob("*.js"))


@pytest.mark.parametrize("module", MODULES)
def test_module_imports_its_own_room_and_those_below(module: str) -> None:
    text = (PAGE / module).read_text("utf-8")
    room = module.rpartition("/")[0]
    for wanted in re.findall(r"""(?:from|import)\s*\(?\s*["']([^"']+)["']""", text):
        target = ((PAGE / module).parent / wanted).resolve().relative_to(PAGE)
        assert (PAGE / target).is_file(), f"{module} imports {wanted}, which is not there"
        assert room == "" or target.parts[0] in MAY_IMPORT[room], f"{module} imports {wanted}"


@pytest.mark.parametrize("module", MODULES)
def test_module_begins_with_what_it_is_for(module: str) -> None:
    assert (PAGE / module).read_text("utf-8").startswith("/**"), module


def test_a_room_is_small_enough_to_look_over() -> None:
    for room in MAY_IMPORT:
        assert 3 <= len(list((PAGE / room).iterdir())) <= 16, room
