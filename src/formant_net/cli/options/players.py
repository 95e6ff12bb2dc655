"""What the commands that play have in common: their options, the controller that these describe, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from formant_net.cli.options.logs import log_options
from formant_net.cli.options.servers import (
    check_id,
    client_options,
    fail_if_refused,
    key_option,
    search_of,
    servers_of,
    trust_of,
)
from formant_net.ops.console import say
from formant_net.protocol.bounds import BOUNDS

if TYPE_CHECKING:
    from formant_net.aio.client.controller import ControllerNode, ControllerOptions
    from formant_net.tuning.snap import Snap

Command = TypeVar("Command", bound=Callable[..., Any])
LEFT_OUT = {"too_fast": "too many notes a second", "too_many": "more than 16 notes at once"}


def player_options(ready: str) -> Callable[[Command], Command]:
    """Add the options of `controller_of`, of the log, and --wait-synths.

    ready    what the command does when the synths are linked, for its help
    """
    options = (
        click.option(
            "--wait-synths",
            default=1,
            show_default=True,
            type=click.IntRange(0, BOUNDS.most_synths),
            help=f"{ready} when this many synths are linked.",
        ),
        click.option(
            "--most-synths",
            default=BOUNDS.synths_of_headless,
            show_default=True,
            type=click.IntRange(1, BOUNDS.most_synths),
            help="Play no more synths than this.",
        ),
        key_option,
        client_options,
        click.option("--in-order", is_flag=True, help="Try the URLs in this order, not the nearest first."),
        click.option("--id", metavar="ID", help="Id. Default: ctrl-HOST- and four random digits."),
        click.option("--name", default="", metavar="TEXT", help="Name that others see."),
        log_options,
    )

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def controller_of(urls: tuple[str, ...], options: Mapping[str, Any], snap: Snap | None = None) -> ControllerOptions:
    """The controller that the options describe. Raises click.BadParameter, click.UsageError."""
    from formant_net.aio.client.controller import ControllerOptions

    if (wait := options["wait_synths"]) > options["most_synths"]:
        most = f"--most-synths plays {options['most_synths']} at most"
        raise click.UsageError(f"--wait-synths {wait} would never be reached: {most}. Add --most-synths {wait}.")
    trust = trust_of(options["tls_ca"], options["tls_fingerprints"])
    return ControllerOptions(
        client_id=check_id(options["id"], ("ctrl-", "touch-ctrl-")),
        servers=servers_of(urls, options["key"], trust),
        search=search_of(urls, options["key"], trust),
        name=options["name"][:64],
        snap=snap,
        most_synths=options["most_synths"],
    )


async def node_of(controller: ControllerOptions, *, in_order: bool) -> ControllerNode:
    """The controller as a node that is not started yet; its servers nearest first, or in their order."""
    from formant_net.aio.client.controller import ControllerNode
    from formant_net.aio.client.nearest import nearest_first

    if not in_order:
        controller = replace(controller, servers=await nearest_first(controller.servers))
    return ControllerNode(controller)


def run(playing: Coroutine[Any, Any, None]) -> None:
    """Play until it ends, a signal comes, or the server sends us away."""
    from formant_net.aio.client.shell import SentAway
    from formant_net.aio.run import run_until_signal

    try:
        run_until_signal(playing)
    except SentAway as error:
        fail_if_refused(error)


async def linked(node: ControllerNode, count: int, what: str) -> None:
    """Return when this many synths are linked and take notes, and say so. `what` names the player."""
    servers = node.options.servers
    where = f"connecting to {servers[0].ws_url}" if servers else "searching the network for a server"
    say(f"Formant {what} {node.options.client_id}: {where}.")
    await node.ready(count)
    number = sum(synth.open for synth in node.synths())
    say(f"Ready: {number} synth{'' if number == 1 else 's'} linked.")


def tell(text: str, warning: bool) -> None:
    """Say a line; a warning goes to standard error."""
    say(text, err=warning)


def tell_left_out(counts: Mapping[str, int], told: dict[str, int]) -> None:
    """Say how many notes were left out since the last call, and why. `told` keeps the counts."""
    for name, words in LEFT_OUT.items():
        if more := counts[name] - told.get(name, 0):
            tell(f"{more} {'note' if more == 1 else 'notes'} left out: {words}", True)
    told.update(counts)
