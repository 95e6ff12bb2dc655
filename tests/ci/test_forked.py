"""A node that is forked does what one that is started does: arguments, environment, folder, streams, signals, codes."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
from support.machine import forked
from support.machine.processes import processes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="threads of a process are counted as Linux has them")


def test_a_command_has_its_arguments_environment_and_folder_and_its_code_comes_back(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("[presets]\nnonsense = 1\n")
    done = forked.run(["--config", "own.toml", "presets"], env=os.environ, cwd=str(tmp_path))
    assert done.returncode == 2
    assert "nonsense" in done.stderr
    assert done.stdout == ""
    there = forked.run(["presets"], env={**os.environ, "FORMANT_CONFIG": str(tmp_path / "own.toml")})
    assert there.returncode == 2
    assert forked.run(["presets"], env=os.environ).returncode == 0, "what one was told the next one does not know"
    assert forked.run([b"K\xfcche"], env=os.environ).returncode == 2


def test_a_node_reads_its_input_ends_with_a_signal_and_can_be_killed() -> None:
    with processes() as start:
        server = start("server", "--host", "127.0.0.1", "--port", "0", "--open")
        url = server.wait_for("Join:").split()[1]
        hand = start("controller", url, "--wait-synths", "0", stdin=True)
        hand.wait_for("Ready")
        hand.end_input()
        assert hand.wait() == 0
        other = start("controller", url, "--wait-synths", "0", stdin=True)
        other.wait_for("Ready")
        other.kill()
        assert other.wait() == -signal.SIGKILL
        assert server.stop() == 0
