"""The command: help that is true, ends that are plain, nothing imported that is not used."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from formant_net.cli import SUBCOMMANDS, main


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_every_subcommand_has_a_short_help(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0
    assert len(result.output.splitlines()) < 75


def test_help_names_every_subcommand() -> None:
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    assert all(f"  {name} " in result.output for name in SUBCOMMANDS)


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp437"])
def test_a_terminal_of_another_encoding_ends_nothing(encoding: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "formant_net", "render", "--help"],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"--gesture" in done.stdout


def test_unknown_subcommand_is_refused() -> None:
    result = CliRunner().invoke(main, ["sing"])
    assert result.exit_code == 2
    assert "No such command 'sing'" in result.output


def test_render_never_imports_the_network(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from formant_net.cli import main\n"
        f"main(['render', '--seconds', '0.1', '-o', {str(tmp_path / 'x.wav')!r}], standalone_mode=False)\n"
        "found = {'asyncio', 'aiortc', 'websockets'} & set(sys.modules)\n"
        "assert not found, found\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)


def test_closed_pipe_is_a_normal_end() -> None:
    done = subprocess.run(
        f"{sys.executable} -m formant_net --help | head -1", shell=True, capture_output=True, text=True, timeout=300
    )
    assert "Usage" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "args",
    [
        ["render", "-o", "x.wav", "--f0", "nan"],
        ["render", "-o", "x.wav", "--seconds", "nan"],
        ["synth", "--volume", "nan"],
        ["synth", "--vibrato", "nan"],
        ["server", "--ttl", "nan"],
        ["up", "--volume", "nan"],
    ],
)
def test_not_a_number_is_not_in_any_range(args: list[str]) -> None:
    result = CliRunner().invoke(main, args)
    assert result.exit_code == 2
    assert "'nan' is not a number" in result.output


@pytest.mark.parametrize("name", ["render", "synth", "up", "bench"])
def test_instruction_set_that_cannot_run_is_a_usage_error_everywhere(name: str) -> None:
    result = CliRunner().invoke(main, [name], env={"FORMANT_ISA": "altivec"})
    assert result.exit_code == 2
    assert "choose one of" in result.output


@pytest.mark.parametrize("option", [["--nope"], ["--voice", "xyz"], ["--latency", "soon"]])
def test_up_refuses_what_the_synth_would_refuse_before_it_announces_anything(option: list[str]) -> None:
    result = CliRunner().invoke(main, ["up", "--port", "0", *option])
    assert result.exit_code == 2
    assert "Formant is running" not in result.output


def _commands(group: click.Group, context: click.Context) -> Iterator[tuple[str, click.Command]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            yield from _commands(command, context)


def test_every_option_and_every_command_says_what_it_is_for() -> None:
    with click.Context(main) as context:
        for name, command in _commands(main, context):
            assert command.get_short_help_str(200).endswith("."), f"{name}: a sentence"
            for option in command.params:
                assert not isinstance(option, click.Option) or option.help, f"{name} {option.name} has no help"
