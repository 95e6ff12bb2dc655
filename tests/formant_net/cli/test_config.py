"""Options from a file: under their own names, below the environment and the command line, and refused in words."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from formant_net.cli import LazyGroup, main


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


def test_flags_come_from_the_environment_and_from_a_file_under_their_own_names(tmp_path: Path) -> None:
    quick = ["--seconds", "0.1", "--voices", "1"]
    result = CliRunner().invoke(main, ["bench", *quick], env={"FORMANT_JSON": "1"})
    assert result.output.startswith("{"), result.output
    config = tmp_path / "node.toml"
    config.write_text("[bench]\njson = true\n")
    result = CliRunner().invoke(main, ["--config", str(config), "bench", *quick])
    assert result.output.startswith("{"), result.output


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
    monkeypatch.setattr("formant_net.cli.config.SYSTEM_CONFIG", machine)
    monkeypatch.setattr("formant_net.cli.config.default_config", lambda: user)
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
