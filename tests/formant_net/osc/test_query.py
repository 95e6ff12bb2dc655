from __future__ import annotations

import json

import pytest

from formant_net.osc.codec import Argument, Message
from formant_net.osc.query import answer, found, host_info, tree
from formant_net.osc.space import AddressError, actions_of

VALUES: dict[str, Argument] = {
    "/formant/volume": 0.5,
    "/formant/power": True,
    "/formant/preset": "tenor",
    "/formant/box/north/volume": 0.25,
}
ROOT = tree(VALUES, ["tenor", "choir"])
INFO = host_info("Formant", "127.0.0.1", 9000)


def test_a_setting_has_type_access_range_and_value() -> None:
    volume = found(ROOT, "/formant/volume")
    assert volume is not None
    assert {key: volume[key] for key in ("FULL_PATH", "TYPE", "ACCESS", "RANGE", "VALUE")} == {
        "FULL_PATH": "/formant/volume", "TYPE": "f", "ACCESS": 3, "RANGE": [{"MIN": 0.0, "MAX": 1.0}], "VALUE": [0.5],
    }  # fmt: skip
    preset = found(ROOT, "/formant/preset")
    assert preset is not None
    assert preset["RANGE"] == [{"VALS": ["tenor", "choir"]}]
    power = found(ROOT, "/formant/power")
    assert power is not None
    assert power["TYPE"] == "T"
    assert found(ROOT, "/formant/box/north/volume/") is not None


def test_each_node_says_its_path_and_containers_have_contents() -> None:
    def walk(node: dict, path: str) -> None:  # type: ignore[type-arg]
        assert node["FULL_PATH"] == (path or "/")
        assert ("CONTENTS" in node) != ("TYPE" in node)
        for name, inner in node.get("CONTENTS", {}).items():
            walk(inner, f"{path}/{name}")

    walk(ROOT, "")
    json.dumps(ROOT)


def test_everything_in_the_tree_is_understood_when_it_is_sent() -> None:
    made: dict[str, Argument] = {"i": 1, "f": 0.5, "s": "tenor", "T": True, "F": False}

    def walk(node: dict) -> None:  # type: ignore[type-arg]
        if "TYPE" in node:
            arguments = [made[kind] for kind in node["TYPE"] if kind in made]
            if node["FULL_PATH"] == "/formant/freq":
                arguments[1] = 440.0
            assert len(actions_of(Message(node["FULL_PATH"], tuple(arguments)))) == 1
            assert node["TYPE"] in ("T", "F", "N") or len(node["RANGE"]) == len(node["TYPE"])
        for inner in node.get("CONTENTS", {}).values():
            walk(inner)

    walk(ROOT)
    with pytest.raises(AddressError):
        actions_of(Message("/formant/freq", (1, 0.5)))


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/", "", 200), ("/formant/volume", "", 200), ("/formant/volume", "VALUE", 200), ("/formant", "VALUE", 204),
        ("/formant/volume", "COLOUR", 400), ("/nowhere", "", 404), ("/formant/volume/x", "VALUE", 404),
        ("/", "HOST_INFO", 200), ("/nowhere", "HOST_INFO", 200),
    ],
)  # fmt: skip
def test_a_question_is_answered_by_its_status(path: str, query: str, status: int) -> None:
    assert answer(ROOT, path, query, INFO)[0] == status


def test_answers() -> None:
    assert answer(ROOT, "/formant/volume", "VALUE", INFO)[1] == {"VALUE": [0.5]}
    told = answer(ROOT, "/", "HOST_INFO", INFO)[1]
    assert told is not None
    assert (told["OSC_PORT"], told["OSC_TRANSPORT"], told["EXTENSIONS"]["LISTEN"]) == (9000, "UDP", True)
