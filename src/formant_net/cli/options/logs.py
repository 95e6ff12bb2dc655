"""The options of the log, which every command that runs for long has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from formant_net.ops.log import LEVELS

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--log-format",
        default="text",
        show_default=True,
        type=click.Choice(["text", "json"]),
        help="Log for people or programs.",
    ),
    click.option(
        "--log-level",
        default="info",
        show_default=True,
        type=click.Choice(LEVELS),
        help="Least severe lines to log.",
    ),
)


def log_options(command: Command) -> Command:
    """Add --log-format and --log-level."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
