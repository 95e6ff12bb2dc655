"""The bench measures what it says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from formant_dsp import isas
from formant_net.cli.bench import command

ROOT = Path(__file__).parents[2]


def test_json_has_the_fields_machines_read() -> None:
    result = CliRunner().invoke(
        command, ["--algorithm", "modfm", "--isa", isas()[-1], "--voices", "3", "--seconds", "0.1", "--json"]
    )
    assert result.exit_code == 0, result.output
    report = json.loads(result.output)
    assert report["isa"] == isas()[-1]
    assert report["sample_rate"] == 48000
    assert report["block_frames"] == 64
    assert report["formants"] == 5
    assert report["voices"] == 3
    assert report["formant_samples_per_s"] > 1e5
    times = report["block_us"]
    assert 0 < times["p50"] <= times["p99"] <= times["p99.9"] <= times["max"]


def test_words_name_the_instruction_set_and_the_budget() -> None:
    result = CliRunner().invoke(command, ["--voices", "1", "--seconds", "0.1"])
    assert result.exit_code == 0, result.output
    assert isas()[0] in result.output
    assert "voices per core" in result.output


@pytest.mark.parametrize(("median_us", "code"), [(1.0, 0), (900.0, 1)])
def test_budget_fails_with_a_clear_line_when_a_block_is_too_slow(median_us: float, code: int, tmp_path: Path) -> None:
    names = [
        "test_block_of_an_idle_bank", "test_block[1]", "test_block[8]", "test_block[32]", "test_block[128]",
        "test_block_in_which_128_voices_change_vowel",
    ]  # fmt: skip
    run = {
        "benchmarks": [
            {"name": n, "stats": {"median": median_us / 1e6}, "extra_info": {"period_us": 1333.3, "isa": "sse2"}}
            for n in names
        ]
    }
    path = tmp_path / "bench.json"
    path.write_text(json.dumps(run))
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "budget.py"), str(path)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == code
    assert done.stderr.count("latency budget exceeded: test_block") == (6 if code else 0)


def test_budget_that_cannot_be_checked_fails(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    path.write_text('{"benchmarks": []}')
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "budget.py"), str(path)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert "could not be checked" in done.stderr
