"""The command: help that is true, options from the environment and from a file, nothing imported that is not used."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from formant_net.cli import SUBCOMMANDS, LazyGroup, main


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


def seconds_of(path: Path) -> float:
    import soundfile

    return float(soundfile.info(path).duration)


def test_command_line_beats_environment_beats_file(tmp_path: Path) -> None:
    config = tmp_path / "node.toml"
    config.write_text("[render]\nseconds = 1.5\nf0 = 200.0\n")
    wav = tmp_path / "x.wav"

    def run(args: list[str], env: dict[str, str]) -> float:
        result = CliRunner().invoke(main, ["--config", str(config), "render", "-o", str(wav), *args], env=env)
        assert result.exit_code == 0, result.output
        return seconds_of(wav)

    assert run([], {}) == 1.5
    assert run([], {"FORMANT_SECONDS": "1.75"}) == 1.75
    assert run([], {"FORMANT_SECONDS": "1.75", "FORMANT_RENDER_SECONDS": "1.0"}) == 1.0
    assert run(["--seconds", "1.25"], {"FORMANT_RENDER_SECONDS": "1.0"}) == 1.25


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[sing]\nx = 1\n", "not a command"),
        ("seconds = 1\n", "not a command"),
        ("[render\n", "is not TOML"),
        (f"[synth]\nvoices = {'9' * 5000}\n", "is not TOML"),
    ],
)
def test_configuration_file_that_is_none_is_refused_in_words(text: str, words: str, tmp_path: Path) -> None:
    config = tmp_path / "node.toml"
    config.write_text(text)
    result = CliRunner().invoke(main, ["--config", str(config), "devices"])
    assert result.exit_code == 2
    assert words in result.output


def test_misspelt_option_of_a_file_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "node.toml"
    config.write_text("[render]\nsecnods = 3\n")
    result = CliRunner().invoke(main, ["--config", str(config), "render", "-o", str(tmp_path / "x.wav")])
    assert result.exit_code == 2
    assert "secnods" in result.output


def test_missing_configuration_file_is_refused_in_words(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["--config", str(tmp_path / "none.toml"), "devices"])
    assert result.exit_code == 2
    assert "cannot read" in result.output


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


def test_flags_come_from_the_environment_and_from_a_file_under_their_own_names(tmp_path: Path) -> None:
    quick = ["--seconds", "0.1", "--voices", "1"]
    result = CliRunner().invoke(main, ["bench", *quick], env={"FORMANT_JSON": "1"})
    assert result.output.startswith("{"), result.output
    config = tmp_path / "node.toml"
    config.write_text("[bench]\njson = true\n")
    result = CliRunner().invoke(main, ["--config", str(config), "bench", *quick])
    assert result.output.startswith("{"), result.output


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


def test_file_that_is_not_text_and_list_for_one_value_are_refused_in_words(tmp_path: Path) -> None:
    config = tmp_path / "node.toml"
    config.write_bytes(b"a=\xff")
    assert "is not TOML" in CliRunner().invoke(main, ["--config", str(config), "devices"]).output
    config.write_text('[render]\noutput = ["a", "b"]\n')
    assert "takes one value" in CliRunner().invoke(main, ["--config", str(config), "render"]).output


@pytest.mark.parametrize(
    "table",
    [
        '[render]\noutput = "a\\u0000.wav"',
        '[synth]\npreset = "a\\u0000.toml"',
        '[synth]\naudio = "wav:a\\u0000.wav"',
        '[synth]\nurl = ["http://box:1/", "\\u0000"]',
        '[server]\nhost = "a\\u0000b"',
    ],
)
def test_a_nul_character_of_a_file_is_refused_at_the_door(table: str, tmp_path: Path) -> None:
    """No system takes one in a path or a host, and Python raises ValueError for it there."""
    config = tmp_path / "node.toml"
    config.write_text(table + "\n")
    result = CliRunner().invoke(main, ["--config", str(config), table[1:].partition("]")[0]])
    assert result.exit_code == 2, result.output
    assert "NUL character" in result.output


def test_the_users_file_is_read_over_the_machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine, user = tmp_path / "machine.toml", tmp_path / "user.toml"
    monkeypatch.setattr("formant_net.cli.SYSTEM_CONFIG", machine)
    monkeypatch.setattr("formant_net.cli.default_config", lambda: user)
    machine.write_text("[bench]\njson = true\nvoices = 1\nseconds = 0.1\n")
    assert CliRunner().invoke(main, ["bench"]).output.startswith("{")
    user.write_text("[bench]\njson = false\n")
    result = CliRunner().invoke(main, ["bench"])
    assert "voices per core" in result.output
    assert "rendering 1 voices" in result.output
    machine.write_text("[bench]\nvoices = 'many'\n")
    assert "many" in CliRunner().invoke(main, ["bench"]).output


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("presets = 3\npreset = 'kazoo'", "no preset 'kazoo'"),  # a folder may be called 3
        ("voices = 3.5", "'3.5' is not a valid integer"),
        ("preset = true", "preset = true: this option takes a value"),
        ("limit = 'voices=many'", "voices"),
        ("limit = ['voices=many']", "voices"),
    ],
)
def test_a_value_of_a_file_is_what_it_would_be_on_the_command_line(line: str, words: str, tmp_path: Path) -> None:
    config = tmp_path / "node.toml"
    config.write_text(f"[synth]\n{line}\n")
    result = CliRunner().invoke(main, ["--config", str(config), "synth"])
    assert result.exit_code == 2, result.output
    assert words in result.output


@pytest.mark.parametrize("name", ["synth", "controller", "remote"])
def test_the_urls_of_the_servers_may_stand_everywhere(name: str, tmp_path: Path) -> None:
    """Command line over environment over file; one or several."""
    file = tmp_path / "node.toml"

    def urls(*arguments: str, text: str = "", **environment: str) -> object:
        file.write_text(text)
        seen: list[object] = []
        command = LazyGroup().get_command(click.Context(main), name)
        assert command is not None

        @click.pass_context  # type: ignore[arg-type]
        def look(context: click.Context, **_: object) -> None:
            seen.append(context.params["urls"])

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(command, "callback", look)
            result = CliRunner().invoke(main, ["--config", str(file), name, *arguments], env=environment)
        assert result.exit_code == 0, result.output
        return seen[0]

    one, two = f'[{name}]\nurl = "http://a:1/"\n', f'[{name}]\nurl = ["http://a:1/", "http://b:2/"]\n'
    assert urls() == ()
    assert urls(text=one) == ("http://a:1/",)
    assert urls(text=two) == ("http://a:1/", "http://b:2/")
    assert urls(text=one, FORMANT_URL="http://c:3/ http://d:4/") == ("http://c:3/", "http://d:4/")
    variable = f"FORMANT_{name.upper()}_URL"
    assert urls(FORMANT_URL="http://c:3/", **{variable: "http://e:5/"}) == ("http://e:5/",)
    assert urls("http://f:6/", text=one, FORMANT_URL="http://c:3/") == ("http://f:6/",)


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
