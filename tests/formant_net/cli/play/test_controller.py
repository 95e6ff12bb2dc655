from __future__ import annotations

import signal
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.machine.processes import processes

from formant_net.cli import main


@pytest.mark.parametrize(
    ("text", "words"),
    [('{"t": 0, "x": 0}\n', "line 1"), ("# nothing\n", "contains no touch"), ('{"t": 0, "x": 2, "y": 0}', "line 1")],
)
def test_a_gesture_that_cannot_be_played_is_refused_by_its_line(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "gesture.jsonl"
    path.write_text(text)
    result = CliRunner().invoke(main, ["controller", "--gesture", str(path)])
    assert result.exit_code == 2
    assert words in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--loop"], "--loop needs"), (["--demo", "--gesture", __file__], "not both"), (["--gesture", "none"], "none")],
)
def test_options_that_contradict_each_other_are_refused(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(main, ["controller", *arguments])
    assert result.exit_code == 2
    assert words in result.output


def test_a_signal_ends_it_cleanly_while_it_waits_for_a_server() -> None:
    with processes() as start:
        controller = start("controller", "http://127.0.0.1:9", "--demo")
        controller.wait_for("server not reached")
        assert controller.stop(signal.SIGINT) == 0
        assert "Traceback" not in controller.output()
