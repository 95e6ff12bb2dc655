"""Commands, programs and settings in the documentation: run here page by page, or checked as far as that goes."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from docs.blocks import LANGUAGES, PAGES, ROOT, Block, blocks_of, commands_of, without_blocks
from docs.shell import shell

from formant_net.cli import LazyGroup, main

OTHER_PROGRAMS = {
    *("apt-get", "cd", "docker", "echo", "export", "git", "journalctl", "loginctl", "nats", "nats-server", "openssl"),
    *("oscsend", "pip", "install", "pipx", "sysctl", "systemctl", "tee", "turnserver"),
}
"""What the pages may name besides what we ship; a misspelt command is none of these."""


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_what_a_page_says_to_type_works(page: Path, tmp_path: Path) -> None:
    with shell(tmp_path) as terminal:
        for block in blocks_of(page):
            if block.not_run or block.language not in ("console", "python"):
                continue
            if block.runs_until:
                terminal.start(block)
            else:
                terminal.run(block)


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_a_command_that_is_not_run_exists_with_its_options(page: Path) -> None:
    for block in blocks_of(page):
        if block.not_run and block.language == "console":
            for command in commands_of(block):
                for words in _simple(command):
                    assert (wrong := _what_is_wrong(words)) == "", f"{block.where}: {command}: {wrong}"


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_settings_and_messages_can_be_read(page: Path) -> None:
    for block in blocks_of(page):
        if block.language == "toml":
            tomllib.loads(block.text)
        if block.language == "json":
            _read_json(block)


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_block_says_what_it_is(page: Path) -> None:
    indented = re.findall(r"\n\n {4}(?![-*+] |\d+\. )\S.*", without_blocks(page))
    assert indented == [], "fence it, with a language: an indented block is not tested"
    for block in blocks_of(page):
        assert block.language in LANGUAGES, f"{block.where}: {block.language!r} is none of {sorted(LANGUAGES)}"
        assert "$ " not in block.text or block.language != "console", f"{block.where}: a prompt cannot be pasted"


@pytest.mark.parametrize(
    ("command", "wrong"),
    [
        ("formant-node synth 'URL' --volume 0.5", ""),
        ("FORMANT_KEY=x formant-node up --port 0", ""),
        ("formant-node sing", "no command 'sing'"),
        ("formant-node synth --loudness 3", "no option '--loudness'"),
        ("make budget", ""),
        ("make breakfast", "no target 'breakfast'"),
        ("python benchmarks/budget.py bench.json", ""),
        ("python benchmarks/nowhere.py", "no file"),
        ("PYTHONPATH=tests python -m support.judges.golden", ""),
        ("frobnicate", "an unknown program"),
    ],
)
def test_the_check_finds_what_is_wrong(command: str, wrong: str) -> None:
    found = [_what_is_wrong(words) for words in _simple(command)]
    assert found == [wrong] if not wrong else wrong in found[0]


def _read_json(block: Block) -> None:
    """One value, or one a line."""
    try:
        json.loads(block.text)
    except ValueError:
        for line in block.text.splitlines():
            if line.strip():
                json.loads(line)


def _simple(command: str) -> Iterator[list[str]]:
    """The words of each simple command of a line, without settings of the environment, sudo and redirections."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in [*lexer, ";"]:
        if set(word) <= set("|&;"):
            while words and (re.fullmatch(r"[A-Z_]+=.*", words[0]) or words[0] == "sudo"):
                words = words[1:]
            if words:
                yield words
            words = []
        else:
            words.append(word)


def _what_is_wrong(words: list[str]) -> str:
    rest = words[1:]
    program = words[0].rpartition("/")[2] if "/bin/" in words[0] else words[0]
    if program == "formant-node":
        return _wrong_option(rest)
    if program == "make":
        known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
        wanted = [word for word in rest if "=" not in word and not word.startswith("-")]
        return next((f"no target {word!r}" for word in wanted if word not in known), "")
    if program in ("python", "python3"):
        return _wrong_script(rest)
    if program.startswith((".ci/", "./")):
        return "" if (ROOT / program).is_file() else "no file"
    return "" if program in OTHER_PROGRAMS else f"{program!r} is an unknown program"


def _wrong_script(words: list[str]) -> str:
    if words[:1] == ["-m"]:
        parts = words[1].split(".")
        near = [ROOT / folder / Path(*parts) for folder in ("", "tests", "src")]
        found = any(place.with_suffix(".py").is_file() or (place / "__init__.py").is_file() for place in near)
        return "" if found or words[1] in ("venv", "pip", "pytest", "http.server") else f"no module {words[1]}"
    return "" if not words or (ROOT / words[0]).is_file() else "no file"


def _wrong_option(words: list[str]) -> str:
    """Subcommands and long options exist. Values are what the command itself judges."""
    with click.Context(main) as context:
        group: click.Command = main
        while words and isinstance(group, click.Group):
            while words and words[0].startswith("-"):
                words = words[2:] if words[0] == "--config" else words[1:]
            if not words:
                return ""
            command = group.get_command(context, words[0])
            if command is None:
                return f"no command {words[0]!r}"
            group, words = command, words[1:]
        known = {name for option in group.params for name in (*option.opts, *option.secondary_opts)} | {"--help", "-h"}
        if group.context_settings.get("ignore_unknown_options"):  # further options are those of the synth
            synth = LazyGroup().get_command(context, "synth")
            known |= {name for option in synth.params for name in option.opts} if synth else set()
        wanted = [word.partition("=")[0] for word in words if re.match(r"--[a-z]", word)]
        return next((f"no option {word!r}" for word in wanted if word not in known), "")
