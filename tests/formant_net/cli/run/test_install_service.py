"""`formant-node install-service`: what is written where, and what is refused."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from formant_net.cli import main

URL = "http://attic:8080/"
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux only")


@linux_only
def test_print_shows_the_unit_and_writes_nothing(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        main,
        ["install-service", "--user", "--print", "synth", "http://attic:8080", "--voices", "8"],
        env={"XDG_CONFIG_HOME": str(tmp_path)},
    )
    assert result.exit_code == 0
    assert f"ExecStart={sys.executable} -m formant_net synth http://attic:8080 --voices 8\n" in result.output
    assert list(tmp_path.iterdir()) == []


@linux_only
def test_a_users_unit_is_written_and_what_to_do_next_is_said(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        main, ["install-service", "--user", "synth", URL], env={"XDG_CONFIG_HOME": str(tmp_path)}
    )
    assert result.exit_code == 0
    unit = tmp_path / "systemd" / "user" / "formant-synth.service"
    assert "WatchdogSec=" in unit.read_text()
    for words in (
        str(unit),
        f"FORMANT_KEY=… in {tmp_path}/formant-node/formant-node.env",
        "systemctl --user enable --now formant-synth.service",
        "enable-linger",
        "journalctl --user",
    ):
        assert words in result.output


@linux_only
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["dance"], "synth, server, up"),
        (["synth", "--voices", "0"], "--voices"),
        (["synth", "--nope"], "--nope"),
        (["synth", "http://attic:8080/#key=abcd"], "everybody can read a unit"),
        (["server", "--key", "abcd"], "/formant-node/formant-node.env"),
        (["--name", "../../x", "synth", URL], "slash"),
        ([], "no server is named: give its URL"),
        (["synth", "--voices", "8"], "http://localhost:8080/"),
        (["synth", "--presets", "mine"], f"absolute path, {Path.cwd()}/mine"),
        (["synth", "--preset", "mine.toml"], f"absolute path, {Path.cwd()}/mine.toml"),
    ],
)
def test_what_the_node_would_refuse_and_a_key_are_refused(arguments: list[str], words: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["install-service", "--user", *arguments], env={"XDG_CONFIG_HOME": str(tmp_path)})
    assert result.exit_code == 2
    assert words in result.output
    assert list(tmp_path.iterdir()) == []


@linux_only
@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("formant-node.toml", f'[synth]\nurl = "{URL}"\n'),
        ("formant-node.toml", f'[synth]\nurl = ["{URL}", "http://barn:8080/"]\n'),
        ("formant-node/formant-node.env", f"FORMANT_KEY=abcd\nFORMANT_URL={URL}\n"),
        ("formant-node/formant-node.env", f'FORMANT_SYNTH_URL="{URL}"\n'),
    ],
)
def test_a_server_may_be_named_where_the_service_reads_it(
    file: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("formant_net.cli.config.default_config", lambda: tmp_path / "formant-node.toml")
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(text)
    result = CliRunner().invoke(
        main, ["install-service", "--user", "--print"], env={"XDG_CONFIG_HOME": str(tmp_path), "FORMANT_URL": None}
    )
    assert result.exit_code == 0, result.output
    assert "-m formant_net synth\n" in result.output


@linux_only
def test_a_box_may_be_told_to_search_for_its_server(tmp_path: Path) -> None:
    command = ["install-service", "--user", "--print", "synth", "--search"]
    result = CliRunner().invoke(main, command, env={"XDG_CONFIG_HOME": str(tmp_path)})
    assert result.exit_code == 0, result.output
    assert "synth --search\n" in result.output


@linux_only
@pytest.mark.parametrize("text", ["FORMANT_URL=\n", "# FORMANT_URL=http://x\n", "OTHER=http://x\n"])
def test_what_the_shell_of_the_installer_knows_and_empty_lines_name_no_server(text: str, tmp_path: Path) -> None:
    (tmp_path / "formant-node").mkdir()
    (tmp_path / "formant-node/formant-node.env").write_text(text)
    result = CliRunner().invoke(
        main, ["install-service", "--user", "--print"], env={"XDG_CONFIG_HOME": str(tmp_path), "FORMANT_URL": URL}
    )
    assert result.exit_code == 2
    assert "no server is named" in result.output


@linux_only
def test_presets_at_home_are_not_hidden_from_a_system_service_and_closed_ones_are_told(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    arguments = ["install-service", "--system", "--print", "synth", URL, "--presets"]
    at_home = CliRunner().invoke(main, [*arguments, "/home/somebody/presets"])
    assert "ProtectHome=read-only" in at_home.stdout
    out_of_reach = CliRunner().invoke(main, [*arguments, str(closed)])
    assert "not read its presets" in out_of_reach.stderr
    assert str(closed) in out_of_reach.stderr
    assert "not read its presets" not in CliRunner().invoke(main, [*arguments, "/etc"]).stderr


@linux_only
def test_a_folder_that_cannot_be_written_is_said_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "systemd").write_text("")
    result = CliRunner().invoke(
        main, ["install-service", "--user", "synth", URL], env={"XDG_CONFIG_HOME": str(tmp_path)}
    )
    assert result.exit_code == 1
    assert "--print" in result.output


@linux_only
@pytest.mark.parametrize("more", [[], ["--print"]])
def test_a_user_without_a_home_is_told_so(more: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A user id without an account, as in a container: it was a traceback."""

    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    result = CliRunner().invoke(main, ["install-service", "--user", *more, "synth", URL], env={"XDG_CONFIG_HOME": None})
    assert result.exit_code == 2
    assert "set HOME" in result.output


@linux_only
def test_a_full_disk_leaves_the_unit_that_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = ["install-service", "--user", "synth", URL]
    assert CliRunner().invoke(main, command, env={"XDG_CONFIG_HOME": str(tmp_path)}).exit_code == 0
    (unit,) = (tmp_path / "systemd" / "user").iterdir()
    before = unit.read_text()
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    result = CliRunner().invoke(main, [*command, "--voices", "8"], env={"XDG_CONFIG_HOME": str(tmp_path)})
    assert result.exit_code == 1
    assert "No space left on device" in result.output
    assert unit.read_text() == before
    assert [unit] == list(unit.parent.iterdir())


@linux_only
def test_in_a_folder_that_is_gone_a_relative_path_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    result = CliRunner().invoke(main, ["install-service", "--user", "--print", "synth", URL, "--preset", "mine.toml"])
    assert result.exit_code == 2
    assert "give the absolute path, mine.toml" in result.output


@linux_only
@pytest.mark.skipif(os.geteuid() != 0, reason="what root gets without asking")
def test_root_gets_a_system_service() -> None:
    result = CliRunner().invoke(main, ["install-service", "--print", "server"])
    assert "DynamicUser=yes" in result.output
    assert "DeviceAllow" not in result.output
