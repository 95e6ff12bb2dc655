"""The command `formant-node`: one file a subcommand, imported only when it is asked for.

Every option may also come from the environment (`FORMANT_PORT`, or `FORMANT_SERVER_PORT` for one subcommand only)
or from a TOML file (`--config FILE`, else `/etc/formant-node.toml` and over it `formant-node.toml` in the user's
configuration folder): a table named after the subcommand, keys spelled like the long options with `_` for `-`.
Command line beats environment beats file.
"""

from __future__ import annotations

import importlib
import io
import os
import sys
import tomllib
from pathlib import Path
from typing import Any

import click

SUBCOMMANDS = (
    "up",
    "server",
    "synth",
    "controller",
    "remote",
    "token",
    "render",
    "presets",
    "devices",
    "bench",
    "latency",
    "soak",
    "doctor",
    "install-service",
)


class LazyGroup(click.Group):
    """A group that imports a subcommand only when it is used: `render` never pays for the network."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in SUBCOMMANDS:
            return None
        command: click.Command = importlib.import_module(f"formant_net.cli.{name.replace('-', '_')}").command
        for parameter in command.params:
            if isinstance(parameter, click.Option) and parameter.envvar is None and parameter.name:
                option = long_name(parameter).upper()
                parameter.envvar = [f"FORMANT_{name.upper().replace('-', '_')}_{option}", f"FORMANT_{option}"]
        return command


def long_name(option: click.Option) -> str:
    """How an option is spelled in a file: its first long form, with `_` for `-`."""
    forms = [form for form in option.opts if form.startswith("--")] or [option.name or ""]
    return forms[0].lstrip("-").replace("-", "_")


def _table_for(name: str, table: dict[str, Any]) -> dict[str, Any]:
    """A subcommand's table with click's names for its keys. A misspelt option or a list where one value is meant is an
    error, not silently without effect."""
    command = LazyGroup().get_command(click.get_current_context(), name)
    options = {long_name(p): p for p in command.params if isinstance(p, click.Option)} if command else {}
    found = {}
    for key, value in table.items():
        option = options.get(key)
        if option is None:
            raise click.BadParameter(
                f"[{name}] has no option {key!r}; `formant-node {name} --help` lists them", param_hint="--config"
            )
        if isinstance(value, list | dict) and not (option.multiple and isinstance(value, list)):
            raise click.BadParameter(f"[{name}] {key} takes one value", param_hint="--config")
        if isinstance(value, bool) and not option.is_flag:
            raise click.BadParameter(
                f"[{name}] {key} is not {str(value).lower()}: it takes a value", param_hint="--config"
            )
        if option.multiple:
            value = list(map(str, value)) if isinstance(value, list) else [str(value)]
        # As from the environment: click alone judges what a text means, and 3.5 is no 3.
        found[option.name or key] = value if option.is_flag or option.multiple else str(value)
    return found


SYSTEM_CONFIG = Path("/etc/formant-node.toml")
"""The machine's configuration file, what a system service reads."""


def default_config() -> Path:
    """The user's configuration file: `formant-node.toml` in the platform's configuration folder."""
    return Path(click.get_app_dir("formant-node", force_posix=False)) / "formant-node.toml"


def _load_config(path: Path | None) -> dict[str, Any]:
    """The tables of `path`; without one, those of the machine with those of the user over them, option by option."""
    if path is not None:
        return _read_config(path)
    tables: dict[str, Any] = {}
    for file in (SYSTEM_CONFIG, default_config()):
        if file.is_file():
            for name, table in _read_config(file).items():
                tables[name] = {**tables.get(name, {}), **table}
    return tables


def _read_config(chosen: Path) -> dict[str, Any]:
    try:
        with chosen.open("rb") as file:
            tables = tomllib.load(file)
    except OSError as error:
        raise click.BadParameter(f"cannot read {chosen}: {error.strerror}", param_hint="--config") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"{chosen} is not TOML: {error}", param_hint="--config") from error
    for name, table in tables.items():
        if name not in SUBCOMMANDS or not isinstance(table, dict):
            raise click.BadParameter(
                f"{chosen}: [{name}] is not a subcommand; tables may be {', '.join(SUBCOMMANDS)}", param_hint="--config"
            )
    return tables


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="FORMANT_CONFIG",
    help="TOML file with a table of options a subcommand.",
)
@click.version_option(package_name="formant-synth", prog_name="formant-node")
@click.pass_context
def main(ctx: click.Context, config: Path | None) -> None:
    """Formant: boxes sing, phones play them."""
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
    """Entry point: a closed pipe (`formant-node devices | head`) is a normal end, not a traceback; and what a terminal
    of another encoding cannot show is written as its code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as standard error is anyway
    try:
        main(prog_name="formant-node")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
