"""The house: which room may import which, how full a room is, and that every module has its test in its place.

docs/understand/architecture.md is the map. A row of its tables names a room and the rooms that it may import. The
sources are held to these rows.
"""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src"
MAP = ROOT / "docs" / "understand" / "architecture.md"
PACKAGES = ("formant_net", "formant_dsp")
SOURCES = (".py", ".pyx", ".pxd", ".h", ".js")
MOST_FILES = 16

ABOVE_ALL = {
    "formant_net/aio/lan/multicast.py": "on networks in namespaces: aio/lan/test_announce.py",
    "formant_net/aio/soak.py": "runs a server, a synth and players in one process",
}
"""Modules that may import any room below cli."""

TESTED_ELSEWHERE = {
    "formant_net/aio/client/shell.py": "what both clients share: by the tests of synth and controller beside it",
    "formant_net/aio/client/desk.py": "with a real server and boxes: cli/run/test_desk.py",
    "formant_net/aio/ensemble/gather.py": "with real synths: aio/ensemble/test_ensemble.py, cli/run/test_remote.py",
    "formant_net/aio/ensemble/settings.py": "with real synths: aio/ensemble/test_ensemble.py, cli/run/test_remote.py",
    "formant_net/aio/ensemble/stage.py": "with real synths: aio/ensemble/test_ensemble.py",
    "formant_net/aio/ensemble/voice.py": "with real synths: aio/ensemble/test_ensemble.py, test_blocking.py",
    "formant_net/aio/client/health.py": "with real servers: cli/run/test_remote.py",
    "formant_net/aio/client/verify.py": "on real sockets, with the server's side: aio/server/test_tls.py",
    "formant_net/aio/lan/multicast.py": "on networks in namespaces: aio/lan/test_announce.py",
    "formant_net/aio/soak.py": "as a command: cli/run/test_soak.py",
    "formant_net/cli/options/audio.py": "options of commands: cli/play/test_synth.py",
    "formant_net/cli/sound/bench.py": "cli/test_command.py",
    "formant_net/cli/sound/render_voice.py": "by the command: cli/sound/test_render.py",
    "formant_net/cli/sound/devices.py": "cli/test_command.py",
    "formant_net/aio/client/hand.py": "by both bridges: aio/midi/test_bridge.py, aio/osc/test_bridge.py",
    "formant_net/client/effects.py": "structures without behaviour",
    "formant_net/hand/limits.py": "structures without behaviour",
    "formant_net/hand/outputs.py": "structures without behaviour",
    "formant_net/ensemble/errors.py": "names without behaviour",
    "formant_net/client/states.py": "a table: tests/vectors/data/signaling_states.json",
    "formant_net/protocol/fields.py": "what messages are made of: protocol/test_codec.py",
    "formant_dsp/model/preset_vowels.py": "model/test_presets.py",
    "formant_dsp/output/sink.py": "a protocol without behaviour",
    "formant_dsp/reference": "it is what kernels are tested against: reference/test_reference.py",
}
"""Modules and rooms without a test file of their own name, and where they are tested."""


def _rows() -> dict[str, set[str] | None]:
    """Each room of the map, with the rooms it may import; None for every room."""
    found: dict[str, set[str] | None] = {}
    package = ""
    for line in MAP.read_text("utf-8").splitlines():
        if heading := re.match(r"## Rooms of `(\w+)`", line):
            package = heading[1]
        elif line.startswith("## "):
            package = ""
        elif package and (row := re.match(r"\| `([\w/]+)/` \| [^|]+ \| ([^|]+) \|", line)):
            names = re.findall(r"`([\w/]+)`", row[2])
            allowed = {name if name.startswith(PACKAGES) else f"{package}/{name}" for name in names}
            found[f"{package}/{row[1]}"] = None if row[2].strip() == "every room" else allowed
    return found


ROOMS = _rows()


def _room_of(path: Path) -> str:
    """The room of a file or folder below src: the nearest one on the map, or the package itself."""
    for folder in (path, *path.parents):
        if (name := folder.relative_to(SRC).as_posix()) in ROOMS or name in PACKAGES:
            return name
    raise AssertionError(f"{path} is in no package")


def _imports(path: Path) -> Iterator[Path]:
    """Files or folders below src that a source imports, cimports or includes."""
    text = path.read_text("utf-8")
    if path.suffix == ".js":
        for name in re.findall(r"^(?:import|export)\b[^;]*?\bfrom \"(\.[^\"]+)\"|^import \"(\.[^\"]+)\"", text, re.M):
            yield (path.parent / (name[0] or name[1])).resolve()
        return
    names: list[str] = []
    if path.suffix == ".py":
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                names += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                names += [f"{node.module}.{alias.name}" for alias in node.names]
    else:
        names += re.findall(r"^\s*(?:from|cimport|import) +([\w.]+)", text, re.M)
        for header in re.findall(r"#include \"(\w+\.h)\"|cdef extern from \"(?:native/)?(\w+\.h)\"", text):
            yield SRC / "formant_dsp" / "native" / (header[0] or header[1])
    for name in names:
        if name.split(".")[0] in PACKAGES:
            place = SRC.joinpath(*name.split("."))
            while not place.exists() and not any(place.with_suffix(suffix).exists() for suffix in SOURCES):
                place = place.parent
            yield place


def _sources() -> list[Path]:
    return sorted(p for package in PACKAGES for p in (SRC / package).rglob("*") if p.suffix in SOURCES)


def _below_src(path: Path) -> str:
    return path.relative_to(SRC).as_posix()


def test_the_map_names_every_room_and_no_other() -> None:
    rooms = {_below_src(path.parent) for path in _sources() if path.parent.name not in PACKAGES}
    assert set(ROOMS) == rooms
    assert set().union(*(allowed or set() for allowed in ROOMS.values())) <= rooms | set(PACKAGES)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_the_map_allows(room: str) -> None:
    allowed = ROOMS[room]
    if allowed is None:
        return
    wrong = [
        f"{_below_src(path)} imports {_below_src(place)}"
        for path in _sources()
        if _below_src(path.parent) == room and _below_src(path) not in ABOVE_ALL
        for place in _imports(path)
        if _room_of(place) not in {room, *allowed}
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("source", "room"),
    [
        ("formant_net/page/main.js", "formant_net/page/client"),
        ("formant_net/synth/core.py", "formant_net/protocol"),
        ("formant_dsp/bank/bank.pyx", "formant_dsp/kernels"),
        ("formant_dsp/bank/queue/ring.pyx", "formant_dsp/native"),
        ("formant_dsp/bank/voice/onset.pxd", "formant_dsp/kernels"),
    ],
)
def test_imports_of_every_language_are_read(source: str, room: str) -> None:
    assert room in {_room_of(place) for place in _imports(SRC / source)}


def test_nothing_below_the_commands_imports_them() -> None:
    commands = {room for room in ROOMS if f"{room}/".startswith("formant_net/cli/")}
    for path in _sources():
        if _room_of(path) not in {"formant_net", *commands}:
            assert not any(_room_of(place) in commands for place in _imports(path)), path


def test_the_reader_of_files_imports_neither_package() -> None:
    for path in (SRC / "formant_files").glob("*.py"):
        assert list(_imports(path)) == []


def test_no_room_imports_itself_in_a_circle() -> None:
    def reach(room: str, seen: frozenset[str]) -> None:
        assert room not in seen, f"{room} is imported by what it imports"
        for other in ROOMS.get(room) or ():
            if not room.startswith(f"{other}/"):  # an inner room may use the one that it is part of
                reach(other, seen | {room})

    for room in ROOMS:
        reach(room, frozenset())


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_few_files(room: str) -> None:
    stems = {path.stem for path in (SRC / room).iterdir() if path.suffix in SOURCES and path.stem != "__init__"}
    assert len(stems) <= MOST_FILES, f"{room}: {len(stems)} files"


def test_a_package_has_only_public_names_at_its_top() -> None:
    """A docstring, imports and `__all__`: everything else has a room."""
    for package in PACKAGES:
        for path in (SRC / package).glob("*.py"):
            if path.stem in ("__init__", "__main__"):
                continue
            for node in ast.parse(path.read_text("utf-8")).body:
                plain = isinstance(node, ast.Import | ast.ImportFrom | ast.Assign)
                assert plain or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)), path


def test_no_source_relies_on_assert() -> None:
    """`python -O` leaves assertions out, and an AssertionError says nothing to people."""
    found = [
        f"{_below_src(path)}:{node.lineno}"
        for path in _sources()
        if path.suffix == ".py"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Assert)
    ]
    assert found == []


def test_asyncio_and_its_libraries_stay_in_the_shell() -> None:
    for path in _sources():
        if path.suffix == ".py" and _room_of(path).split("/")[:2] not in (
            ["formant_net", "aio"],
            ["formant_net", "cli"],
        ):
            names = re.findall(r"^\s*(?:from|import) (asyncio|websockets|aiortc)\b", path.read_text("utf-8"), re.M)
            assert names == [], f"{path} imports {names}"


def _has_its_test(path: Path) -> bool:
    test = ROOT / "tests" / path.parent.relative_to(SRC) / f"test_{path.stem.lstrip('_')}.py"
    return test.is_file()


def test_every_module_has_its_test_where_the_tree_says() -> None:
    missing = [
        _below_src(path)
        for path in _sources()
        if path.suffix in (".py", ".pyx")
        and path.stem not in ("__init__", "__main__")
        and path.parent.name not in PACKAGES
        if not _has_its_test(path)
    ]
    assert [one for one in missing if not {one, one.rpartition("/")[0]} & set(TESTED_ELSEWHERE)] == []
    rooms = {one.rpartition("/")[0] for one in missing}
    assert set(TESTED_ELSEWHERE) <= {*missing, *rooms}, "these have a test of their own, or are gone"


def test_files_that_the_documentation_names_exist() -> None:
    """Paths in backquotes, from the root, from tests/ or from src/; NAME.toml and the like are not paths of ours."""
    wrong = []
    for page in [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]:
        for name in re.findall(
            r"`((?:\w[\w.-]*/)+[\w.-]+\.(?:py|pyx|pxd|h|js|toml|csv|c|md|yml|cfg|json))`", page.read_text("utf-8")
        ):
            if not any(
                (ROOT / place / name).is_file() for place in ("", "tests", "src", "src/formant_net", "src/formant_dsp")
            ):
                wrong.append(f"{page.relative_to(ROOT)}: {name}")
    assert wrong == []


def test_no_link_of_the_file_system_is_part_of_the_tree() -> None:
    """Such a link leads somewhere on one machine and nowhere on the others."""
    listed = subprocess.run(["git", "ls-files", "-s"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    assert [line for line in listed.splitlines() if line.startswith("120000 ")] == []


def test_links_of_pages_lead_somewhere() -> None:
    """Those outside of docs/, too, which the site does not build; anchors of headings as well."""
    wrong = []
    for page in [
        ROOT / "README.md",
        ROOT / "CHANGELOG.md",
        ROOT / "examples" / "README.md",
        *(ROOT / "docs").rglob("*.md"),
    ]:
        for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
            name, _, anchor = link.partition("#")
            if "://" in link or link.startswith("mailto:"):
                continue
            target = (page.parent / name).resolve() if name else page
            if not target.exists() or (anchor and anchor not in _anchors(target)):
                wrong.append(f"{page.relative_to(ROOT)}: {link}")
    assert wrong == []


def _anchors(page: Path) -> set[str]:
    """As GitHub makes them: small letters, spaces as dashes, no other signs."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
