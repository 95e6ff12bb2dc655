"""A small file that follows a value, on disks that do not always take it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from formant_net.aio import kept_file as module
from formant_net.aio.atomic_files import write_private
from formant_net.aio.kept_file import KeptFile
from formant_net.ops.log import configure


def test_it_is_written_when_it_changes_and_not_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "state" / "file"
    kept = KeptFile(path, "the settings")
    assert kept.read() is None
    assert kept.write(b"a", 0.0)
    assert path.read_bytes() == b"a"
    before = path.stat().st_ino
    assert kept.write(b"a", 1.0)
    assert path.stat().st_ino == before
    assert KeptFile(path, "the settings").read() == b"a"


def test_without_a_path_nothing_is_kept() -> None:
    kept = KeptFile(None, "the settings")
    assert kept.write(b"a", 0.0)
    assert kept.read() is None


def test_it_tries_again_after_growing_pauses_and_says_so_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    configure("json", stream=out)
    (tmp_path / "file").write_bytes(b"")
    kept = KeptFile(tmp_path / "file" / "kept", "the settings")
    tries: list[float] = []
    monkeypatch.setattr(
        module,
        "write_private",
        lambda path, content: (tries.append(now), write_private(path, content)),  # type: ignore[func-returns-value, has-type]
    )
    for second in range(300):
        now = float(second)
        assert not kept.write(b"a", now)
    assert tries == [0.0, 2.0, 6.0, 14.0, 30.0, 62.0, 122.0, 182.0, 242.0]
    (tmp_path / "file").unlink()
    assert kept.write(b"a", 1000.0)
    events = [json.loads(line)["event"] for line in out.getvalue().splitlines()]
    assert events == ["the settings cannot be kept now; trying again", "the settings are kept again"]
