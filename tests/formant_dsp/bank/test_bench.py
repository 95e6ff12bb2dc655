"""The bench measures what it says."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from formant_dsp import Bank, isas
from formant_net.cli.sound.bench import command

ROOT = Path(__file__).parents[3]


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


PINNED = tomllib.loads((ROOT / "benchmarks" / "budget.toml").read_text(encoding="utf-8"))
BLOCKS, FIGURES = len(PINNED["percent_of_period"]), sum(map(len, PINNED["at_most"].values()))


@pytest.mark.parametrize(("median_us", "of_limit", "over"), [(1.0, 0.9, 0), (900.0, 0.9, BLOCKS), (1.0, 1.1, FIGURES)])
def test_budget_fails_with_a_clear_line_for_each_figure_that_is_over(
    median_us: float, of_limit: float, over: int, tmp_path: Path
) -> None:
    figures = {
        name: {figure: of_limit * limit for figure, limit in limits.items()}
        for name, limits in PINNED["at_most"].items()
    }
    blocks = {name: {"period_us": 1333.3, "isa": "sse2"} for name in PINNED["percent_of_period"]}
    run = {
        "benchmarks": [
            {"name": name, "stats": {"median": median_us / 1e6}, "extra_info": info}
            for name, info in {**figures, **blocks}.items()
        ]
    }
    path = tmp_path / "bench.json"
    path.write_text(json.dumps(run))
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "budget.py"), str(path)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == (1 if over else 0)
    assert done.stderr.count("latency budget exceeded: test_") == over


def test_budget_that_cannot_be_checked_fails(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    path.write_text('{"benchmarks": []}')
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "budget.py"), str(path)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 1
    assert "could not be checked" in done.stderr


@pytest.mark.parametrize(("share", "code"), [(0.81, 0), (0.79, 1)])
def test_a_bank_below_four_fifths_of_the_ceiling_fails(share: float, code: int) -> None:
    lines = [
        f"import sys; sys.path.insert(0, {str(ROOT / 'benchmarks' / 'ceiling')!r}); import run",
        f"shares = dict.fromkeys(run.SUNG, 0.7) | dict(modfm={share})",
        "speeds = dict(ceiling=1e9, **{name: 1e9 * x for name, x in shares.items()})",
        "run.measure = lambda *_: dict(formant_samples_per_s=speeds, share_of_ceiling=shares)",
        "sys.exit(run.main())",
    ]
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, timeout=300)
    assert done.returncode == code, done.stderr
    assert done.stdout.count("modfm below 80%") == code * len(isas())


def test_the_documented_memory_of_a_voice_is_what_it_takes() -> None:
    text = (ROOT / "docs" / "measurements" / "performance.md").read_text(encoding="utf-8")
    assert f"{Bank(voices=1).voice_bytes:,} bytes a voice" in text
    assert Bank(voices=1).voice_bytes == Bank(voices=1024).voice_bytes


@pytest.mark.parametrize(("figures", "turns"), [([1.0, 9.0], 1), ([3.0, 2.5, 1.9, 1.0], 3), ([3.0] * 9, 5)])
def test_a_figure_is_measured_until_it_is_within_its_limit_or_patience_ends(figures: list[float], turns: int) -> None:
    code = (
        "from patience import patiently; import sys, json\n"
        "left = json.loads(sys.argv[1]); had = len(left)\n"
        "found = patiently(lambda: {'ratio': left.pop(0)}, {'ratio': 2.0}, patience=5)\n"
        "print(json.dumps([found['ratio'], had - len(left)]))"
    )
    words = [sys.executable, "-c", code, json.dumps(figures)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=300, cwd=ROOT / "benchmarks")
    assert json.loads(done.stdout) == [figures[turns - 1], turns]
