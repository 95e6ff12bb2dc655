"""The fleet document on a disk: written after a change, read at a start, never replaced by an empty one."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.suite.patience import PATIENCE_S

from formant_net.aio.server import desk_file
from formant_net.aio.server.desk_file import desk_path, keeping, read_desk
from formant_net.fleet.changes import change
from formant_net.fleet.document import Document, encode

NEW = Document(epoch="new")


def read(path: Path | None) -> desk_file.Found:
    return read_desk(path, lambda: "new")


def keep(path: Path, *documents: Document) -> None:
    """A server that begins with the first document and sees the others one after another, at its end the last."""
    now = documents[0]

    async def run() -> None:
        nonlocal now
        async with keeping(path, lambda: now):
            for each in documents[1:]:
                changed, now = each is not now, each
                async with asyncio.timeout(PATIENCE_S):
                    while changed and not (path.exists() and path.read_bytes() == encode(each)):
                        await asyncio.sleep(0.005)
            await asyncio.sleep(3 * desk_file.WRITE_S)

    asyncio.run(run())


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_file, "LOOK_S", 0.01)
    monkeypatch.setattr(desk_file, "WRITE_S", 0.02)


def test_what_was_changed_is_there_after_a_restart_and_the_one_before_it_as_well(tmp_path: Path) -> None:
    path = tmp_path / "desk.json"
    assert read(path) == desk_file.Found(NEW)
    first = change(NEW, "master", {"db": -3.0})
    second = change(first, "master", {"db": -6.0})
    keep(path, NEW, first, second)
    assert read(path) == desk_file.Found(second)
    path.unlink()
    assert read(path) == desk_file.Found(first)


def test_a_server_that_changes_nothing_writes_nothing(tmp_path: Path) -> None:
    keep(tmp_path / "desk.json", NEW, NEW)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", [b"", b"\0" * 300, b'{"epoch": "e", "rev": 3', b"[]"])
def test_in_place_of_a_damaged_file_the_one_before_it_is_taken_and_that_is_said(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "desk.json"
    first = change(NEW, "master", {"db": -3.0})
    keep(path, NEW, first, change(first, "master", {"off": True}))
    path.write_bytes(damage)
    found = read(path)
    assert found.document == first
    assert "desk-before.json, is used" in found.fault
    third = change(first, "master", {"db": -9.0})
    keep(path, first, third)
    path.write_bytes(damage)
    assert read(path).document == first, "a damaged file must not take the place of the good one"


def test_two_damaged_files_are_no_empty_document(tmp_path: Path) -> None:
    path = tmp_path / "desk.json"
    for each in (path, tmp_path / "desk-before.json"):
        each.write_bytes(b"{")
    found = read(path)
    assert found.document is None
    assert "restart" in found.fault


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "desk.json"
    with path.open("wb") as file:
        file.truncate(desk_file.MOST_BYTES + 1)
    assert read(path).document is None


def test_servers_at_other_ports_have_files_of_their_own_and_one_at_any_port_has_none(tmp_path: Path) -> None:
    assert desk_path(tmp_path, 8080) == tmp_path / "desk.json"
    assert desk_path(tmp_path, 8081) == tmp_path / "desk-8081.json"
    assert desk_path(tmp_path, 0) is None
    assert read(None) == desk_file.Found(NEW)


def test_what_is_written_can_be_read_by_people(tmp_path: Path) -> None:
    path = tmp_path / "desk.json"
    document = change(NEW, "zones/z-nave", {"name": "Nave"})
    keep(path, NEW, document)
    assert path.read_bytes() == encode(document)
    assert path.stat().st_mode & 0o077 == 0


def test_damaged_files_are_kept_beside_what_other_servers_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server with others begins with an empty document, and takes theirs."""
    path = tmp_path / "desk.json"
    said: list[str] = []
    log = SimpleNamespace(warning=lambda event, file, reason: said.append(file))
    monkeypatch.setattr(desk_file, "get_logger", lambda: log)
    path.write_bytes(b"{ mine")
    (tmp_path / "desk-before.json").write_bytes(b"{ older")
    first = change(NEW, "master", {"db": -3.0})
    keep(path, NEW, first)
    path.write_bytes(b"{ again")
    keep(path, first, change(first, "master", {"db": -9.0}))
    assert (tmp_path / "desk-damaged.json").read_bytes() == b"{ mine"
    assert (tmp_path / "desk-before-damaged.json").read_bytes() == b"{ older"
    assert (tmp_path / "desk-damaged-2.json").read_bytes() == b"{ again"
    assert read(path).document == change(first, "master", {"db": -9.0})
    names = ("desk-before-damaged.json", "desk-damaged.json", "desk-damaged-2.json")
    assert said == [str(tmp_path / name) for name in names]
