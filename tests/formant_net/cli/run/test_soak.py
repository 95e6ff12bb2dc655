"""`formant-node soak`: a real ensemble, shortly."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from support.machine.processes import processes
from support.net.edge_processes import until

from formant_net.cli import main


def written(path: Path) -> list[dict[str, Any]]:
    """The lines so far that are whole."""
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


def test_players_come_and_go_on_real_links_and_the_last_line_is_the_summary(tmp_path: Path) -> None:
    path = tmp_path / "soak.jsonl"
    options = ("--every", "0.2", "--peers", "2", "--stay", "1", "-o", str(path))

    def most(figure: str) -> float:
        return max((sample[figure] for sample in written(path)), default=0)

    with processes() as start:
        soaking = start("soak", "--audio", "none", "--minutes", "60", *options)
        until(lambda: all(most(figure) > 0 for figure in ("links", "active", "rejoins")) and most("touches") > 50)
        until(lambda: len(written(path)) > 8)
        assert soaking.stop(signal.SIGINT) == 0
        assert "rss_mb_per_hour" in soaking.output()
    *samples, last = written(path)
    summary = last["summary"]
    assert summary["rejoins"] > 0
    assert summary["notes"] == samples[-1]["notes"] > 0
    assert summary["touches"] > 50
    assert summary["invalid"] == 0


def test_without_peers_it_plays_the_bank_alone_and_ends_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "soak.jsonl"
    with processes() as start:
        short = start("soak", "--audio", "none", "--peers", "0", "--every", "0.1", "--minutes", "0.05", "-o", str(path))
        assert short.wait() == 0
    *samples, last = written(path)
    assert last["summary"]["notes"] > 0
    assert all(sample["links"] == 0 for sample in samples)


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
