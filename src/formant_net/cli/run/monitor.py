"""`formant-node monitor`: how all boxes are, as a live table in a terminal."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import click

from formant_net.cli.options.ranges import FloatRange
from formant_net.cli.options.servers import fail_if_refused, search_of, servers_of, trust_of
from formant_net.cli.options.text import label
from formant_net.cli.run.desk import server_options
from formant_net.desk.rows import COLUMNS, UNKNOWN, Row, remedies, rows
from formant_net.ops.log import configure

if TYPE_CHECKING:
    from rich.console import RenderableType

    from formant_net.aio.client.desk import DeskNode

LEAST = (
    "voices",
    "sound",
    "version",
    "level",
    "latency",
    "links",
    "zone",
    "Wi-Fi",
    "round trip",
    "breaks",
    "busy",
    "heat",
)
"""Columns that a narrow terminal leaves out, in this order."""
SETTLE_S = 1.0
"""Seconds in which boxes that are there have to be known, after the document is."""
INSTALL = (
    "the live table needs the package rich: type pip install '.[monitor]' in the folder of the source. "
    "--once and --json need nothing"
)


@click.command("monitor", short_help="Show how all boxes are, live.")
@server_options
@click.option("--once", is_flag=True, help="Print the table once and end.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")
@click.option("--attention", is_flag=True, help="Show only boxes that need attention.")
@click.option(
    "--every", default=1.0, show_default=True, type=FloatRange(0.2, 3600.0), help="Seconds between two looks."
)
def command(once: bool, as_json: bool, attention: bool, every: float, **server: Any) -> None:
    """Show how all boxes are: whether they are here, sound, heat, power, Wi-Fi, and what needs attention.

    Boxes that are away stay in the table. A figure that a box does not say is `?`. With --once --attention the exit
    code is 1 if a box needs attention.
    """
    configure("text", "error")
    from formant_net.aio.client.shell import SentAway
    from formant_net.desk.core import Refused

    if not (once or as_json):
        try:
            import rich  # noqa: F401
        except ImportError as error:
            raise click.ClickException(INSTALL) from error
    try:
        bad = asyncio.run(_watch(server, once=once, as_json=as_json, attention=attention, every_s=every))
    except KeyboardInterrupt:
        return
    except SentAway as error:
        fail_if_refused(error)
        raise click.exceptions.Exit(1) from error
    except Refused as error:
        raise click.ClickException(str(error)) from error
    if once and attention and bad:
        raise click.exceptions.Exit(1)


async def _watch(server: dict[str, Any], *, once: bool, as_json: bool, attention: bool, every_s: float) -> bool:
    """Show the boxes until somebody ends it, or once. Returns whether a box needs attention."""
    from formant_net.aio.client.desk import DeskNode
    from formant_net.aio.host import make_id

    trust = trust_of(server["tls_ca"], server["tls_fingerprints"])
    urls, key = server["urls"], server["key"]
    servers, search = servers_of(urls, key, trust), search_of(urls, key, trust)
    node = DeskNode(make_id("desk-"), servers, search, wants_health=True, wants_levels=not once)
    node.start()
    try:
        try:
            async with asyncio.timeout(server["patience"]):
                await node.opened()
        except TimeoutError as error:
            where = node.lost.get("server") or ("this network" if search else node.core.server.ws_url)
            text = f"no server at {where} within {server['patience']:g} s: check that it runs, and the URL"
            raise click.ClickException(text) from error
        await _settled(node)

        def look() -> list[Row]:
            return looked(node, attention=attention)

        if once or as_json:
            while True:
                table = look()
                click.echo(json.dumps([row.as_dict() for row in table]) if as_json else plain(table))
                if once:
                    return any(row.attention for row in table)
                await asyncio.sleep(every_s)
        await _live(node, look, every_s)
        return False
    finally:
        await node.close()


def looked(node: DeskNode, *, attention: bool) -> list[Row]:
    """The boxes as they are now, by the clock of the desk's core. `attention`: only those that need it."""
    table = rows(node.core, node.driver.now)
    return [row for row in table if row.attention] if attention else table


async def _settled(node: DeskNode) -> None:
    """Wait until every box that is there has said how it is, or for a moment: an older box never says it."""

    def all_known() -> bool:
        here = [box.id for box in node.core.boxes.values() if box.here]
        return bool(here) and all(id in node.core.health for id in here)

    try:
        async with asyncio.timeout(SETTLE_S):
            await node.until(all_known)
    except TimeoutError:
        pass


async def _live(node: DeskNode, look: Any, every_s: float) -> None:
    from rich.console import Console
    from rich.live import Live

    console = Console()
    with Live(console=console, auto_refresh=False, screen=True) as live:
        while True:
            live.update(drawn(look(), node.core.open, console.width), refresh=True)
            await asyncio.sleep(every_s)
            await node.until(lambda: True)  # raises when the server does not want us any more


def plain(table: list[Row]) -> str:
    """The table as lines of text, for any terminal and for files."""
    lines = [COLUMNS, *map(_cells, table)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(COLUMNS))]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join([*text, *remedies(table)])


def _cells(row: Row) -> tuple[str, ...]:
    """The texts of a row without what would steer the terminal: a box says of itself what it likes."""
    return tuple(label(cell) for cell in row.cells())


def columns(table: list[Row], width: int) -> list[int]:
    """Which of `COLUMNS` are shown in a terminal of `width` characters: all that fit, without those nobody knows."""
    lines = [_cells(row) for row in table]
    shown = [
        n for n, name in enumerate(COLUMNS) if name not in LEAST or any(line[n] not in ("", UNKNOWN) for line in lines)
    ]
    for name in LEAST:
        if sum(3 + max(len(line[n]) for line in (COLUMNS, *lines)) for n in shown) + 1 <= width:
            break
        shown = [n for n in shown if COLUMNS[n] != name]
    return shown


def drawn(table: list[Row], connected: bool, width: int) -> RenderableType:
    """The table for a terminal with colours. Old figures are dim; what needs attention is marked by a word as well."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    away, bad = sum(not row.here for row in table), sum(bool(row.attention) for row in table)
    title = f"Boxes here: {len(table) - away}, away: {away}, need attention: {bad}"
    shown = columns(table, width)
    grid = Table(title=title if connected else f"Server lost, trying again. Last known: {title}", expand=True)
    for name in (COLUMNS[n] for n in shown):
        grid.add_column(name, no_wrap=name in ("box", "said"), overflow="ellipsis")
    for row in table:
        style = "dim" if row.stale else ""
        cells = [Text(cell, style=style) for cell in _cells(row)]
        cells[3].stylize("bold red" if row.attention else "")
        grid.add_row(*(cells[n] for n in shown))
    return Group(grid, *(Text(line) for line in remedies(table)))
