"""The command `formant-node`. Each subcommand has its own file, which is imported only when it is used.

Every option may also come from the environment (`FORMANT_PORT`, or `FORMANT_SERVER_PORT` for one subcommand only) or
from a TOML file. The file is that of `--config FILE`, else `/etc/formant-node.toml`, overridden by
`formant-node.toml` in the user's configuration folder. It has one table for each subcommand; keys are the long options
with `_` for `-`. The command line overrides the environment, and the environment overrides the file. The URLs of the
servers are `url` in a file and FORMANT_URL in the environment.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
import tomllib
from pathlib import Path
from typing import Any

import click

from formant_files import read_text, shown
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
            if _may_be_set(parameter) and parameter.envvar is None:
                option = long_name(parameter).upper()
                parameter.envvar = [f"FORMANT_{name.upper().replace('-', '_')}_{option}", f"FORMANT_{option}"]
        return command


URLS = "urls"
"""Name of the argument of every client command: its servers. In a file it is `url`, in the environment FORMANT_URL."""


def _may_be_set(parameter: click.Parameter) -> bool:
    """Whether a parameter may also come from a file and from the environment."""
    return bool(parameter.name) and (isinstance(parameter, click.Option) or parameter.name == URLS)


def long_name(parameter: click.Parameter) -> str:
    """The name of a parameter in a file: its first long form, with `_` for `-`."""
    if parameter.name == URLS:
        return "url"
    forms = [form for form in parameter.opts if form.startswith("--")] or [parameter.name or ""]
    return forms[0].lstrip("-").replace("-", "_")


def _table_for(name: str, table: dict[str, Any]) -> dict[str, Any]:
    """A subcommand's table with click's names for its keys.

    Raises click.BadParameter for an unknown option, and for a list where the option takes one value.
    """
    command = LazyGroup().get_command(click.get_current_context(), name)
    options = {long_name(each): each for each in command.params if _may_be_set(each)} if command else {}
    found = {}
    for key, value in table.items():
        option = options.get(key)
        if option is None:
            raise click.BadParameter(
                f"[{name}] has no option {key!r}; `formant-node {name} --help` lists them", param_hint="--config"
            )
        several = option.multiple or option.nargs == -1
        is_flag = isinstance(option, click.Option) and option.is_flag
        if isinstance(value, list | dict) and not (several and isinstance(value, list)):
            raise click.BadParameter(f"[{name}] {key} takes one value, not a list or table", param_hint="--config")
        if any("\0" in each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)):
            raise click.BadParameter(f"[{name}] {key} has a NUL character: delete it", param_hint="--config")
        if isinstance(value, bool) and not is_flag:
            raise click.BadParameter(
                f"[{name}] {key} = {str(value).lower()}: this option takes a value", param_hint="--config"
            )
        if several:
            value = list(map(str, value)) if isinstance(value, list) else [str(value)]
        # A text, as from the environment, so that click alone parses it: 3.5 is not a whole number.
        found[option.name or key] = value if is_flag or several else str(value)
    return found


MOST_BYTES = 1_000_000
"""Size limit of a configuration file."""
SYSTEM_CONFIG = Path("/etc/formant-node.toml")
"""The machine's configuration file, which a system service reads."""


def default_config() -> Path:
    """The user's configuration file: `formant-node.toml` in the platform's configuration folder."""
    return Path(click.get_app_dir("formant-node", force_posix=False)) / "formant-node.toml"


def _load_config(path: Path | None) -> dict[str, Any]:
    """The tables of `path`. Without `path`, those of the machine, in which the user's options override single ones."""
    if path is not None:
        return read_tables(path)
    tables: dict[str, Any] = {}
    for file in (SYSTEM_CONFIG, default_config()):
        if os.path.exists(file):  # Path.exists would raise if a folder on the way may not be entered
            for name, table in read_tables(file).items():
                tables[name] = {**tables.get(name, {}), **table}
    return tables


def read_tables(chosen: Path) -> dict[str, Any]:
    """The tables of one file, by the names of subcommands. Raises click.BadParameter."""
    try:
        tables = tomllib.loads(read_text(chosen, MOST_BYTES))
    except OSError as error:
        fault = f"{shown(chosen)} is not TOML" if error.errno == errno.EILSEQ else f"cannot read {shown(chosen)}"
        raise click.BadParameter(f"{fault}: {error.strerror}", param_hint="--config") from error
    except (ValueError, RecursionError) as error:  # ValueError: also a number with thousands of digits
        raise click.BadParameter(f"{chosen} is not TOML: {error}", param_hint="--config") from error
    for name, table in tables.items():
        if name not in SUBCOMMANDS or not isinstance(table, dict):
            raise click.BadParameter(
                f"{chosen}: [{name}] is not a command; a table may be one of {', '.join(SUBCOMMANDS)}",
                param_hint="--config",
            )
    return tables


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
    tables = _load_config(config)
    if name in tables:
        tables[name] = _table_for(name, tables[name])
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
