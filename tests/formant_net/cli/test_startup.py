"""How long a synth takes to be ready and how much memory each node needs (docs/measurements/realtime.md)."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from support.suite.planted import ROOT


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is asked for as Linux has it")
def test_a_synth_is_ready_within_two_seconds_and_no_node_is_heavier_than_its_libraries() -> None:
    """Processor time, the least of two: on a free core the clock says no more, on a busy one it says anything."""
    command = [sys.executable, ROOT / "benchmarks" / "startup.py", "--rounds", "2", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)  # type: ignore[arg-type]
    report = json.loads(done.stdout.splitlines()[-1])
    best, resident_mb = report["best"], report["resident_mb"]
    assert 0.0 < best["sound_s"] <= best["ready_s"]
    assert best["processor_s"] < 2.0
    libraries_mb = resident_mb["aiortc with all it needs"] + resident_mb["numpy"] - resident_mb["python"]
    assert best["resident_mb"] < libraries_mb + 20.0
    assert resident_mb["a controller"] < libraries_mb + 20.0
    assert resident_mb["a server"] < resident_mb["aiortc with all it needs"]
