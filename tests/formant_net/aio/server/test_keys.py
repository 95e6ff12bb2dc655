"""Key files: read at the start, read again when they change, never emptied by a mistake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from formant_net.aio.server.keys import KeyFileError, KeyFiles
from formant_net.server.access.tokens import KeySet, make_key

KEYS = json.dumps({"keys": [make_key("HS256", "a", lambda count: b"x" * count)]})
WALL = 1_800_000_000.0


@pytest.fixture
def files(tmp_path: Path) -> KeyFiles:
    (tmp_path / "keys").write_text("# of the house\nabcd\n")
    (tmp_path / "tokens.json").write_text(KEYS)
    return KeyFiles(tmp_path / "keys", tmp_path / "tokens.json")


def test_keys_of_the_line_and_of_the_files_open(files: KeyFiles) -> None:
    access = files.access("main")
    for key in ("main", "abcd", KeySet.parse(KEYS).sign({"exp": WALL + 60, "scope": "controller"})):
        assert access.still(key, WALL)
    assert not access.still("# of the house", WALL)


def test_a_changed_file_counts_from_then_on_and_says_so(files: KeyFiles) -> None:
    assert files.join is not None
    access, told = files.access("main"), []
    files.join.write_text("efgh\n")
    files.refresh(access, lambda: told.append(1))
    assert access.still("efgh", WALL)
    assert not access.still("abcd", WALL)
    assert told == [1]


@pytest.mark.parametrize("broken", ["", "{", '{"keys": []}'])
def test_a_broken_file_changes_nothing(files: KeyFiles, broken: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert files.tokens is not None
    assert files.join is not None
    access, told = files.access("main"), []
    token = KeySet.parse(KEYS).sign({"exp": WALL + 60, "scope": "controller"})
    files.tokens.write_text(broken)
    files.join.write_text("efgh\n")
    files.refresh(access, lambda: told.append(1))
    assert access.still(token, WALL)
    assert access.still("abcd", WALL)
    assert told == []
    files.tokens.unlink()
    files.refresh(access, lambda: told.append(1))
    assert access.still(token, WALL)


def test_at_the_start_a_file_that_cannot_be_used_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "long").write_text("k" * 2049)
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for name, says in (("missing", "cannot read"), ("long", "2048 characters"), ("binary", "UTF-8")):
        with pytest.raises(KeyFileError, match=says):
            KeyFiles(join=tmp_path / name).access(None)
    with pytest.raises(KeyFileError, match="JWK Set"):
        KeyFiles(tokens=tmp_path / "long").access(None)


def test_no_files_change_nothing() -> None:
    assert KeyFiles().access(None).open
    assert KeyFiles().paths() == []
    access = KeyFiles().access("abcd")
    KeyFiles().refresh(access, lambda: None)
    assert access.still("abcd", 0.0)
