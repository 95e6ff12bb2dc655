"""The key that a server makes once: the same after every start, and a word where that cannot be."""

from __future__ import annotations

import itertools
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from formant_net.aio import atomic_files
from formant_net.aio.server.own_key import FILE, OwnKey, own_key


def numbers() -> itertools.count[int]:
    return itertools.count(1)


def test_it_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    made = (f"key-{n}" for n in numbers())
    folder = tmp_path / "state"
    assert own_key(folder, made.__next__) == OwnKey("key-1")
    assert own_key(folder, made.__next__) == OwnKey("key-1")
    assert (folder / FILE).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in folder.iterdir()] == [FILE]
    (folder / FILE).unlink()  # which is how a key is exchanged
    assert own_key(folder, made.__next__) == OwnKey("key-2")


def test_an_operator_may_write_it_as_editors_do(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes("\ufeffour own key\r\n".encode())
    assert own_key(tmp_path, pytest.fail).key == "our own key"


def test_servers_that_start_together_have_one_key(tmp_path: Path) -> None:
    made = (f"key-{n}" for n in numbers())
    for round_ in range(20):
        with ThreadPoolExecutor(8) as pool:
            keys = list(pool.map(lambda _, at=round_: own_key(tmp_path / str(at), made.__next__), range(8)))
        assert len({each.key for each in keys}) == 1
        assert not any(each.warning for each in keys)


@pytest.mark.parametrize("content", [b"", b"\n", b"\0" * 64, b"two\nlines", b"\xff\xfe\xfd", b"k" * 2049, b"\x1b[2J"])
def test_one_that_a_power_cut_damaged_is_replaced_and_it_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    found = own_key(tmp_path, lambda: "new")
    assert found.key == "new"
    assert "was damaged: there is a new join key" in found.warning
    assert own_key(tmp_path, pytest.fail) == OwnKey("new")


def test_what_is_no_file_is_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / FILE)
    found = own_key(tmp_path, lambda: "new")
    assert found.key == "new"
    assert "cannot be kept" in found.warning
    assert "not a file" in found.warning
    assert (tmp_path / FILE).is_fifo()


def test_where_nothing_can_be_kept_it_is_said_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = own_key(tmp_path / "file" / "state", lambda: "new")
    assert found.key == "new"
    assert "FORMANT_KEY" in found.warning
    assert "FORMANT_STATE_DIR" in found.warning


def test_a_disk_without_links_keeps_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    assert own_key(tmp_path, lambda: "one") == OwnKey("one")
    assert own_key(tmp_path, pytest.fail) == OwnKey("one")
    with pytest.raises(FileExistsError):
        atomic_files.create_private(tmp_path / FILE, b"two")


def test_the_key_is_not_in_the_repr() -> None:
    assert "abcd" not in repr(OwnKey("abcd"))
