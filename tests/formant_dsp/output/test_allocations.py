"""The audio path asks for no memory and gives none back, and takes no lock: counted, in whoever's code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.suite.require import require

HERE = Path(__file__).with_name("allocations")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="LD_PRELOAD and glibc's allocator are Linux's")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    require("cc")
    path = tmp_path_factory.mktemp("count") / "count.so"
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", path, HERE / "count.c", "-ldl"], check=True, timeout=300)
    return path


def played(library: Path, fault: int = 0) -> list[dict[str, Any]]:
    """One report for each way the loudspeakers may stand."""
    done = subprocess.run(
        [sys.executable, HERE / "play.py", library, str(fault)],
        env={**os.environ, "LD_PRELOAD": str(library)}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    results: list[dict[str, Any]] = json.loads(done.stdout)
    assert len(results) == 3
    return results


def test_the_audio_path_neither_allocates_nor_frees_nor_locks(library: Path) -> None:
    for result in played(library):
        assert result["notes"] >= 140
        assert result["stolen"] >= 100
        assert result["expired"] > 0
        assert result["limited"] > 50
        assert result["shed"] > 0
        assert result["invalid"] == result["ring_dropped"] == result["ring_waiting"] == result["active"] == 0
        assert result["blocks"] == result["calls"]
        assert result["asked"] == 0


@pytest.mark.parametrize(
    ("fault", "times"), [(1, 2), (2, 2), (3, 2), (4, 2)], ids=["malloc", "realloc", "mmap", "lock"]
)
def test_one_allocation_or_lock_a_block_would_be_seen(library: Path, fault: int, times: int) -> None:
    """Each planted fault asks twice: for memory, and to take it back."""
    for result in played(library, fault):
        assert result["asked"] == times * result["calls"]


def test_the_interpreters_lock_would_be_seen(library: Path) -> None:
    for result in played(library, 5):
        assert result["asked"] >= 2 * result["calls"]
