"""The state folder: where it is, whether it can keep files, and names in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from formant_net.aio.state_folder import kept_name, state_dir, why_unkept


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


def test_an_id_is_part_of_a_name_on_every_file_system() -> None:
    assert kept_name("synth-attic_2.b") == "synth-attic_2.b"
    assert kept_name("synth-a:b") == "synth-a%3Ab"
    assert not set('<>:"/\\|?*') & set(kept_name('synth-<>:"/\\|?*'))
    assert len({kept_name(each) for each in ("synth-a:b", "synth-a%3Ab", "synth-ab")}) == 3
