"""The command `formant-node`: its list of subcommands, and where their options come from.

Each subcommand has its own file, which is imported only when it is used. Every option may also come from the
environment (`FORMANT_PORT`, or `FORMANT_SERVER_PORT` for one subcommand only) or from a file (config.py). The command
line overrides the environment, and the environment overrides the file. The URLs of the servers are FORMANT_URL in the
environment.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Any

import click

from formant_net.cli.config import load_config, long_name, may_be_set, options_of
from formant_net.cli.options.refused import wait_if_refused
from formant_net.cli.options.text import check_text, drop_foreign
from formant_net.ops import console

SUBCOMMANDS = {
    "up": "play",
    "server": "run",
    "synth": "play",
    "controller": "play",
    "midi": "play",
    "osc": "play",
    "desk": "run",
    "monitor": "run",
    "remote": "run",
    "token": "run",
    "render": "sound",
    "presets": "sound",
    "devices": "sound",
    "bench": "sound",
    "latency": "sound",
    "soak": "run",
    "doctor": "run",
    "install-service": "run",
}
"""Each subcommand, in the order of the help, and the room of its file."""


class LazyGroup(click.Group):
    """A group that imports a subcommand only when it is used, so that `render` does not load the network."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().main(*args, **kwargs)
        except SystemExit as ended:
            wait_if_refused(ended.code)
            raise

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in SUBCOMMANDS:
            return None
        module = f"formant_net.cli.{SUBCOMMANDS[name]}.{name.replace('-', '_')}"
        command: click.Command = importlib.import_module(module).command
        check_text(command.params, name)
        if isinstance(command, click.Group):
            for each in command.commands.values():
                check_text(each.params, name)
        for parameter in command.params:
            if may_be_set(parameter) and parameter.envvar is None:
                option = long_name(parameter).upper()
                parameter.envvar = [f"FORMANT_{name.upper().replace('-', '_')}_{option}", f"FORMANT_{option}"]
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="FORMANT_CONFIG",
    help="TOML file with one table of options for each command.",
)
@click.version_option(package_name="formant-synth", prog_name="formant-node")
@click.pass_context
def main(ctx: click.Context, config: Path | None) -> None:
    """Formant, a distributed singing instrument: boxes sing, people play them from phones.

    `formant-node COMMAND --help` lists the options of a command.
    """
    drop_foreign(os.environ)
    name = ctx.invoked_subcommand
    tables = load_config(config, SUBCOMMANDS)
    if name in tables and (command := LazyGroup().get_command(ctx, name)) is not None:
        tables[name] = options_of(command, name, tables[name])
    ctx.default_map = tables
    if os.environ.get("FORMANT_ISA"):
        from formant_dsp import isa

        try:
            isa()
        except ValueError as error:
            raise click.UsageError(str(error)) from error


def run() -> None:
    """Entry point of the command.

    A reader that ends early (`formant-node devices | head`) is a normal end. If a result cannot be written, an error is
    printed and the exit code is 1.
    """
    console.settle()
    try:
        main(prog_name="formant-node")
    except SystemExit as ended:
        code = ended.code
        if (why := console.lost_results()) and not code:
            click.echo(f"Error: the output could not be written: {why}", err=True)
            code = 1
        _end_at_once_if_needed(code)
        sys.exit(code)


def _end_at_once_if_needed(code: object) -> None:
    """End the process at once if a sound server still holds one of its threads.

    A normal end closes the sound library, and such a thread would crash.
    """
    devices = sys.modules.get("formant_dsp.output.devices")
    if devices is not None and devices.left_behind():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else int(code is not None))
