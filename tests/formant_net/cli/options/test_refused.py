"""A service that was called wrongly ends slowly; anybody else at once."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.suite.patience import PATIENCE_S

from formant_net.cli import main
from formant_net.cli.options import refused
from formant_net.cli.options.refused import WAIT_S, wait_if_refused
from formant_net.ops.service import WATCHDOG_S


def test_a_service_waits_and_says_why(tmp_path: Path) -> None:
    slept: list[float] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(PATIENCE_S)
        wait_if_refused(2, {"NOTIFY_SOCKET": str(tmp_path / "notify")}, slept.append)
        assert b"STATUS=wrong options" in manager.recv(1000)
    assert slept == [WAIT_S]
    assert WAIT_S < WATCHDOG_S, "or systemd would kill it as one that hangs"


@pytest.mark.parametrize(("code", "environment"), [(2, {}), (0, {"NOTIFY_SOCKET": "/x"}), (1, {"NOTIFY_SOCKET": "/x"})])
def test_nobody_else_does(code: int, environment: dict[str, str]) -> None:
    wait_if_refused(code, environment, pytest.fail)  # type: ignore[arg-type]


def test_every_command_asks_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[object] = []
    monkeypatch.setattr("formant_net.cli.command.wait_if_refused", ended.append)
    CliRunner().invoke(main, ["synth", "--voices", "none"])
    CliRunner().invoke(main, ["render", "--nope"])
    CliRunner().invoke(main, ["devices", "--help"])
    assert ended == [refused.USAGE_ERROR, refused.USAGE_ERROR, 0]
