"""`formant-node desk`: shows and sets what every box is to do, through the server, also for boxes that are away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from formant_files import read_bytes
from formant_net.aio.host import make_id
from formant_net.cli.options.ranges import FloatRange
from formant_net.cli.options.servers import client_options, fail_if_refused, search_of, servers_of, trust_of
from formant_net.desk import targets
from formant_net.fleet.changes import captured
from formant_net.fleet.document import MOST_RAMP_S, NEW_BOX_DB, SILENT_DB, Document, decode, encode, fields_of
from formant_net.ops.log import configure
from formant_net.protocol import steering as s

if TYPE_CHECKING:
    from formant_net.aio.client.desk import DeskNode

MOST_BYTES = 1024 * 1024
Work = Callable[["DeskNode"], Awaitable[None]]
Function = TypeVar("Function", bound=Callable[..., Any])


def server_options(function: Function) -> Function:
    """Add the options that lead to a server."""
    for option in (
        client_options,
        click.option("--key", metavar="KEY", envvar="FORMANT_KEY", help="Join key, if the URL has none."),
        click.option(
            "--patience", default=10.0, show_default=True, type=FloatRange(0.1, 600.0), help="Seconds to wait for it."
        ),
        click.option(
            "--url",
            "urls",
            multiple=True,
            envvar=["FORMANT_DESK_URL", "FORMANT_URL"],
            metavar="URL",
            help="Server. Default: it is searched for on this network.",
        ),
    ):
        function = option(function)
    return function


@click.group("desk", short_help="Show and set what every box is to do: faders, mutes, zones, scenes.")
def command() -> None:
    """Steer all boxes through the server. Settings are kept there, so a box that is away gets them when it comes.

    TARGET is `master`, or the name or id of a zone or a box. Faders are in dB, from -60 (silent) to 0, and add.

    \b
    formant-node desk show                             # every box, also those that are away
    formant-node desk set "North wall" db=-6           # a fader
    formant-node desk zone Nave box-1 box-2            # put boxes into a zone; it is made if it is new
    formant-node desk set Nave mute=on                 # the whole zone
    formant-node desk set master off=on                # all off
    formant-node desk store Night --ramp 8             # a scene of what is set now
    formant-node desk recall Night
    """


@command.command("show")
@server_options
@click.option("--json", "as_json", is_flag=True, help="Print the document and the boxes as JSON.")
def show(as_json: bool, **server: Any) -> None:
    """Show the master, every zone and every box."""

    async def work(node: DeskNode) -> None:
        core = node.core
        if as_json:
            boxes = {id: {"here": box.here, "applied": box.applied} for id, box in core.boxes.items()}
            click.echo(json.dumps({"document": json.loads(encode(core.document)), "boxes": boxes}))
            return
        for line in lines(core.document, core.boxes, core.solo):
            click.echo(line)

    _run(work, server)


@command.command("set")
@click.argument("target")
@click.argument("fields", nargs=-1, required=True, metavar="FIELD=VALUE...")
@server_options
def set_(target: str, fields: tuple[str, ...], **server: Any) -> None:
    """Set fields of TARGET.

    \b
    master   db, off, hold_new (new boxes are silent until `admit`)
    a zone   db, mute, name, order
    a box    db, mute, name, zone, tags, delay_ms, output_latency_ms, preset, audio
    """

    async def work(node: DeskNode) -> None:
        path = _path(node, target)
        values: dict[str, Any] = {}
        for each in fields:
            name, equals, text = each.partition("=")
            if not equals:
                raise click.UsageError(f"{each!r}: write FIELD=VALUE, for example db=-6")
            try:
                values[name] = targets.value_of(path, name, text)
            except ValueError as error:
                raise click.UsageError(str(error)) from error
        if values.get("zone"):
            values["zone"] = _path(node, values["zone"], "zones").removeprefix("zones/")
        await _do(node, s.DeskSet(path=path, set=values, base=node.core.rev))

    _run(work, server)


@command.command("zone")
@click.argument("name")
@click.argument("boxes", nargs=-1, metavar="BOX...")
@server_options
def zone(name: str, boxes: tuple[str, ...], **server: Any) -> None:
    """Put boxes into the zone NAME. It is made if it is new. A box is in one zone at most."""

    async def work(node: DeskNode) -> None:
        paths = [_path(node, box, "boxes") for box in boxes]
        document = node.core.document
        id = next((id for id, zone in document.zones.items() if name in (id, zone.name)), "")
        if not id:
            id = f"z-{targets.zone_id(name)}"
            await node.do(s.DeskSet(path=f"zones/{id}", set={"name": name}, base=node.core.rev))
        for path in paths:
            await node.do(s.DeskSet(path=path, set={"zone": id}, base=node.core.rev))
        await _follow(node)

    _run(work, server)


@command.command("admit")
@click.argument("boxes", nargs=-1, metavar="[BOX]...")
@click.option("--all", "everybody", is_flag=True, help="Every box that is new.")
@click.option("--db", type=FloatRange(SILENT_DB, 0.0), help="Its fader.  [default: as it is now, -20 dB]")
@server_options
def admit(boxes: tuple[str, ...], everybody: bool, db: float | None, **server: Any) -> None:
    """Take boxes that are new into the fleet. `show` lists them as new.

    Without this they sing at -20 dB. With `desk set master hold_new=on` they are silent until they are admitted.
    """

    async def work(node: DeskNode) -> None:
        core = node.core
        new = targets.new_boxes(core.document, core.boxes)
        if not boxes and not everybody:
            there = " and ".join(new) or "none"
            raise click.UsageError(f"name boxes, or say --all. New is {there}")
        ids = new if everybody else [_path(node, box, "boxes").removeprefix("boxes/") for box in boxes]
        for id in ids:
            # Nothing else has to be set: a box that the document has is none that is new.
            await node.do(s.DeskSet(path=f"boxes/{id}", set={} if db is None else {"db": db}, base=core.rev))
        click.echo(f"{len(ids)} {'box' if len(ids) == 1 else 'boxes'} admitted.", err=True)
        await _follow(node)

    _run(work, server)


@command.command("delete")
@click.argument("target")
@server_options
def delete(target: str, **server: Any) -> None:
    """Delete a zone, a scene, or what is known of a box. A box that is connected plays on."""

    async def work(node: DeskNode) -> None:
        scene = _scene(node, target)
        path = f"scenes/{scene}" if scene else _path(node, target)
        await _do(node, s.DeskSet(path=path, set=None, base=node.core.rev))

    _run(work, server)


@command.command("solo")
@click.argument("target", required=False)
@click.option("--off", is_flag=True, help="End the solo of TARGET, or every solo.")
@server_options
def solo(target: str | None, off: bool, **server: Any) -> None:
    """Let only TARGET sound, a zone or a box.

    A solo ends with --off, when its boxes have gone, or when TARGET is deleted. With one server, it also ends when the
    server restarts.
    """

    async def work(node: DeskNode) -> None:
        if target is None and not off:
            raise click.UsageError("name a zone or a box, or say --off to end every solo")
        for path in [_path(node, target)] if target is not None else node.core.solo:
            await node.do(s.DeskSolo(path=path, on=not off))
        await _follow(node)

    _run(work, server)


@command.command("identify")
@click.argument("box")
@click.option("--off", is_flag=True, help="Let it stop.")
@server_options
def identify(box: str, off: bool, **server: Any) -> None:
    """Let BOX sing three notes of its own for 10 s, so that you find it, also if it is muted."""

    async def work(node: DeskNode) -> None:
        await node.do(s.DeskIdentify(id=_path(node, box, "boxes").removeprefix("boxes/"), on=not off))

    _run(work, server)


@command.command("store")
@click.argument("name")
@click.option("--ramp", default=0.0, type=FloatRange(0.0, MOST_RAMP_S), help="Seconds that faders take.  [default: 0]")
@server_options
def store(name: str, ramp: float, **server: Any) -> None:
    """Store the present faders, mutes and presets as the scene NAME."""

    async def work(node: DeskNode) -> None:
        id = _scene(node, name) or f"s-{targets.zone_id(name)}"
        values = captured(node.core.document, name, ramp)
        await node.do(s.DeskSet(path=f"scenes/{id}", set=values, base=node.core.rev))
        click.echo(f"Scene {name} is stored.", err=True)

    _run(work, server)


@command.command("recall")
@click.argument("name")
@server_options
def recall(name: str, **server: Any) -> None:
    """Set what the scene NAME has stored. `undo` takes it back."""

    async def work(node: DeskNode) -> None:
        scene = _scene(node, name)
        if not scene:
            there = ", ".join(each.name for each in node.core.document.scenes.values()) or "none yet"
            raise click.ClickException(f"no scene is called {name!r}: there is {there}")
        await _do(node, s.DeskRecall(scene=scene))

    _run(work, server)


@command.command("undo")
@server_options
def undo(**server: Any) -> None:
    """Take back the last scene that was recalled."""

    async def work(node: DeskNode) -> None:
        await _do(node, s.DeskUndo())

    _run(work, server)


@command.command("save")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@server_options
def save(file: Path, **server: Any) -> None:
    """Write everything that is set to FILE, for another server or another year."""
    from formant_net.aio.atomic_files import write_private

    async def work(node: DeskNode) -> None:
        try:
            write_private(file, encode(node.core.document), named=True)
        except OSError as error:
            raise click.ClickException(f"cannot write {file}: {error.strerror}") from error
        click.echo(f"{file}: {_counted(node.core.document)}.", err=True)

    _run(work, server)


@command.command("restore")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@server_options
def restore(file: Path, **server: Any) -> None:
    """Set everything as FILE says. What the file does not name is deleted."""
    try:
        wanted = decode(read_bytes(file, MOST_BYTES))
    except (OSError, ValueError) as error:
        raise click.ClickException(f"{file}: {getattr(error, 'strerror', None) or error}") from error

    async def work(node: DeskNode) -> None:
        for path, values in _steps(node.core.document, wanted):
            await node.do(s.DeskSet(path=path, set=values, base=node.core.rev))
        click.echo(f"{_counted(wanted)} are set.", err=True)
        await _follow(node)

    _run(work, server)


def lines(document: Document, boxes: dict[str, s.DeskBox], solo: tuple[str, ...]) -> list[str]:
    """The document and the boxes as lines of text."""
    master = document.master
    held = ", new boxes are silent until `desk admit`" if master.hold_new else ""
    out = [f"master {master.db:g} dB" + (", ALL OFF" if master.off else "") + held]
    housed: dict[str, list[str]] = {}
    new = targets.new_boxes(document, boxes) if document.steered else []
    for id in sorted(
        {*document.boxes, *boxes} - {*new}, key=lambda id: targets.name_of(f"boxes/{id}", document, boxes)
    ):
        box = document.boxes.get(id)
        housed.setdefault(box.zone if box is not None else "", []).append(id)
    for zone_id, ids in sorted(housed.items(), key=lambda each: (each[0] == "", each[0])):
        if zone_id:
            out.append(_zone_line(document, zone_id, solo))
        out += [("    " if zone_id else "") + _box_line(document, boxes, id, solo) for id in ids]
    out += [_zone_line(document, id, solo) for id in document.zones if id not in housed]
    out += [*(["new"] if new else []), *("    " + _box_line(document, boxes, id, solo) for id in new)]
    out += [f"scene {scene.name}, {scene.ramp_s:g} s" for scene in document.scenes.values()]
    return out


def _zone_line(document: Document, id: str, solo: tuple[str, ...]) -> str:
    zone = document.zones[id]
    marks = (", mute" if zone.mute else "") + (", solo" if f"zones/{id}" in solo else "")
    return f"zone {zone.name} {zone.db:g} dB{marks}"


def _box_line(document: Document, boxes: dict[str, s.DeskBox], id: str, solo: tuple[str, ...]) -> str:
    box, seen = document.boxes.get(id), boxes.get(id)
    said = [f"{targets.name_of(f'boxes/{id}', document, boxes)} ({id})"]
    if box is None:
        said.append(f"new, {NEW_BOX_DB:g} dB" if document.steered else "not steered yet")
        said[-1:] = ["new, silent"] if document.master.hold_new else said[-1:]
    else:
        said.append(f"{box.db:g} dB")
        said += [text for text, on in (("mute", box.mute), ("solo", f"boxes/{id}" in solo)) if on]
        said += [f"{box.delay_ms:g} ms later"] if box.delay_ms else []
        said += [f"preset {box.preset}"] if box.preset else []
    if seen is None or not seen.here:
        said.append("AWAY")
    elif not seen.steered:
        said.append("an older version, which no desk steers")
    elif seen.applied < seen.wanted:
        said.append("does not follow yet")
    said += [f"{name} refused: {why}" for name, why in (seen.refused.items() if seen is not None else ())]
    return ", ".join(said)


def _counted(document: Document) -> str:
    return f"{len(document.zones)} zones, {len(document.boxes)} boxes and {len(document.scenes)} scenes"


def _steps(now: Document, wanted: Document) -> list[tuple[str, dict[str, Any] | None]]:
    """The changes that make `wanted` of `now`: zones before the boxes in them, deletions of zones after that."""
    steps: list[tuple[str, dict[str, Any] | None]] = [("master", targets.changed(wanted.master, now.master))]
    for kind in ("zones", "boxes", "scenes"):
        for id, each in getattr(wanted, kind).items():
            values = dict(fields_of(each))
            del values["rev"]
            steps.append((f"{kind}/{id}", values))
    for kind in ("boxes", "scenes", "zones"):
        steps += [(f"{kind}/{id}", None) for id in getattr(now, kind) if id not in getattr(wanted, kind)]
    return [(path, values) for path, values in steps if values is None or values]


def _path(node: DeskNode, name: str, kind: str = "") -> str:
    """The path of what people call `name`; of this kind, where only one will do."""
    core = node.core
    try:
        if kind and (f"{kind}/{name}" in {f"boxes/{id}" for id in core.boxes}):
            return f"{kind}/{name}"
        path = targets.path_of(name, core.document, core.boxes)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    if kind and not path.startswith(f"{kind}/"):
        raise click.ClickException(f"{name!r} is {path}: name one of the {kind}")
    return path


def _scene(node: DeskNode, name: str) -> str:
    """The id of a scene by its name or id; "" if there is none."""
    wanted = name.removeprefix("scenes/")
    return next((id for id, scene in node.core.document.scenes.items() if wanted in (id, scene.name)), "")


async def _do(node: DeskNode, request: s.DeskSet | s.DeskRecall | s.DeskUndo) -> None:
    await node.do(request)
    await _follow(node)


async def _follow(node: DeskNode) -> None:
    """Wait for the boxes that are there, and say how many follow. Exit code 1 if one of them does not."""
    await node.followed()
    done, late, away = node.core.following()
    refused = [f"{id} refused {name}: {why}" for id in done for name, why in node.core.boxes[id].refused.items()]
    text = f"{len(done)} {'box follows' if len(done) == 1 else 'boxes follow'}"
    if away:
        text += f"; {' and '.join(away)} {'is' if len(away) == 1 else 'are'} away, and will follow after coming back"
    click.echo(f"{text}.", err=True)
    faults = [*([f"{' and '.join(late)} did not follow within some seconds"] if late else []), *refused]
    if faults:
        raise click.ClickException("; ".join(faults))


def _run(work: Work, server: dict[str, Any]) -> None:
    configure("text", "error")
    from formant_net.aio.client.desk import DeskNode
    from formant_net.aio.client.shell import SentAway
    from formant_net.desk.core import Refused

    trust = trust_of(server["tls_ca"], server["tls_fingerprints"])
    urls, key = server["urls"], server["key"]
    servers, search = servers_of(urls, key, trust), search_of(urls, key, trust)

    async def run() -> None:
        node = DeskNode(make_id("desk-"), servers, search)
        node.start()
        try:
            async with asyncio.timeout(server["patience"]):
                await node.opened()
        except TimeoutError as error:
            reason = node.lost.get("reason", "it does not answer")
            where = node.lost.get("server") or ("this network" if search else node.core.server.ws_url)
            text = f"no server at {where} within {server['patience']:g} s ({reason}): check that it runs, and the URL"
            raise click.ClickException(text) from error
        else:
            await work(node)
        finally:
            await node.close()

    try:
        asyncio.run(run())
    except SentAway as error:
        fail_if_refused(error)
        raise click.exceptions.Exit(1) from error
    except Refused as error:
        raise click.ClickException(str(error)) from error
    except TimeoutError as error:
        raise click.ClickException("the server did not answer: look at its state, and try again") from error
