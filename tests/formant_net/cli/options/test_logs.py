from __future__ import annotations

import click
from click.testing import CliRunner

from formant_net.cli.options.logs import log_options


@click.command()
@log_options
def command(log_format: str, log_level: str) -> None:
    click.echo(f"{log_format} {log_level}")


def test_a_log_is_text_for_people_unless_asked_for_otherwise() -> None:
    assert CliRunner().invoke(command, []).output == "text info\n"
    assert CliRunner().invoke(command, ["--log-format", "json", "--log-level", "error"]).output == "json error\n"


def test_what_there_is_not_is_refused_with_what_there_is() -> None:
    result = CliRunner().invoke(command, ["--log-format", "xml"])
    assert result.exit_code == 2
    assert "'text', 'json'" in result.output
