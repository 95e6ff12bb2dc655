"""Private files: nobody else reads them, and half of one is never seen."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from formant_net.aio.state import readable_by_others, state_dir, why_unkept, write_private


def test_the_folder_is_the_operators_choice_then_the_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORMANT_STATE_DIR", "STATE_DIRECTORY", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert state_dir() == Path.home() / ".local" / "state" / "formant-node"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    assert state_dir() == Path.home() / ".local" / "state" / "formant-node"
    monkeypatch.setenv("XDG_STATE_HOME", "/x")
    assert state_dir() == Path("/x/formant-node")
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/formant:/other")
    assert state_dir() == Path("/var/lib/formant")
    monkeypatch.setenv("FORMANT_STATE_DIR", "/mine")
    assert state_dir() == Path("/mine")


def test_a_user_without_a_home_keeps_nothing_and_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that runs with a number which is no user's."""

    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nowhere)
    assert state_dir({}) == Path("/.local/state/formant-node")


def test_a_folder_in_which_nothing_can_be_kept_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert why_unkept(tmp_path / "deep" / "er") == ""
    (tmp_path / "file").write_text("")
    assert "cannot be written" in why_unkept(tmp_path / "file" / "x")
    full = os.statvfs(tmp_path)
    monkeypatch.setattr(os, "statvfs", lambda path: os.statvfs_result([*full[:4], 0, *full[5:]]))
    assert "no space is left" in why_unkept(tmp_path)


def test_only_the_owner_reads_it_whatever_the_umask(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        write_private(tmp_path / "deep" / "er" / "key.pem", b"one")
        write_private(tmp_path / "deep" / "er" / "key.pem", b"two")
    finally:
        os.umask(old)
    file = tmp_path / "deep" / "er" / "key.pem"
    assert file.read_bytes() == b"two"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert not readable_by_others(file)
    file.chmod(0o640)
    assert readable_by_others(file)


def test_a_failed_write_leaves_the_old_file_and_no_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "key.pem"
    write_private(file, b"old")
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(OSError, match="full"):
        write_private(file, b"new")
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]
