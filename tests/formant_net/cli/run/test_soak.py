"""`formant-node soak`: a real ensemble, shortly."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner
from support.machine.processes import processes

from formant_net.cli import main


def soak(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "formant_net", "soak", "--audio", "none", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_players_come_and_go_on_real_links_and_the_last_line_is_the_summary(tmp_path: Path) -> None:
    path = tmp_path / "soak.jsonl"
    done = soak("--minutes", "0.1", "--every", "0.5", "--peers", "2", "--stay", "1", "-o", str(path))
    assert done.returncode == 0, done.stderr
    *samples, last = (json.loads(line) for line in path.read_text().splitlines())
    summary = last["summary"]
    assert len(samples) >= 8
    assert max(sample["links"] for sample in samples) > 0
    assert max(sample["active"] for sample in samples) > 0
    assert summary["rejoins"] > 0
    assert summary["notes"] == samples[-1]["notes"] > 0
    assert summary["touches"] > 50
    assert summary["invalid"] == 0
    assert "rss_mb_per_hour" in done.stderr


def test_without_peers_it_plays_the_bank_alone() -> None:
    done = soak("--minutes", "0.05", "--every", "0.3", "--peers", "0")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[-1]["summary"]["notes"] > 0
    assert all(sample["links"] == 0 for sample in lines[:-1])


def test_a_signal_ends_it_early_with_a_summary_of_what_there_is() -> None:
    with processes() as start:
        soaking = start("soak", "--audio", "none", "--peers", "0", "--every", "0.1", "--minutes", "60")
        soaking.wait_for("t_s", count=9)
        assert soaking.stop(signal.SIGINT) == 0
        assert '"summary"' in soaking.output()


def test_a_sink_that_cannot_be_is_a_usage_error() -> None:
    result = CliRunner().invoke(main, ["soak", "--audio", "wav:/nowhere/at/all.wav"])
    assert result.exit_code == 2
    assert "--audio" in result.output
