"""The unit: what it allows and what not, read by systemd itself."""

from __future__ import annotations

import configparser
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.suite.require import require

from formant_net.ops.service import Service, closed_folder, out_of_reach


def lines_of(unit: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in unit.splitlines():
        if "=" in line:
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


SYSTEM = Service((sys.executable, "-m", "formant_net", "synth", "http://attic:8080"), user=False)
USER = Service((sys.executable, "-m", "formant_net", "synth"), user=True)


def test_a_system_service_may_what_sound_needs_and_is_kept_running() -> None:
    unit = lines_of(SYSTEM.unit())
    assert unit["Type"] == ["notify"]
    assert unit["Restart"] == ["on-failure"]
    assert "RestartPreventExitStatus" not in unit
    assert unit["StartLimitIntervalSec"] == ["0"]
    assert "network-online.target" not in SYSTEM.unit(), "which may take minutes, or never come"
    assert unit["WatchdogSec"] == ["30"]
    assert unit["LimitRTPRIO"] == ["95"]
    assert unit["LimitMEMLOCK"] == ["infinity"]
    assert unit["DeviceAllow"] == ["char-alsa rw"]
    assert unit["SupplementaryGroups"] == ["audio"]
    assert unit["StateDirectory"] == ["formant-node"]
    assert (unit["DynamicUser"], unit["User"]) == (["yes"], ["formant-node"])
    assert "RestrictRealtime" not in unit
    assert unit["WantedBy"] == ["multi-user.target"]


def test_a_users_service_asks_for_nothing_that_only_the_system_can_give() -> None:
    unit = lines_of(USER.unit())
    assert not {"DynamicUser", "User", "LimitRTPRIO", "DeviceAllow", "ProtectSystem", "StateDirectory"} & set(unit)
    assert unit["NoNewPrivileges"] == ["yes"]
    assert unit["WantedBy"] == ["default.target"]


def test_a_server_gets_no_sound() -> None:
    unit = lines_of(Service(("/opt/x", "server"), user=False, sound=False).unit())
    assert not {"LimitRTPRIO", "DeviceAllow", "SupplementaryGroups"} & set(unit)


def test_words_of_the_command_come_through_as_they_are() -> None:
    command = ("/opt/a b/python", "synth", "--name", 'The "100 %" box', "--audio", "a\\b", "$HOME", "")
    (line,) = lines_of(Service(command, user=True).unit())["ExecStart"]
    assert line == r'"/opt/a b/python" synth --name "The \"100 %%\" box" --audio "a\\b" $$HOME ""'
    with pytest.raises(ValueError, match="line break"):
        Service(("/bin/true", "a\nExecStartPre=/bin/sh"), user=True).unit()


def test_homes_are_hidden_unless_the_program_lives_there() -> None:
    assert lines_of(Service(("/opt/venv/bin/python",), user=False).unit())["ProtectHome"] == ["yes"]
    assert lines_of(Service(("/home/pi/venv/bin/python",), user=False).unit())["ProtectHome"] == ["read-only"]


def test_homes_are_not_hidden_when_the_interpreter_behind_the_environment_is_in_one() -> None:
    service = Service(("/opt/venv/bin/python",), user=False, reads=["/home/pi/.local/share/uv/python/bin/python3.13"])
    assert lines_of(service.unit())["ProtectHome"] == ["read-only"]


def test_a_place_that_a_service_cannot_read_is_known_before_it_is_started(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "bin").mkdir(parents=True)
    closed.chmod(0o700)
    found = closed_folder(closed / "bin" / "python")
    assert found in (closed, *closed.parents)
    assert not found.stat().st_mode & 1
    assert closed_folder(Path("/usr/bin/python3")) is None
    assert out_of_reach(Path("/usr/bin/python3")) is None
    assert out_of_reach(Path("/opt/nowhere/bin/python")) is None
    assert "has its own /tmp" in str(out_of_reach(Path("/tmp/venv/bin/python")))


@pytest.mark.parametrize("service", [SYSTEM, USER], ids=["system", "user"])
def test_systemd_understands_every_line(service: Service, tmp_path: Path) -> None:
    require("systemd-analyze")
    unit = tmp_path / "formant-synth.service"
    unit.write_text(service.unit())
    command = ["systemd-analyze", "verify", *(["--user"] if service.user else []), "--man=no", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    ours = [line for line in done.stderr.splitlines() if "formant-synth" in line]
    assert ours == []


def test_systemd_calls_the_exposure_of_a_system_service_ok(tmp_path: Path) -> None:
    require("systemd-analyze")
    unit = tmp_path / "formant-synth.service"
    unit.write_text(Service(("/opt/venv/bin/python", "-m", "formant_net", "synth"), user=False).unit())
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--json=short", str(unit)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    found = json.loads(done.stdout)
    assert len(found) > 50
    overall = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--no-pager", str(unit)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    ).stdout
    level = re.search(r"Overall exposure level for .*: ([\d.]+)", overall)
    assert level is not None, overall
    assert float(level[1]) < 2.0


def test_it_is_an_ini_file() -> None:
    parser = configparser.RawConfigParser(strict=False)
    parser.read_string(SYSTEM.unit())
    assert parser.sections() == ["Unit", "Service", "Install"]
