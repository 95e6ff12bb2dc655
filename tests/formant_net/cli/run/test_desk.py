"""`formant-node desk` with a real server and real boxes: what is set holds, also after a power cut."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from support.machine.processes import Process, processes
from support.net.ports import free_port
from support.suite.patience import PATIENCE_S

from formant_net.cli import main
from formant_net.cli.run.desk import lines
from formant_net.fleet.document import Box, Document, Master, Scene, Zone
from formant_net.protocol.steering import DeskBox

KEY = "cantabile"


@dataclass
class House:
    """A server with a state folder of its own, and the means to start boxes."""

    start: Callable[..., Process]
    state: Path
    port: int
    server: Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/#key={KEY}"

    def open(self) -> None:
        environment = {"FORMANT_STATE_DIR": str(self.state)}
        self.server = self.start(
            "server", "--host", "127.0.0.1", "--port", str(self.port), "--key", KEY, environment=environment
        )
        self.server.wait_for("Join:")

    def box(self, name: str) -> Process:
        environment = {"FORMANT_STATE_DIR": str(self.state / name)}
        options = ("--id", f"synth-{name}", "--name", name, "--audio", "none")
        box = self.start("synth", self.url, *options, environment=environment)
        box.wait_for("Ready")
        return box

    def desk(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, ["desk", arguments[0], "--url", self.url, *arguments[1:]])

    def done(self, *arguments: str) -> str:
        result = self.desk(*arguments)
        assert result.exit_code == 0, result.output
        return result.output

    def document(self) -> dict[str, Any]:
        return json.loads(self.done("show", "--json"))["document"]  # type: ignore[no-any-return]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with processes() as start:
        house = House(start, tmp_path, free_port())
        house.open()
        yield house


def kept_in(folder: Path, pattern: str, text: str) -> None:
    """Wait until a file of the folder has the text."""
    deadline = time.monotonic() + PATIENCE_S
    while not any(text in file.read_text("utf-8") for file in folder.glob(pattern)):
        assert time.monotonic() < deadline, f"no {pattern} in {folder} has {text}"
        time.sleep(0.05)


def test_what_is_set_holds_for_boxes_that_come_later_and_after_a_power_cut(house: House, tmp_path: Path) -> None:
    north = house.box("north")
    assert "north (synth-north), not steered yet" in house.done("show")
    assert "1 box follows" in house.done("zone", "Nave", "north")
    house.done("set", "north", "db=-6", "delay_ms=12")
    house.done("set", "Nave", "db=-4")
    house.done("store", "Morning")
    house.done("set", "Nave", "mute=on")
    shown = house.done("show")
    assert "zone Nave -4 dB, mute" in shown
    assert "    north (synth-north), -6 dB, 12 ms later" in shown
    assert house.server is not None
    kept_in(tmp_path, "desk-*.json", '"mute": true')  # within about a second
    kept_in(tmp_path / "north", "*.desk.json", "zone Nave")  # within two seconds
    house.server.kill()
    north.kill()
    house.open()
    assert house.document()["zones"] == {"z-nave": {"name": "Nave", "db": -4.0, "mute": True, "rev": 1}}
    assert "AWAY" in house.done("show")
    again = house.box("north")
    assert "silent (zone Nave)" in "\n".join(again.lines)
    house.done("identify", "north")
    assert "1 box follows" in house.done("recall", "Morning")
    assert "mute" not in house.done("show")
    assert "1 box follows" in house.done("undo")
    assert "zone Nave -4 dB, mute" in house.done("show")
    kept = tmp_path / "kept.json"
    house.done("save", str(kept))
    house.done("delete", "Nave")
    assert house.document().get("zones", {}) == {}
    house.done("restore", str(kept))
    assert "zone Nave -4 dB, mute" in house.done("show")


def test_new_boxes_sing_softly_or_wait_and_are_admitted(house: House) -> None:
    house.done("set", "master", "hold_new=on")
    house.box("north")
    shown = house.done("show")
    assert "master 0 dB, new boxes are silent until `desk admit`" in shown
    assert "new\n    north (synth-north), new, silent" in shown
    assert "1 box admitted." in house.done("admit", "--all", "--db", "-9")
    assert "\nnorth (synth-north), -9 dB" in house.done("show")


def test_what_cannot_be_is_said_with_the_remedy(house: House) -> None:
    house.box("north")
    for arguments, said in (
        (("set", "nrth", "db=-6"), "nothing is called 'nrth': there is north"),
        (("set", "north", "db=6"), "-60"),
        (("set", "north", "loud=6"), "it has name, zone, tags, db"),
        (("set", "north", "mute=perhaps"), "say on or off"),
        (("set", "north", "zone=Nave"), "nothing is called 'Nave'"),
        (("recall", "Night"), "no scene is called 'Night': there is none yet"),
        (("undo",), "nothing to undo"),
        (("restore", "/dev/null"), "no fleet document"),
        (("solo",), "name a zone or a box"),
        (("admit",), "New is synth-north"),
    ):
        result = house.desk(*arguments)
        assert result.exit_code != 0
        assert said in result.output, (arguments, result.output)
    refused = house.desk("set", "north", "preset=kazoo")
    assert refused.exit_code == 1
    assert "synth-north refused preset" in refused.output
    assert "Traceback" not in refused.output


def test_a_wrong_key_and_a_server_that_is_not_there_are_said(house: House) -> None:
    wrong = CliRunner().invoke(main, ["desk", "show", "--url", house.url.replace(KEY, "wrong")])
    assert wrong.exit_code == 2
    assert "key" in wrong.output
    nobody = CliRunner().invoke(main, ["desk", "show", "--url", f"http://127.0.0.1:{free_port()}/", "--patience", "1"])
    assert nobody.exit_code == 1
    assert "check that it runs" in nobody.output


def test_lines_sort_zones_and_say_what_is_wrong() -> None:
    document = Document(
        epoch="e",
        rev=9,
        master=Master(db=-3.0, off=True),
        zones={"z-a": Zone(name="Apse", db=-2.0), "z-b": Zone(name="Barn")},
        boxes={"synth-1": Box(name="One", zone="z-a", db=-4.0, mute=True, preset="hum"), "synth-2": Box()},
        scenes={"s-n": Scene(name="Night", ramp_s=8.0)},
    )
    boxes = {
        "synth-1": DeskBox(id="synth-1", here=True, wanted=9, applied=8, refused={"audio": "gone"}),
        "synth-3": DeskBox(id="synth-3", here=True, name="Three", steered=False),
    }
    assert lines(document, boxes, ("boxes/synth-1",)) == [
        "master -3 dB, ALL OFF",
        "zone Apse -2 dB",
        "    One (synth-1), -4 dB, mute, solo, preset hum, does not follow yet, audio refused: gone",
        "synth-2 (synth-2), 0 dB, AWAY",
        "zone Barn 0 dB",
        "new",
        "    Three (synth-3), new, -20 dB, an older version, which no desk steers",
        "scene Night, 8 s",
    ]
