"""Test files are compiled once before a run, and again only when they have changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.suite.compiled import compile_all, stale


def test_what_was_compiled_is_compiled_again_only_when_it_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.pycache_prefix", None)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "room").mkdir()
    files = [tmp_path / "room" / "test_one.py", tmp_path / "test_two.py"]
    for path in files:
        path.write_text("def test_it():\n    assert 1 == 1\n")
    (tmp_path / "test_broken.py").write_text("import nothing_of_that_name\n")
    (tmp_path / "other.py").write_text("")
    assert stale(tmp_path) == [files[0], tmp_path / "test_broken.py", files[1]]
    compile_all(stale(tmp_path))
    assert [path.name for path in stale(tmp_path) if path in files] == []
    later = files[1].stat().st_mtime + 10.0
    os.utime(files[1], (later, later))
    assert [path for path in stale(tmp_path) if path in files] == [files[1]]
