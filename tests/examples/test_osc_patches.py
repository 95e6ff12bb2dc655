"""The patches of examples/osc: what they send is understood. Pd and Csound really send it."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import zlib
from pathlib import Path
from xml.etree import ElementTree

import pytest
from support.suite.patience import PATIENCE_S
from support.suite.require import require

from formant_net.osc.codec import Argument, Message, decode
from formant_net.osc.space import Action, Lift, Play, actions_of

FOLDER = Path(__file__).parents[2] / "examples" / "osc"
PORT = "9000"


def _asked(address: str, *arguments: Argument) -> Action:
    (action,) = actions_of(Message(address, arguments))
    return action


def _played(name: str, last: Action, tmp_path: Path, *command: str) -> list[Action]:
    """What a program sends that plays the patch, up to `last`. The patch gets a free port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as heard:
        heard.bind(("127.0.0.1", 0))
        heard.settimeout(PATIENCE_S)
        text = (FOLDER / name).read_text("utf-8")
        assert PORT in text
        (tmp_path / name).write_text(text.replace(PORT, str(heard.getsockname()[1])))
        program = subprocess.Popen([*command], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            actions: list[Action] = []
            while last not in actions:
                actions += [action for message in decode(heard.recv(9000)) for action in actions_of(message)]
            return actions
        finally:
            program.terminate()
            program.wait()


def test_pure_data_plays_a_note_its_vowel_and_its_end(tmp_path: Path) -> None:
    require("pd")
    sent = "; formant-note bang; formant-vowel 0.5; formant-off bang"
    actions = _played(
        "formant.pd", Lift(1), tmp_path, "pd", "-nogui", "-noaudio", "-nomidi", "-open", "formant.pd", "-send", sent
    )
    assert [type(action) for action in actions] == [Play, Play, Lift]
    assert isinstance(actions[0], Play)
    assert actions[0].note == 60.0
    assert actions[0].vel == pytest.approx(0.7)
    assert actions[1] == Play(1, y=0.5, begins=False)


def test_csound_plays_three_notes_whose_vowel_glides(tmp_path: Path) -> None:
    require("csound")
    actions = _played("formant.csd", Lift(3), tmp_path, "csound", "formant.csd")
    begun = [action for action in actions if isinstance(action, Play) and action.begins]
    assert [(action.id, round(action.note or 0.0, 2)) for action in begun] == [(1, 60.0), (2, 63.86), (3, 67.02)]
    vowels = [action.y for action in actions if isinstance(action, Play) and action.id == 1 and action.y is not None]
    assert vowels == sorted(vowels)
    assert len(vowels) > 20
    assert vowels[-1] > 0.8


def test_what_supercollider_sends_is_understood() -> None:
    text = (FOLDER / "formant.scd").read_text("utf-8")
    values: dict[str, Argument] = {"id": 1, "pitch": 60, "step / 10": 0.5}
    found = re.findall(r'"(/formant/\w+)", ([^)\]]+)', text)
    assert len(found) == 3
    for address, arguments in found:
        _asked(address, *(values.get(one.strip()) or float(one) for one in arguments.split(",")))


def test_what_max_sends_is_understood() -> None:
    patcher = json.loads((FOLDER / "formant.maxpat").read_text("utf-8"))["patcher"]
    boxes = {box["box"]["id"]: box["box"] for box in patcher["boxes"]}
    texts = [box["text"].removeprefix("prepend ") for box in boxes.values() if "/formant/" in box.get("text", "")]
    assert len(texts) == 4
    assert any("not tried in Max" in box.get("text", "") for box in boxes.values())
    for text in texts:
        address, *arguments = text.split()
        fader = [0.5] if any(box.get("text") == f"prepend {text}" for box in boxes.values()) else []
        _asked(address, *map(float, arguments), *fader)
    for each in patcher["lines"]:
        for end in ("source", "destination"):
            assert each["patchline"][end][0] in boxes


def _partials(osc: ElementTree.Element, part: str) -> list[dict[str, str]]:
    return [{each.tag: each.text or "" for each in one} for one in osc.iterfind(f"{part}/partial")]


def test_what_touchosc_sends_is_understood() -> None:
    text = zlib.decompress((FOLDER / "formant.tosc").read_bytes())
    assert b"not tried in TouchOSC" in text
    root = ElementTree.fromstring(text)
    values: dict[str, Argument] = {"x": 1.0, "touch": 1}
    made = {"INTEGER": int, "FLOAT": float, "STRING": str}
    actions = []
    for osc in root.iter("osc"):
        path, given = (_partials(osc, part) for part in ("path", "arguments"))
        address = "".join(one["value"] for one in path)
        arguments = [
            values[one["value"]] if one["type"] == "VALUE" else made[one["conversion"]](one["value"]) for one in given
        ]
        actions.append(_asked(address, *arguments))
    assert sum(isinstance(action, Play) and action.begins for action in actions) == 8
    assert Lift(None) in actions
    assert len(actions) == 8 + 8 + 2 + 1 + 1


def test_the_list_names_every_patch() -> None:
    named = re.findall(r"^\| `(formant\.\w+)`", (FOLDER / "README.md").read_text("utf-8"), re.M)
    assert set(named) == {path.name for path in FOLDER.iterdir()} - {"README.md"}
