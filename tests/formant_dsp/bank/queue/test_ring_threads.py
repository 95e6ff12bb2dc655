"""The ring under the thread sanitizer, as the product compiles it; proofs/ring goes further."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest
from support.suite.planted import NATIVE, ORDERS, RING_PROOFS, planted
from support.suite.require import require

RACE = 66
"""What a program ends with when the thread sanitizer has found something."""


def run_under_sanitizer(headers: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    require("gcc")
    program = folder / "ring_tsan"
    subprocess.run(
        [
            *["gcc", "-std=gnu11", "-O1", "-g", "-fsanitize=thread", "-pthread", "-Wall", "-Werror", "-I"],
            *(headers, "-o", program, RING_PROOFS / "ring_tsan.c"),
        ],
        check=True,
        timeout=300,
    )
    # Addresses of newer kernels are more random than the sanitizer of older compilers can take.
    steady = ["setarch", platform.machine(), "-R"] if shutil.which("setarch") else []
    return subprocess.run(
        [*steady, program],
        env={**os.environ, "TSAN_OPTIONS": f"exitcode={RACE} halt_on_error=1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_two_threads_never_touch_a_slot_at_once(tmp_path: Path) -> None:
    done = run_under_sanitizer(NATIVE, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("fault", ORDERS)
def test_an_order_that_is_too_weak_is_found(fault: str, tmp_path: Path) -> None:
    done = run_under_sanitizer(planted(tmp_path, *ORDERS[fault]), tmp_path)
    assert done.returncode == RACE, done.stderr
    assert "data race" in done.stderr
