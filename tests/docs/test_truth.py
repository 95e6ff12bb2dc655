"""Tables of the pages that the code decides: commands, limits, error codes, Timing, parameters of presets."""

from __future__ import annotations

import ast
import re
from dataclasses import fields
from typing import Any

import pytest
from docs.blocks import ROOT
from support.virtual.hands import numbered

from formant_dsp.model import choir, expression
from formant_dsp.model.preset_file import MAPPING_RANGES
from formant_dsp.model.presets import names
from formant_net.cli import SUBCOMMANDS
from formant_net.health.troubles import WORDS
from formant_net.protocol.codec import decode_channel
from formant_net.protocol.messages import Touch
from formant_net.protocol.steering import Health
from formant_net.protocol.timing import Timing
from formant_net.server.access.limits import Limits
from formant_net.server.health.metrics import METRICS
from formant_net.synth.play_limits import PlayLimits
from formant_net.synth.touches import NoteMove, NoteOff, NoteOn, Touches

DOCS = ROOT / "docs"


def _page(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def test_the_page_of_commands_has_each_of_them() -> None:
    assert set(re.findall(r"^\| `formant-node ([\w-]+)", _page("install/commands.md"), re.M)) == set(SUBCOMMANDS)


@pytest.mark.parametrize("limits", [Limits(), PlayLimits()], ids=["server", "synth"])
def test_the_page_on_security_has_every_limit_with_its_default(limits: Any) -> None:
    documented: dict[str, str] = {}
    for cells in re.findall(r"^\| ([^|]+) \| ([^|]+) \|", _page("install/security.md"), re.M):
        found = re.findall(r"`(\w+)`", re.sub(r"\([^)]*\)", "", cells[0]))
        values = re.sub(r"(\d+) MiB", lambda m: str(int(m[1]) * 1024 * 1024), cells[1]).split(",")
        if found and len(found) == len(values):
            documented |= {name: value.strip() for name, value in zip(found, values, strict=True)}
    for one in fields(limits):
        assert documented.get(one.name) == f"{getattr(limits, one.name):.15g}", one.name


def test_the_protocol_has_every_error_that_a_server_sends() -> None:
    """The first argument of each ProtocolError of what a server runs, and nothing that is no such code."""
    sent = set()
    rooms = [ROOT / "src" / "formant_net" / room for room in ("server", "protocol", "fleet", "aio/server")]
    for path in (path for room in rooms for path in room.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in (
                *("ProtocolError", "Error"),
            ):
                given = [*node.args[:1], *(word.value for word in node.keywords if word.arg == "code")]
                sent |= {one.value for one in given if isinstance(one, ast.Constant)}
    page = _page("integrate/protocol.md")
    table = page[page.index("### Errors") : page.index("## A link")]
    documented = {
        code for row in re.findall(r"^\| (`[^|]+) \|", table, re.M) for code in re.findall(r"`([\w-]+)`", row)
    }
    assert sent - documented == set()
    assert documented - sent == {"code"}  # the head of the table


def test_the_page_on_health_has_every_metric_and_no_other() -> None:
    table = re.findall(r"^\| `(formant_\w+)` \|", _page("install/health.md"), re.M)
    assert table == [metric.name for metric in METRICS]


def test_the_protocol_has_every_figure_of_health() -> None:
    page = _page("integrate/protocol.md")
    section = page[page.index("### How a box is") : page.index("### Errors")]
    named = set(re.findall(r"`(\w+)`", section))
    assert {field for field in Health.__struct_fields__ if field not in named} == set()
    help = _page("troubleshooting.md")
    assert {trouble for trouble in WORDS if f"`{trouble}`" not in section or f"`{trouble}`" not in help} == set()


def test_the_durations_of_the_protocol_are_those_of_the_code() -> None:
    page, timing = _page("integrate/protocol.md"), Timing()
    for words in (
        f"`ttl_s` ({timing.ttl_s:g} s)",
        f"`heartbeat_s` ({timing.heartbeat_s:g} s)",
        f"must register within {timing.register_s:g} s",
        f"within {timing.verify_s:g} s",
        f"ends a voice {1000 * timing.hold_s:g} ms after",
        f"older than {1000 * timing.touch_age_s:g} ms",
        f"at least every {1000 * timing.resend_s:g} ms",
        f"for {timing.dead_s:g} s",
        f"the link for {timing.abandon_s:g} s",
        f"open {timing.link_setup_s:g} s after an offer",
        f"{timing.backoff_first_s:g} s, doubling to {timing.backoff_max_s:g} s",
    ):
        assert words in " ".join(page.split()), words


def test_the_page_on_presets_has_every_preset_and_every_key() -> None:
    page = _page("play/presets.md")
    assert set(names()) <= set(re.findall(r"`([\w-]+)`", page))
    keys = page[page.index("## Expression") :]
    for name, bounds in expression.RANGES.items():
        row = re.search(rf"^\| `{name}` \| ([^|]+) \|", keys, re.M)
        assert row is not None, name
        assert row[1].replace(",", "").split("…")[0].strip() == f"{bounds.low:g}", name
        assert row[1].rpartition(", ")[2].strip().replace(",", "") == f"{bounds.default:g}", name
    for name in (*choir.RANGES, *MAPPING_RANGES):
        assert re.search(rf"^{name} = ", page, re.M), name


def _section(page: str, begin: str, end: str) -> str:
    """From one heading to another, on one line, without marks of emphasis."""
    return " ".join(page[page.index(begin) : page.index(end, page.index(begin) + 1)].replace("**", "").split())


@pytest.mark.parametrize(
    ("begin", "end", "words"),
    [
        ("### Touches are state", "### How old", "touch without `id` is finger 0"),
        ("### Touches are state", "### How old", '{"type": "touch", "active": false}'),
        ("## A link", "### When a link ends", "new peer connection for every offer"),
        ("## A link", "### When a link ends", "must repeat the `a=mid` of the offer"),
        ("### When a link ends", "## The data channels", "does not call this controller again for 30 s"),
        ("### Messages", "### Errors", "in the spelling that its receiver used last"),
        ("### How old is a touch?", "### Several", "steps of up to 100 ms"),
    ],
)
def test_the_protocol_answers_what_somebody_needs_who_writes_a_client_alone(begin: str, end: str, words: str) -> None:
    assert words in _section(_page("integrate/protocol.md"), begin, end)


def test_the_protocol_names_every_message_that_our_clients_need_from_a_server() -> None:
    page = _page("integrate/protocol.md")
    needed = page[page.index("### A server") :]
    for name in ("registered", "controllers-list", "controller-joined", "controller-left", "offer", "answer", "kicked"):
        assert f"`{name}`" in needed, name
    assert "`ice-candidate` (or `ice`)" in " ".join(needed.split())


def test_the_smallest_controller_of_the_protocol_plays_a_note_and_ends_it() -> None:
    page = _page("integrate/protocol.md")
    paragraph = " ".join(page[page.index("The smallest controller") : page.index("### A synth")].split())
    down, lifted = [decode_channel(text) for text in re.findall(r"`(\{.*?\})`", paragraph)]
    assert isinstance(down, Touch)
    assert isinstance(lifted, Touch)
    touches = Touches(Timing(), numbered())
    notes = [note for step in range(10) for note in touches.touch(down, 0.02 * step)]
    assert [type(note) for note in notes] == [NoteOn, *[NoteMove] * 9]
    assert touches.touch(lifted, 0.2) == [NoteOff(1)]
    assert [note for step in range(4) for note in touches.touch(lifted, 0.22 + 0.02 * step)] == []


@pytest.mark.parametrize(
    "untrue",
    [
        r"pipx? install '?formant-synth(?!\[)",  # nothing is published
        r"how every box is",  # `remote` shows those that answer, and says which did not
        r"of any speed without a click",
        r"flood from a thousand addresses\.\*\*",
    ],
)
def test_what_was_found_untrue_is_not_said_again(untrue: str) -> None:
    pages = [ROOT / "README.md", *DOCS.rglob("*.md")]
    said = re.compile(untrue)
    assert [page.name for page in pages if said.search(" ".join(page.read_text("utf-8").split()))] == []
