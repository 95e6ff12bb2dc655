"""`formant-node remote`: shows the state of every synth and changes its settings remotely.

Volume, power and preset go through the server, which keeps them (fleet/document.py): so they reach boxes that this
machine has no link to, and boxes that are away get them later. A server or a box that knows nothing of this is set over
the links, as players do it. So is the sound device, because only the box knows whether it can be opened.
"""

from __future__ import annotations

import asyncio
import json
import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from formant_net.cli.options.ranges import FloatRange
from formant_net.cli.options.servers import (
    check_id,
    client_options,
    fail_if_refused,
    key_option,
    search_of,
    servers_of,
    trust_of,
    urls_argument,
)
from formant_net.cli.options.text import label
from formant_net.fleet.document import SILENT_DB
from formant_net.fleet.effective import effective
from formant_net.ops.log import configure
from formant_net.protocol.standing import is_phone
from formant_net.protocol.steering import DeskSet

if TYPE_CHECKING:
    from formant_net.aio.client.desk import DeskNode

SETTINGS = ("volume", "power", "preset", "audio")
OPEN_S = 5.0
"""Seconds that a server has to open its settings, after its synths have answered."""
SHOWN_S = 3.0
"""Seconds that a synth has to say over its link what it was told by the server."""


@click.command("remote", short_help="Show the linked synths; set volume, power, preset, sound device.")
@urls_argument
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
@key_option
@client_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each synth.")
def command(urls: tuple[str, ...], **options: Any) -> None:
    """Join the ensemble at URL, change settings, show the synths, and leave. Without a URL it searches for the server.

    It waits until every synth of the server has answered, or until no further synth answers. Then it says which synths
    stayed silent. Volume, power and preset go through the server, as with `desk`: boxes that are away get them later.

    Exit code 1: no server or no synth was reached, a synth of --synth did not answer, or a setting did not reach every
    synth. A synth refuses a sound device that it does not have, and a setting that the token does not allow.
    """
    configure("text", "error")
    from formant_net.aio.client.controller import ControllerOptions
    from formant_net.aio.client.shell import SentAway

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


NO_LINK = (
    "no box has a link to this machine: the network keeps them apart (client isolation, a VPN, two subnets). Players"
    " here would not be heard; settings and `formant-node desk` go through the server"
)


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
    desk = _Desk(controller, options)
    try:
        expected = await gather(node, options["patience"], least=options["wait_synths"], named=options["synths"])
        named = set(options["synths"])
        there = [synth for synth in answered(node) if not named or {synth.id, synth.name} & named]
        faults: list[str] = []
        await desk.opened()
        if not there and not desk.boxes():
            faults.append(_nobody(node, lost, options, expected))
        elif len({synth.id for synth in there} | desk.here()) < options["wait_synths"]:
            faults.append(f"fewer than {options['wait_synths']} of these synths came within {options['patience']:g} s")
        elif not there and all(options[key] is None for key in SETTINGS):
            faults.append(NO_LINK if desk.here() else "no box is here")
        missing = sorted(named - {name for synth in there for name in (synth.id, synth.name)} - desk.names())
        faults += [f"no synth {name!r} answered" for name in missing if there or desk.boxes()]
        faults += await desk.change({synth.id for synth in there})
        set_ = [_set(node, synth, options, desk) for synth in there]
        faults += [said for refused in await asyncio.gather(*set_) for said in refused]
        silent = [] if named or not there else _silent(node, expected)
        unset = [] if desk.is_open else silent
        if unset and any(options[key] is not None for key in SETTINGS):
            faults.append(f"the setting did not reach {' and '.join(unset)}")
        await desk.shown(node)
        shown = {synth.id for synth in there}
        for synth in node.synths():
            if synth.id in shown:
                _show(synth, as_json=options["as_json"])
        desk.show(shown)
        if there:
            of = f" of {expected}" if expected is not None and expected > len(there) and not named else ""
            rest = f"; {' and '.join(silent)} stayed silent" if silent else ""
            phones = sum(is_phone(synth.id) for synth in there)
            apart = f", {phones} of them in browsers" if phones else ""
            synths = "synth" if len(there) == 1 else "synths"
            click.echo(f"{len(there)}{of} {synths} answered{apart}{rest}.", err=True)
        desk.say()
    finally:
        await desk.close()
        await node.finish()
    return faults


class _Desk:
    """The server's side: what it keeps for boxes, whether this machine has a link to them or not."""

    def __init__(self, controller: Any, options: dict[str, Any]) -> None:
        from formant_net.aio.client.desk import DeskNode
        from formant_net.aio.host import make_id

        self._options = options
        self._node: DeskNode | None = DeskNode(make_id("desk-"), controller.servers, controller.search)
        self._node.start()
        self._reason = ""
        self.done: set[str] = set()
        """Ids of the boxes that follow what was set."""
        self._away: list[str] = []

    async def opened(self) -> None:
        """Return when the document is here, or when this server has none for us."""
        from formant_net.aio.client.shell import SentAway
        from formant_net.desk.core import Refused

        if self._node is None:
            return
        try:
            async with asyncio.timeout(OPEN_S):
                await self._node.opened()
        except (SentAway, Refused, TimeoutError) as error:
            self._reason = str(error) or "it does not answer"
            await self.close()

    async def close(self) -> None:
        node, self._node = self._node, None
        if node is not None:
            await node.close()

    def boxes(self) -> list[str]:
        """The ids of the boxes that are meant, without phones, which come and go."""
        if self._node is None:
            return []
        core, named = self._node.core, set(self._options["synths"])
        ids = sorted({*core.document.boxes, *core.boxes})
        return [id for id in ids if not is_phone(id) and (not named or self._called(id) & named)]

    def here(self) -> set[str]:
        """The ids of those that are here."""
        return {id for id in self.boxes() if self._here(id)}

    def names(self) -> set[str]:
        """Everything that these boxes are called."""
        return {name for id in self.boxes() for name in self._called(id)}

    def steers(self, id: str) -> bool:
        """Whether the server does for this box what it keeps."""
        if self._node is None or is_phone(id):
            return False
        seen = self._node.core.boxes.get(id)
        return seen is not None and seen.here and seen.steered

    @property
    def is_open(self) -> bool:
        """Whether the server keeps settings."""
        return self._node is not None

    async def change(self, linked: set[str]) -> list[str]:
        """Set what the server keeps. Returns what failed, one sentence each. `linked`: ids with a link to here."""
        from formant_net.desk.core import Refused

        node, wanted = self._node, _wanted(self._options)
        if node is None:
            if wanted:
                click.echo(f"This server keeps no settings ({self._reason}): set over the links.", err=True)
            return []
        if not wanted:
            return self._unlinked(linked) if self._options["audio"] is not None else []
        core, before = node.core, dict[str, str]()
        faults = self._unlinked(linked)
        ids = [id for id in self.boxes() if self.steers(id) or not self._here(id)]
        for id in ids:
            old = core.document.boxes.get(id)
            before[id] = old.preset if old is not None else ""
            try:
                await node.do(DeskSet(path=f"boxes/{id}", set=wanted, base=core.rev))
            except (Refused, TimeoutError) as error:
                faults.append(f"{self._name(id)} was not set: {str(error) or 'the server does not answer'}")
                ids = [each for each in ids if each != id]
        await node.followed()
        done, late, _ = core.following()
        for id in ids:
            if not self._here(id):
                self._away.append(self._name(id))
                continue
            refused = {name: why for name, why in core.boxes[id].refused.items() if name in wanted}
            faults += [f"{self._name(id)}: {why}" for why in refused.values()]
            if id in late:
                faults.append(f"{self._name(id)} does not follow")
            elif not refused and id in done:
                self.done.add(id)
            if "preset" in refused:  # what no box can do is not kept
                with suppress(Refused, TimeoutError):
                    await node.do(DeskSet(path=f"boxes/{id}", set={"preset": before[id]}, base=core.rev))
        if self._away:
            are = "is" if len(self._away) == 1 else "are"
            faults.append(f"{' and '.join(self._away)} {are} away, and will follow after coming back")
        return faults

    async def shown(self, links: Any) -> None:
        """Return when the synths say over their links what they were told, or after a while."""
        if self._node is None or not self.done:
            return
        document = self._node.core.document

        def same() -> bool:
            for synth in links.synths():
                if synth.id in self.done and synth.open:
                    wanted, state = effective(document, synth.id), synth.state
                    if abs(_number(state, "gain_db", 0.0) - wanted.gain_db) > 0.01:
                        return False
                    silent = state.get("silent", ())
                    if not isinstance(silent, list | tuple) or any(each not in silent for each in wanted.because):
                        return False
                    if wanted.preset and state.get("preset") != wanted.preset:
                        return False
            return True

        with suppress(TimeoutError):
            async with asyncio.timeout(SHOWN_S):
                await links.until(same)

    def show(self, shown: set[str]) -> None:
        """Print the boxes without a link to this machine."""
        for id in self.boxes():
            if id in shown:
                continue
            here = self._here(id)
            if self._options["as_json"]:
                click.echo(json.dumps({"id": id, "name": self._name(id), "here": here, "linked": False}))
            else:
                what = "no link to this machine" if here else "AWAY"
                click.echo(f"{label(self._name(id))} ({id}): {what}")

    def say(self) -> None:
        """Say how many boxes do what was set."""
        if self.done:
            count = len(self.done)
            click.echo(f"{count} {'box follows' if count == 1 else 'boxes follow'}.", err=True)

    def _unlinked(self, linked: set[str]) -> list[str]:
        """Those that can only be set over a link, and have none."""
        if self._node is None:
            return []
        named, audio = self._options["synths"], self._options["audio"] is not None
        alone = [id for id in self.boxes() if self._here(id) and id not in linked and (audio or not self.steers(id))]
        what = "the sound device of a box" if audio else "an older box"
        faults = [f"{self._name(id)} has no link to this machine, which {what} needs" for id in alone]
        phones = [id for id, each in self._node.core.boxes.items() if is_phone(id) and each.here and id not in linked]
        if phones and not named:
            faults.append(f"the setting did not reach {len(phones)} phones, which have no link to this machine")
        return faults

    def _called(self, id: str) -> set[str]:
        return {id, self._name(id)}

    def _here(self, id: str) -> bool:
        seen = self._node.core.boxes.get(id) if self._node is not None else None
        return seen is not None and seen.here

    def _name(self, id: str) -> str:
        if self._node is None:
            return id
        box, seen = self._node.core.document.boxes.get(id), self._node.core.boxes.get(id)
        return (box.name if box is not None else "") or (seen.name if seen is not None else "") or id


def _wanted(options: dict[str, Any]) -> dict[str, Any]:
    """The fields of a box in the fleet document."""
    wanted: dict[str, Any] = {}
    if (volume := options["volume"]) is not None:
        wanted["db"] = max(SILENT_DB, round(20.0 * math.log10(volume), 2)) if volume > 0.0 else SILENT_DB
    if options["power"] is not None:
        wanted["mute"] = options["power"] == "off"
    if options["preset"] is not None:
        wanted["preset"] = options["preset"]
    return wanted


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


async def _set(node: Any, synth: Any, options: dict[str, Any], desk: _Desk) -> list[str]:
    """Change the settings of one synth over its link, in turn. Returns what failed, one sentence each.

    What the server has set already is left out. But a synth that players have switched off is switched on here.
    """
    from formant_net.aio.ensemble import settings

    wanted: list[settings.Setting] = []
    steered = desk.steers(synth.id)
    if options["volume"] is not None and not steered:
        wanted.append(settings.volume(options["volume"], remember=True))
    off = not synth.state.get("powered_on", True)
    if options["power"] is not None and (not steered or (off and options["power"] == "on")):
        wanted.append(settings.power(options["power"] == "on", remember=True))
    if options["preset"] is not None and not steered:
        wanted.append(settings.preset(options["preset"], remember=True))
    if options["audio"] is not None:
        wanted.append(settings.audio(options["audio"]))
    return [said for setting in wanted if (said := await settings.change(node, synth.id, setting))]


def _show(synth: Any, *, as_json: bool) -> None:
    state = synth.state
    if as_json:
        click.echo(json.dumps({"id": synth.id, "rtt_ms": _ms(synth.rtt_s), **state}))
        return
    click.echo(f"{_text(state, 'name')} ({synth.id}), round trip {_ms(synth.rtt_s)} ms: {_text(state, 'audio') or '?'}")
    power = "" if state.get("powered_on", True) else ", power off"
    power += f", {gain:g} dB by the desk" if (gain := _number(state, "gain_db", 0.0)) else ""
    silent = state.get("silent")
    power += f", silent: {label(', '.join(map(str, silent)))}" if silent and isinstance(silent, list) else ""
    preset = f", preset {_text(state, 'preset')}" if state.get("preset") else ""
    click.echo(f"    volume {_number(state, 'volume', 1.0):g}, {_text(state, 'voices') or '?'} voices{preset}{power}")
    sound = state.get("sound")
    counted = [(label(str(name)), _number(sound, name)) for name in sound] if isinstance(sound, dict) else []
    if counted:
        click.echo("    " + ", ".join(f"{name} {value:g}" for name, value in counted if not math.isnan(value)))


def _text(state: dict[str, Any], name: str) -> str:
    """A text of a state, as a terminal may have it: a synth, also a guest's phone, says of itself what it likes."""
    return label(str(state.get(name, "")))[:200]


def _number(state: dict[str, Any], name: str, default: float = math.nan) -> float:
    """A figure of a state; `default` if it is none."""
    value = state.get(name, default)
    return float(value) if isinstance(value, int | float) and abs(value) < 1e300 else default


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(1000.0 * seconds, 1)
