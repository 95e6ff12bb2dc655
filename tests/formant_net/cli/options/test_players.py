from __future__ import annotations

from typing import Any

import click
import pytest
from click.testing import CliRunner

from formant_net.cli.options.players import controller_of, player_options, tell_left_out


@click.command()
@click.argument("urls", nargs=-1)
@player_options("Begin")
def command(urls: tuple[str, ...], **options: Any) -> None:
    found = controller_of(urls, options)
    click.echo(f"{found.client_id} {found.name} {[server.ws_url for server in found.servers]} {found.search is None}")
    click.echo(found.most_synths)


def test_a_url_is_joined_under_an_id_that_every_server_accepts() -> None:
    result = CliRunner().invoke(command, ["--id", "stage", "--name", "Stage", "http://10.0.0.1:8080/#key=x"])
    assert result.output == "ctrl-stage Stage ['ws://10.0.0.1:8080/ws'] True\n100\n"


def test_without_a_url_the_network_is_searched() -> None:
    result = CliRunner().invoke(command, ["--id", "stage", "--most-synths", "2"])
    assert result.output == "ctrl-stage  [] False\n2\n"


def test_the_help_says_what_happens_when_the_synths_are_linked() -> None:
    assert "Begin when this many synths are linked." in CliRunner().invoke(command, ["--help"]).output


def test_each_note_that_was_left_out_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    told: dict[str, int] = {}
    for counts in ({"too_fast": 2, "too_many": 0}, {"too_fast": 2, "too_many": 0}, {"too_fast": 3, "too_many": 1}):
        tell_left_out(counts, told)
    assert capsys.readouterr().err.splitlines() == [
        "2 notes left out: too many notes a second",
        "1 note left out: too many notes a second",
        "1 note left out: more than 16 notes at once",
    ]


def test_to_wait_for_more_synths_than_it_plays_is_refused_with_the_remedy() -> None:
    result = CliRunner().invoke(command, ["--wait-synths", "120", "http://10.0.0.1:8080/#key=x"])
    assert result.exit_code == 2
    assert "--most-synths 120" in result.output
    more = ["--wait-synths", "120", "--most-synths", "120", "http://10.0.0.1:8080/#key=x"]
    assert CliRunner().invoke(command, more).exit_code == 0
