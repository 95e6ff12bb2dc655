"""`formant-node remote`: shows the state of every synth and changes its settings remotely."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import click

from formant_net.cli.options.ranges import FloatRange
from formant_net.cli.options.servers import check_id, client_options, fail_if_refused, search_of, servers_of, trust_of
from formant_net.ops.log import configure
from formant_net.protocol.standing import is_phone

SETTINGS = ("volume", "power", "preset", "audio")


@click.command("remote", short_help="Show the linked synths; set volume, power, preset, sound device.")
@click.argument("urls", nargs=-1, metavar="[URL]...")
@click.option("--synth", "synths", multiple=True, metavar="NAME|ID", help="Only this synth. May be repeated.")
@click.option("--volume", type=FloatRange(0.0, 1.0), help="Set the volume.")
@click.option("--power", type=click.Choice(["on", "off"]), help="Switch it on or off.")
@click.option("--preset", metavar="NAME", help="Choose the preset for the next notes.")
@click.option(
    "--audio", metavar="auto|none|NAME|INDEX", help="Choose the sound device, by its name in `devices` on that box."
)
@click.option(
    "--wait-synths", default=1, show_default=True, type=click.IntRange(1, 64), help="Wait for this many at least."
)
@click.option(
    "--patience",
    default=10.0,
    show_default=True,
    metavar="S",
    type=FloatRange(0.1, 600.0),
    help="Longest wait for synths, in seconds.",
)
@click.option("--key", metavar="KEY", help="Join key, if the URL has none (better: FORMANT_KEY).")
@client_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each synth.")
def command(urls: tuple[str, ...], **options: Any) -> None:
    """Join the ensemble at URL, change settings, show the synths, and leave. Without a URL it searches for the server.

    It waits until every synth of the server has answered, or until no further synth answers. Then it says which synths
    stayed silent.

    Exit code 1: no server or no synth was reached, a synth of --synth did not answer, or a setting did not reach every
    synth. A synth refuses a sound device that it does not have, and a setting that the token does not allow.
    """
    configure("text", "error")
    from formant_net.aio.client.client import SentAway
    from formant_net.aio.client.controller import ControllerOptions

    options["search"] = not urls
    trust = trust_of(options["tls_ca"], options["tls_fingerprints"])
    controller = ControllerOptions(
        client_id=check_id(None, ("ctrl-",)),
        servers=servers_of(urls, options["key"], trust),
        search=search_of(urls, options["key"], trust),
        name="remote",
    )
    try:
        faults = asyncio.run(_visit(controller, options))
    except SentAway as error:
        fail_if_refused(error)
        raise click.exceptions.Exit(1) from error
    if faults:
        raise click.ClickException("; ".join(faults))


async def _visit(controller: Any, options: dict[str, Any]) -> list[str]:
    """Join, apply the settings and show the synths. Returns what failed, one sentence each."""
    from formant_net.aio.client.controller import ControllerNode
    from formant_net.aio.ensemble.gather import answered, gather

    lost: dict[str, str] = {}

    def on_notice(notice: Any) -> None:
        if notice.event == "registered":
            lost.clear()
        elif notice.event in ("server not reached", "server lost", "refused"):
            lost.update({"server": notice.fields["server"], "reason": notice.fields["reason"]})

    node = ControllerNode(controller, on_notice=on_notice)
    node.start()
    try:
        expected = await gather(node, options["patience"], least=options["wait_synths"], named=options["synths"])
        named = set(options["synths"])
        there = [synth for synth in answered(node) if not named or {synth.id, synth.state.get("name")} & named]
        faults: list[str] = []
        if not there:
            faults.append(_nobody(node, lost, options, expected))
        elif len(there) < options["wait_synths"]:
            faults.append(f"fewer than {options['wait_synths']} of these synths came within {options['patience']:g} s")
        missing = sorted(named - {name for synth in there for name in (synth.id, synth.state.get("name"))})
        faults += [f"no synth {name!r} answered" for name in missing if there]
        set_ = [_set(node, synth.id, options) for synth in there]
        faults += [said for refused in await asyncio.gather(*set_) for said in refused]
        silent = [] if named or not there else _silent(node, expected)
        if silent and any(options[key] is not None for key in SETTINGS):
            faults.append(f"the setting did not reach {' and '.join(silent)}")
        shown = {synth.id for synth in there}
        for synth in node.synths():
            if synth.id in shown:
                _show(synth, as_json=options["as_json"])
        if there:
            of = f" of {expected}" if expected is not None and expected > len(there) and not named else ""
            rest = f"; {' and '.join(silent)} stayed silent" if silent else ""
            phones = sum(is_phone(synth.id) for synth in there)
            apart = f", {phones} of them in browsers" if phones else ""
            synths = "synth" if len(there) == 1 else "synths"
            click.echo(f"{len(there)}{of} {synths} answered{apart}{rest}.", err=True)
    finally:
        await node.finish()
    return faults


def _silent(node: Any, expected: int | None) -> list[str]:
    """The synths that did not answer: ids of those that offered a link, and the number of the others."""
    from formant_net.aio.ensemble.gather import answered

    there = {synth.id for synth in answered(node)}
    known = sorted(synth.id for synth in node.synths() if synth.id not in there)
    others = (expected or 0) - len(there) - len(known)
    return [*known, *([f"{others} that did not offer a link"] if others > 0 else [])]


def _nobody(node: Any, lost: dict[str, str], options: dict[str, Any], expected: int | None) -> str:
    """Why no synth answered, as a sentence."""
    within = f"within {options['patience']:g} s"
    if not node.core.online:
        if options["search"] and not lost:
            return f"no server was found on this network {within}: check that one runs, or give its URL"
        server, reason = lost.get("server") or node.core.server.ws_url, lost.get("reason", "it does not answer")
        return f"no server at {server} {within} ({reason}): check that it runs, and the URL"
    if options["synths"]:
        return f"none of these synths answered {within}: check that they run, and --synth"
    if expected == 0:
        return "the server has no synth: check that they run, and that they have the same URL and key"
    return f"no synth answered {within}: check that they run, and that this machine reaches them"


async def _set(node: Any, name: str, options: dict[str, Any]) -> list[str]:
    """Change the settings of one synth in turn. Returns what failed, one sentence each."""
    from formant_net.aio.ensemble import settings

    wanted: list[settings.Setting] = []
    if options["volume"] is not None:
        wanted.append(settings.volume(options["volume"], remember=True))
    if options["power"] is not None:
        wanted.append(settings.power(options["power"] == "on", remember=True))
    if options["preset"] is not None:
        wanted.append(settings.preset(options["preset"], remember=True))
    if options["audio"] is not None:
        wanted.append(settings.audio(options["audio"]))
    return [said for setting in wanted if (said := await settings.change(node, name, setting))]


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
