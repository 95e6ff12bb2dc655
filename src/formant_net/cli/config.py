"""Configuration files: a TOML file has one table for each subcommand, and sets options by their long names.

The file is that of `--config FILE`, else `/etc/formant-node.toml`, overridden by `formant-node.toml` in the user's
configuration folder. Keys are the long options with `_` for `-`; the URLs of the servers are `url`.
"""

from __future__ import annotations

import errno
import os
import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any

import click

from formant_files import read_text, shown

MOST_BYTES = 1_000_000
"""Size limit of a configuration file."""
SYSTEM_CONFIG = Path("/etc/formant-node.toml")
"""The machine's configuration file, which a system service reads."""


URLS = "urls"
"""Name of the argument of every client command: its servers. In a file it is `url`, in the environment FORMANT_URL."""


def may_be_set(parameter: click.Parameter) -> bool:
    """Whether a parameter may also come from a file and from the environment."""
    return bool(parameter.name) and (isinstance(parameter, click.Option) or parameter.name == URLS)


def long_name(parameter: click.Parameter) -> str:
    """The name of a parameter in a file: its first long form, with `_` for `-`."""
    if parameter.name == URLS:
        return "url"
    forms = [form for form in parameter.opts if form.startswith("--")] or [parameter.name or ""]
    return forms[0].lstrip("-").replace("-", "_")


def default_config() -> Path:
    """The user's configuration file: `formant-node.toml` in the platform's configuration folder."""
    return Path(click.get_app_dir("formant-node", force_posix=False)) / "formant-node.toml"


def load_config(path: Path | None, commands: Collection[str]) -> dict[str, Any]:
    """The tables of `path`. Without `path`, those of the machine, in which the user's options override single ones.

    commands   the names that a table may have
    error      click.BadParameter
    """
    if path is not None:
        return read_tables(path, commands)
    tables: dict[str, Any] = {}
    for file in (SYSTEM_CONFIG, default_config()):
        if os.path.exists(file):  # Path.exists would raise if a folder on the way may not be entered
            for name, table in read_tables(file, commands).items():
                tables[name] = {**tables.get(name, {}), **table}
    return tables


def read_tables(chosen: Path, commands: Collection[str]) -> dict[str, Any]:
    """The tables of one file, by the names of subcommands. Raises click.BadParameter."""
    try:
        tables = tomllib.loads(read_text(chosen, MOST_BYTES))
    except OSError as error:
        fault = f"{shown(chosen)} is not TOML" if error.errno == errno.EILSEQ else f"cannot read {shown(chosen)}"
        raise click.BadParameter(f"{fault}: {error.strerror}", param_hint="--config") from error
    except (ValueError, RecursionError) as error:  # ValueError: also a number with thousands of digits
        raise click.BadParameter(f"{chosen} is not TOML: {error}", param_hint="--config") from error
    for name, table in tables.items():
        if name not in commands or not isinstance(table, dict):
            raise click.BadParameter(
                f"{chosen}: [{name}] is not a command; a table may be one of {', '.join(commands)}",
                param_hint="--config",
            )
    return tables


def options_of(command: click.Command, name: str, table: dict[str, Any]) -> dict[str, Any]:
    """The table of the subcommand `name` with click's names for its keys.

    Raises click.BadParameter for an unknown option, and for a list where the option takes one value.
    """
    options = {long_name(each): each for each in command.params if may_be_set(each)}
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
