"""`formant-node monitor`: the table of a real server, and how it looks."""

from __future__ import annotations

import asyncio
import builtins
import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest
from click.testing import CliRunner
from rich.console import Console
from support.net.loopback import edge

from formant_net.aio.client.desk import DeskNode
from formant_net.cli import main
from formant_net.cli.run.monitor import columns, drawn, looked, plain
from formant_net.client.servers import Server
from formant_net.desk.core import Desk
from formant_net.desk.rows import COLUMNS, Row
from formant_net.fleet.document import Document
from formant_net.protocol.codec import encode
from formant_net.protocol.steering import Health
from formant_net.protocol.timing import Timing


def row(name: str = "North", **fields: Any) -> Row:
    health = Health(version="0.1.0", uptime_s=1.0, temperature_c=81.0, troubles=["hot"])
    given = {
        "id": f"synth-{name}", "name": name, "zone": "Nave", "here": True, "steered": True, "follows": True,
        "since_ms": None, "because": (), "refused": {}, "health": health, "age_s": 3.0, **fields,
    }  # fmt: skip
    return Row(**given)


def test_the_plain_table_lines_up_and_says_what_to_do() -> None:
    head, first, second, remedy = plain([row(), row("A much longer name", here=False)]).splitlines()
    assert head.index("zone") == first.index("Nave") == second.index("Nave")
    assert "hot" in first
    assert "away" in second
    assert remedy.startswith("hot: the processor is hot; ")


def test_the_live_table_says_who_is_here_and_that_the_server_is_lost() -> None:
    def text(table: list[Row], *, connected: bool) -> str:
        console = Console(file=io.StringIO(), width=220, force_terminal=False)
        console.print(drawn(table, connected, console.width))
        return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]

    shown = text([row(), row("South", here=False)], connected=True)
    assert "Boxes here: 1, away: 1, need attention: 2" in shown
    assert "81 °C" in shown
    assert "hot: the processor is hot" in shown
    assert "Server lost, trying again" in text([row()], connected=False)
    name = "[bold]not a mark[/bold]"
    assert name in text([row(name)], connected=True), "a name is text, whatever is in it"


def test_what_a_box_says_of_itself_steers_no_terminal() -> None:
    """A box with a key may send any text as its version and as its troubles."""
    lie = "\x1b[2J\x1b]0;x\x07\r"
    health = Health(version=lie, uptime_s=1.0, troubles=[lie, "hot"])
    table = [row(f"North{lie}", health=health, because=(lie,)), row("South")]
    assert plain(table).replace("\n", "").isprintable()
    assert len(plain(table).splitlines()) == 4
    console = Console(file=io.StringIO(), width=220, force_terminal=False)
    console.print(drawn(table, True, console.width))
    assert "\x1b" not in console.file.getvalue()  # type: ignore[attr-defined]


def test_a_narrow_terminal_shows_what_matters_most_and_a_wide_one_what_is_known() -> None:
    def shown(width: int) -> list[str]:
        return [COLUMNS[n] for n in columns([row(), row("A much longer name", here=False)], width)]

    assert shown(220) == ["box", "zone", "state", "needs attention", "version", "heat", "said"], "others are unknown"
    assert shown(80) == ["box", "zone", "state", "needs attention", "heat", "said"]
    assert shown(10) == ["box", "state", "needs attention", "said"]


def test_ages_are_by_the_clock_of_the_core() -> None:
    """Which goes on while the machine sleeps; that of Python's `time.monotonic` stands still."""
    core = Desk("desk-1", [Server("ws://hall/ws")], Timing(), lambda: 0.5)
    core.health["synth-a"] = (1e9, Health(version="0.1.0", uptime_s=1.0))
    node = cast(DeskNode, SimpleNamespace(core=core, driver=SimpleNamespace(now=1e9 + 4.0)))
    (there,) = looked(node, attention=False)
    assert there.age_s == 4.0


@contextmanager
def hall() -> Iterator[str]:
    """A server with a desk and one box that is hot, on a thread of its own; gives the URL."""
    ready, over = threading.Event(), threading.Event()
    port: list[int] = []

    async def serve() -> None:
        async with edge(key="k", fleet=Document(epoch="e1")) as attic:
            box = await attic.join("synth-a", key="k", meta={"name": "North", "steered": True})
            await box.send(encode(Health(version="0.1.0", uptime_s=1.0, temperature_c=85.0, troubles=["hot"])))
            port.append(attic.port)
            ready.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    ready.wait()
    try:
        yield f"http://127.0.0.1:{port[0]}/#key=k"
    finally:
        over.set()
        thread.join()


def test_once_shows_the_boxes_of_a_server_as_text_and_as_json() -> None:
    with hall() as url:
        text = CliRunner().invoke(main, ["monitor", "--once", "--url", url])
        assert text.exit_code == 0, text.output
        assert "North" in text.output
        assert "85 °C" in text.output
        done = CliRunner().invoke(main, ["monitor", "--once", "--json", "--attention", "--url", url])
        assert done.exit_code == 1, "a box needs attention"
        (box,) = json.loads(done.output)
        assert (box["name"], box["attention"], box["health"]["temperature_c"]) == ("North", ["hot"], 85.0)


def test_without_its_package_the_live_table_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "rich":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    done = CliRunner().invoke(main, ["monitor", "--url", "http://127.0.0.1:9/"])
    assert done.exit_code == 1
    assert "pip install '.[monitor]'" in done.output
