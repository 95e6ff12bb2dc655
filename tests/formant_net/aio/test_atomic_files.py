"""Files that are written whole: nobody else reads private ones, and half of one is never seen."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from formant_net.aio import atomic_files
from formant_net.aio.atomic_files import create_private, create_public, readable_by_others, write_private, write_public


def test_a_file_and_its_name_are_on_the_disk_before_it_counts_as_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Power fails: the new content first, then the name, then the folder that holds the name."""
    done: list[str] = []
    sync, replace = os.fsync, os.replace

    def synced(descriptor: int) -> None:
        done.append("folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "file")
        sync(descriptor)

    def replaced(draft: Path, path: Path) -> None:
        done.append("name")
        replace(draft, path)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", replaced)
    write_private(tmp_path / "key", b"one")
    assert done == ["file", "name", "folder"]


def test_a_new_file_replaces_none(tmp_path: Path) -> None:
    create_private(tmp_path / "key", b"one")
    with pytest.raises(FileExistsError):
        create_private(tmp_path / "key", b"two")
    assert (tmp_path / "key").read_bytes() == b"one"
    assert [path.name for path in tmp_path.iterdir()] == ["key"]
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


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


def test_a_file_for_others_is_as_the_umask_lets_it_be_and_whole_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "formant-synth.service"
    before = os.umask(0o022)
    try:
        create_public(file, b"old")
        write_public(file, b"new")
    finally:
        os.umask(before)
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"new", 0o644)
    with pytest.raises(FileExistsError):
        create_public(file, b"newer")
    with pytest.raises(FileNotFoundError):
        write_public(tmp_path / "missing" / "x", b"")
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(OSError, match="full"):
        write_public(file, b"newest")
    assert file.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [file]


def test_a_device_and_a_link_to_a_pipe_are_written_to_and_never_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`desk save /dev/null` as root once left a file in place of the device."""
    monkeypatch.setattr(os, "replace", lambda *_: pytest.fail("something was replaced"))
    write_private(Path(os.devnull), b"nothing", named=True)
    with pytest.raises(OSError, match="No space left"):
        write_public(Path("/dev/full"), b"nothing")
    end, other = os.pipe()
    link = tmp_path / "stdout"
    link.symlink_to(f"/proc/self/fd/{other}")
    write_private(link, b"content", named=True)
    os.close(other)
    with os.fdopen(end, "rb") as reader:
        assert reader.read() == b"content"
    assert [path.name for path in tmp_path.iterdir()] == ["stdout"]


def test_an_end_in_the_very_moment_in_which_the_draft_is_made_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = os.open

    def interrupted(path: Path, *how: int) -> int:
        os.close(opened(path, *how))
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "open", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_private(tmp_path / "key.pem", b"new")
    assert list(tmp_path.iterdir()) == []


def test_windows_refuses_to_replace_a_file_that_is_read_and_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused, replace = [3], os.replace

    def busy(draft: Path, path: Path) -> None:
        refused[0] -= 1
        if refused[0] >= 0:
            raise PermissionError(13, "the process cannot access the file")
        replace(draft, path)

    monkeypatch.setattr(atomic_files, "_WINDOWS", True)
    monkeypatch.setattr(atomic_files, "_PAUSES_S", (0.0,) * 5)
    monkeypatch.setattr(os, "replace", busy)
    write_private(tmp_path / "x", b"new")
    assert (tmp_path / "x").read_bytes() == b"new"
    refused[0] = 100
    with pytest.raises(PermissionError):
        write_private(tmp_path / "x", b"newer")
    assert (tmp_path / "x").read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_new_file_on_windows_takes_no_existing_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`rename` there fails where `replace` does not: it is played here by a rename that looks first."""
    rename = os.rename

    def as_there(draft: Path, path: Path) -> None:
        if path.exists():
            raise FileExistsError(path)
        rename(draft, path)

    monkeypatch.setattr(atomic_files, "_WINDOWS", True)
    monkeypatch.setattr(os, "rename", as_there)
    create_private(tmp_path / "x", b"first")
    with pytest.raises(FileExistsError):
        create_private(tmp_path / "x", b"second")
    assert (tmp_path / "x").read_bytes() == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
