"""`formant-node install-service`: writes a systemd unit, so that a node starts with the machine and is restarted."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

import click

from formant_files import read_text, shown
from formant_net.aio.atomic_files import write_public
from formant_net.ops.service import ENVIRONMENT_FILE, Service, out_of_reach

COMMANDS = ("synth", "server", "up")


@click.command(
    "install-service",
    short_help="Write a systemd unit that starts a node with the machine.",
    context_settings={"ignore_unknown_options": True},
)
@click.option("--user/--system", "user", default=None, help="Default: --system as root, else --user.")
@click.option("--print", "print_", is_flag=True, help="Print the unit and write nothing.")
@click.option("--name", metavar="NAME", help="Name of the unit. Default: formant-COMMAND.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[COMMAND] [URL]... [OPTIONS]...")
def command(user: bool | None, print_: bool, name: str | None, arguments: tuple[str, ...]) -> None:
    """Write a systemd unit that runs `formant-node COMMAND OPTIONS`. The default COMMAND is `synth`.

    A synth needs the URL of its server: `install-service synth URL`, or `url = "URL"` in /etc/formant-node.toml, or
    FORMANT_URL in /etc/formant-node.env. `install-service synth --search` searches the network for it. Keep other
    options in /etc/formant-node.toml and the key in /etc/formant-node.env (`FORMANT_KEY=…`, readable by root alone),
    because everybody can read a unit. For a service of a user the files are formant-node.toml and formant-node.env in
    ~/.config/formant-node.
    """
    if sys.platform != "linux":
        raise click.ClickException(
            "systemd exists on Linux only: start `formant-node synth` with the service manager of your system"
        )
    given = arguments or ("synth",)
    if given[0] not in COMMANDS:
        raise click.BadParameter(f"{given[0]!r}: give one of {', '.join(COMMANDS)}", param_hint="COMMAND")
    for_user = os.geteuid() != 0 if user is None else user
    secrets = str(_config() / "formant-node" / "formant-node.env") if for_user else ENVIRONMENT_FILE["system"]
    if any("key=" in word or word == "--key" for word in given):
        raise click.UsageError(
            f"everybody can read a unit: put FORMANT_KEY=… into {secrets}, and leave key=… out of the URL"
        )
    # Options that the node would refuse at every start are refused here.
    from formant_net.cli.command import LazyGroup
    from formant_net.cli.config import URLS

    context = click.get_current_context()
    own: list[Path] = []
    if (node := LazyGroup().get_command(context, given[0])) is not None:
        called = node.make_context(given[0], list(given[1:]), parent=context.parent)
        own = _files(called)
        if URLS in called.params and not _names_a_server(called, Path(secrets), for_user=for_user):
            raise click.UsageError(
                f"no server is named: give its URL (`install-service {given[0]} http://SERVER:8080/`), let it search "
                f'(`install-service {given[0]} --search`), or write `url = "URL"` into '
                f"{_config_file(for_user=for_user)} first. A server on this box is http://localhost:8080/"
            )
    needed = [os.path.realpath(sys.executable), sys.executable]
    if not for_user and (why := next(filter(None, (out_of_reach(Path(place)) for place in needed)), None)):
        advice = "install Formant elsewhere (`python3 -m venv /opt/formant`, and pip there), or use --user"
        click.echo(f"# This unit will not start: {why}; {advice}.", err=True)
    if not for_user and (why := next(filter(None, map(out_of_reach, own)), None)):
        click.echo(f"# The unit will not read its presets: {why}; put them into /etc/formant-presets.", err=True)
    service = Service(
        (sys.executable, "-m", "formant_net", *given),
        user=for_user,
        description={"synth": "Formant synth", "server": "Formant server", "up": "Formant server and synth"}[given[0]],
        sound=given[0] != "server",
        reads=[*needed, *map(str, own)],
    )
    unit_name = f"{(name or f'formant-{given[0]}').removesuffix('.service')}.service"
    if "/" in unit_name or unit_name.startswith("."):
        raise click.BadParameter("a unit's name has no slash", param_hint="--name")
    if print_:
        click.echo(service.unit(), nl=False)
        return
    folder = _config() / "systemd" / "user" if for_user else Path("/etc/systemd/system")
    path = folder / unit_name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_public(path, service.unit().encode())
    except OSError as error:
        raise click.ClickException(
            f"cannot write {path}: {error.strerror}; try as root, or --user, or --print"
        ) from error
    systemctl = "systemctl --user" if for_user else "systemctl"
    click.echo(f"Written: {path}")
    click.echo(f"The join key, if there is one:      FORMANT_KEY=… in {secrets}")
    click.echo(f"Start it now and with the machine:  {systemctl} daemon-reload && {systemctl} enable --now {unit_name}")
    if for_user:
        click.echo("Before anybody has logged in:       loginctl enable-linger")
    click.echo(f"What it says:                       journalctl {'--user ' if for_user else ''}-u {unit_name} -f")


def _names_a_server(called: click.Context, secrets: Path, *, for_user: bool) -> bool:
    """Whether the service will know a server, from the command line or from the files that it will read.

    The environment of this shell does not count, because the service has another one.
    """
    from formant_net.cli.command import SUBCOMMANDS
    from formant_net.cli.config import URLS, read_tables

    if called.params.get("search"):
        return True
    if called.get_parameter_source(URLS) is click.core.ParameterSource.COMMANDLINE:
        return True
    name = called.info_name or ""
    tables = (read_tables(path, SUBCOMMANDS) for path in _config_files(for_user=for_user))
    if any("url" in table.get(name, {}) for table in tables):
        return True
    try:
        lines = read_text(secrets, 1_000_000).splitlines()
    except OSError:
        return False
    names = ("FORMANT_URL=", f"FORMANT_{name.upper()}_URL=")
    return any(line.strip().startswith(names) and line.partition("=")[2].strip("\"' ") for line in lines)


def _config_files(*, for_user: bool) -> list[Path]:
    """The existing configuration files that the service will read."""
    from formant_net.cli.config import SYSTEM_CONFIG, default_config

    return [path for path in (SYSTEM_CONFIG, *([default_config()] if for_user else [])) if os.path.exists(path)]


def _config_file(*, for_user: bool) -> Path:
    """The configuration file in which the user should write a URL."""
    from formant_net.cli.config import SYSTEM_CONFIG, default_config

    return default_config() if for_user else SYSTEM_CONFIG


def _files(node: click.Context) -> list[Path]:
    """The preset files that the node will read. Raises UsageError for one that it would look for in another folder."""
    preset, folder = node.params.get("preset"), node.params.get("preset_folder")
    found = [Path(preset)] if preset and preset.endswith(".toml") else []
    if folder:
        found.append(folder / "*.toml")
    for place in found:
        given = shown(place)
        if not place.is_absolute():
            with suppress(OSError):  # this folder may have been removed meanwhile
                place = folder.absolute() if place.parent == folder else place.absolute()
            raise click.UsageError(f"{given}: a service runs in another folder: give the absolute path, {place}")
    return found


def _config() -> Path:
    """The user's configuration folder, by systemd's rule. Raises UsageError for a user without a home."""
    config = os.environ.get("XDG_CONFIG_HOME", "")
    if config.startswith("/"):
        return Path(config)
    try:
        return Path.home() / ".config"
    except RuntimeError as error:
        raise click.UsageError("this user has no home folder for a unit: set HOME, or leave --user out") from error
