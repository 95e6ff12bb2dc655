"""`formant-node install-service`: a node that starts with the machine and is kept running by systemd."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from formant_net.service import ENVIRONMENT_FILE, Service, out_of_reach

COMMANDS = ("synth", "server", "up")


@click.command(
    "install-service",
    short_help="Starts a node with the machine: a hardened systemd unit.",
    context_settings={"ignore_unknown_options": True},
)
@click.option("--user/--system", "user", default=None, help="Default: --system as root, else --user.")
@click.option("--print", "print_", is_flag=True, help="Show the unit; write nothing.")
@click.option("--name", metavar="NAME", help="Of the unit. Default: formant-COMMAND.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[COMMAND] [OPTIONS]...")
def command(user: bool | None, print_: bool, name: str | None, arguments: tuple[str, ...]) -> None:
    """Write a systemd unit that runs `formant-node COMMAND OPTIONS`; without a command, `synth`.

    Options are better kept in /etc/formant-node.toml (a user's service: the user's file), and the key in
    /etc/formant-node.env (`FORMANT_KEY=…`, readable by root alone; a user's service:
    ~/.config/formant-node/formant-node.env), because anybody can read a unit.
    """
    if sys.platform != "linux":
        raise click.ClickException("systemd is Linux only: start `formant-node synth` as your system starts things")
    given = arguments or ("synth",)
    if given[0] not in COMMANDS:
        raise click.BadParameter(f"{given[0]!r}: give one of {', '.join(COMMANDS)}", param_hint="COMMAND")
    for_user = os.geteuid() != 0 if user is None else user
    secrets = str(_config() / "formant-node" / "formant-node.env") if for_user else ENVIRONMENT_FILE["system"]
    if any("key=" in word or word == "--key" for word in given):
        raise click.UsageError(
            f"anybody can read a unit: put FORMANT_KEY=… into {secrets}, and leave key=… out of the URL"
        )
    # What the node would refuse at every start is refused here.
    from formant_net.cli import LazyGroup

    context = click.get_current_context()
    if (node := LazyGroup().get_command(context, given[0])) is not None:
        own = _files(node.make_context(given[0], list(given[1:]), parent=context.parent))
    else:
        own = []
    needed = [os.path.realpath(sys.executable), sys.executable]
    if not for_user and (why := next(filter(None, (out_of_reach(Path(place)) for place in needed)), None)):
        advice = "install it elsewhere (`python3 -m venv /opt/formant`, and pip there), or use --user"
        click.echo(f"# This unit will not start: {why}; {advice}.", err=True)
    if not for_user and (why := next(filter(None, map(out_of_reach, own)), None)):
        click.echo(f"# It will not read its presets: {why}; /etc/formant-presets is a place for them.", err=True)
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
        path.write_text(service.unit(), encoding="utf-8")
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


def _files(node: click.Context) -> list[Path]:
    """Files of presets that the node is to read. UsageError for one that it would look for in another folder."""
    preset, folder = node.params.get("preset"), node.params.get("preset_folder")
    found = [Path(preset)] if preset and preset.endswith(".toml") else []
    if folder:
        found.append(folder / "*.toml")
    for place in found:
        if not place.is_absolute():
            whole = folder.absolute() if place.parent == folder else place.absolute()
            raise click.UsageError(f"{place}: a service does not start here: give the whole path, {whole}")
    return found


def _config() -> Path:
    """The user's configuration folder, as systemd has it."""
    config = os.environ.get("XDG_CONFIG_HOME", "")
    return Path(config) if config.startswith("/") else Path.home() / ".config"
