"""`formant-node remote`: what every synth says of itself, and its settings from afar."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import click

from formant_net.cli.guard import client_options, trust_of
from formant_net.cli.ranges import FloatRange
from formant_net.cli.synth import check_id, fail_if_refused, servers_of
from formant_net.log import configure

TAKES_S = 4.0
"""A device has been opened, or given up, after so long; other settings need a round trip."""
AGAIN_S = 0.5
"""Until a volume is sent again: its channel may lose it."""


@click.command("remote", short_help="Shows every synth's state; sets volume, power, preset, sound device.")
@click.argument("urls", nargs=-1, metavar="[URL]...")
@click.option("--synth", "synths", multiple=True, metavar="NAME|ID", help="Only this one; may be repeated.")
@click.option("--volume", type=FloatRange(0.0, 1.0))
@click.option("--power", type=click.Choice(["on", "off"]))
@click.option("--preset", metavar="NAME", help="That the next notes are sung with.")
@click.option("--audio", metavar="auto|none|NAME|INDEX", help="Sound device, as `devices` names it on that machine.")
@click.option("--wait-synths", default=1, show_default=True, type=click.IntRange(1, 64), help="Go on with so many.")
@click.option("--patience", default=10.0, show_default=True, metavar="S", type=FloatRange(0.1, 600.0), help="For them.")
@click.option("--key", metavar="KEY", help="Join key where the URL has none (better: FORMANT_KEY).")
@client_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object a synth: its state.")
def command(urls: tuple[str, ...], **options: Any) -> None:
    """Join the ensemble at URL (default http://localhost:8080), set what is given, show every synth, and leave.

    Exit code 1 when no synth came, or one did not take a setting: a device that is not there, or a token without the
    right to.
    """
    configure("text", "error")
    from formant_net.aio.client import SentAway
    from formant_net.aio.controller import ControllerOptions

    controller = ControllerOptions(
        client_id=check_id(None, ("ctrl-",)),
        servers=servers_of(urls, options["key"], trust_of(options["tls_ca"], options["tls_fingerprints"])),
        name="remote",
    )
    try:
        refused = asyncio.run(_visit(controller, options))
    except SentAway as error:
        fail_if_refused(error)
        raise click.exceptions.Exit(1) from error
    except TimeoutError as error:
        raise click.ClickException(
            f"not {options['wait_synths']} of these synths within {options['patience']:g} s: do they run, is that the "
            "right URL and --synth?"
        ) from error
    if refused:
        raise click.ClickException("; ".join(refused))


async def _visit(controller: Any, options: dict[str, Any]) -> list[str]:
    """The settings that were not taken, in words."""
    from formant_net.aio.controller import ControllerNode

    node = ControllerNode(controller)
    node.start()

    def there() -> list[Any]:
        names = options["synths"]
        return [
            synth
            for synth in node.synths()
            if synth.open and synth.state and (not names or {synth.id, synth.state.get("name")} & set(names))
        ]

    try:
        async with asyncio.timeout(options["patience"]):
            await node.wait_for_synths(1)
            await _until(lambda: len(there()) >= options["wait_synths"])
        wanted = [(synth.id, synth.state) for synth in there()]
        refused = [said for each in wanted for said in await _set(node, *each, options)]
        for name, _ in wanted:
            for synth in node.synths():
                if synth.id == name:
                    _show(synth, as_json=options["as_json"])
    finally:
        await node.finish()
    return refused


async def _set(node: Any, name: str, before: dict[str, Any], options: dict[str, Any]) -> list[str]:
    from formant_net.messages import Command, Param

    def state() -> dict[str, Any]:
        return next((synth.state for synth in node.synths() if synth.id == name), before)

    volume, power, preset, audio = (options[key] for key in ("volume", "power", "preset", "audio"))
    refused = []
    for key, message, done in (
        ("volume", Param(name="volume", value=volume or 0.0), lambda: state().get("volume") == volume),
        ("power", Command(name="power", value=power == "on"), lambda: state().get("powered_on") is (power == "on")),
        ("preset", Command(name="preset", value=preset), lambda: state().get("preset") == preset),
        ("audio", Command(name="audio", value=audio), lambda: state().get("audio") != before.get("audio")),
    ):
        if options[key] is None:
            continue
        if key == "preset" and preset not in (known := before.get("presets", ())):
            refused.append(f"{before.get('name', name)}: no preset {preset!r}, it has {', '.join(known)}")
            continue
        began = asyncio.get_running_loop().time()
        node.client.driver.tell(node.core.set, name, message)
        while not await _within(AGAIN_S, done):
            if asyncio.get_running_loop().time() - began > TAKES_S:
                refused.append(f"{state().get('name', name)}: {key} is not {options[key]!r}, it stayed as it was")
                break
            if key == "volume":
                node.client.driver.tell(node.core.set, name, message)
    return refused


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.02)


async def _within(seconds: float, condition: Callable[[], bool]) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await _until(condition)
    except TimeoutError:
        return False
    return True


def _show(synth: Any, *, as_json: bool) -> None:
    state = synth.state
    if as_json:
        click.echo(json.dumps({"id": synth.id, "rtt_ms": _ms(synth.rtt_s), **state}))
        return
    click.echo(f"{state.get('name', '')} ({synth.id}), round trip {_ms(synth.rtt_s)} ms: {state.get('audio', '?')}")
    power = "" if state.get("powered_on", True) else ", power off"
    preset = f", preset {state['preset']}" if state.get("preset") else ""
    click.echo(f"    volume {state.get('volume', 1.0):g}, {state.get('voices', '?')} voices{preset}{power}")
    if sound := state.get("sound"):
        click.echo("    " + ", ".join(f"{name} {value:g}" for name, value in sound.items()))


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(1000.0 * seconds, 1)
