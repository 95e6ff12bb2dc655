"""The tree of OSCQuery: what can be played and set, with types, ranges and values, as JSON for programs that ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from formant_net.osc.codec import Argument

Node = dict[str, Any]
SET, TELL_AND_SET = 2, 3
"""ACCESS: the value can be set; it can be read as well."""
UNIT: Node = {"MIN": 0.0, "MAX": 1.0}
ATTRIBUTES = ("FULL_PATH", "CONTENTS", "TYPE", "ACCESS", "VALUE", "RANGE", "DESCRIPTION")
EXTENSIONS = {"ACCESS": True, "VALUE": True, "RANGE": True, "DESCRIPTION": True, "LISTEN": True}

_ID: Node = {}
_PITCH: Node = {"MIN": 0.0, "MAX": 135.0}
_PLAYED: Mapping[str, tuple[str, list[Node], str]] = {
    "note": ("iff", [_ID, _PITCH, UNIT], "id, pitch as a MIDI number, velocity; velocity 0 lifts the finger"),
    "freq": ("iff", [_ID, {"MIN": 20.0, "MAX": 4000.0}, UNIT], "id, frequency in Hz, velocity"),
    "vowel": ("if", [_ID, UNIT], "id, vowel"),
    "effort": ("if", [_ID, UNIT], "id, effort"),
    "touch": ("ifff", [_ID, UNIT, UNIT, UNIT], "id, place, vowel and effort, in units of the surface"),
    "off": ("i", [_ID], "id: lifts the finger"),
    "alloff": ("N", [_ID], "lifts every finger of this sender"),
}


def tree(values: Mapping[str, Argument], presets: Sequence[str] = ()) -> Node:
    """The whole tree.

    values    present settings by address, as in /formant/volume and /formant/box/NAME/volume
    presets   names that every synth knows
    source    OSCQuery proposal of Vidvox, github.com/Vidvox/OSCQueryProposal
    """
    root: Node = {"FULL_PATH": "/", "CONTENTS": {}}
    for name, (kinds, ranges, text) in _PLAYED.items():
        _add(root, f"/formant/{name}", {"TYPE": kinds, "ACCESS": SET, "RANGE": ranges, "DESCRIPTION": text})
    for address, value in values.items():
        _add(root, address, _setting(address.rpartition("/")[2], value, presets))
    return root


def found(root: Node, path: str) -> Node | None:
    """The node of a path, or None."""
    node = root
    for part in [part for part in path.split("/") if part]:
        contents = node.get("CONTENTS")
        if not isinstance(contents, dict) or part not in contents:
            return None
        node = contents[part]
    return node


def answer(root: Node, path: str, query: str, host_info: Node) -> tuple[int, Node | None]:
    """Status and JSON of a GET.

    query      what stands behind `?`: HOST_INFO, an attribute, or nothing
    returns    200; 204: the node has no such attribute; 400: there is no such attribute; 404: no such node
    """
    if query == "HOST_INFO":
        return 200, host_info
    node = found(root, path)
    if node is None:
        return 404, None
    if not query:
        return 200, node
    if query not in ATTRIBUTES:
        return 400, None
    return (200, {query: node[query]}) if query in node else (204, None)


def host_info(name: str, host: str, port: int) -> Node:
    """What HOST_INFO says of the UDP port that hears OSC."""
    return {"NAME": name, "OSC_IP": host, "OSC_PORT": port, "OSC_TRANSPORT": "UDP", "EXTENSIONS": EXTENSIONS}


def _setting(name: str, value: Argument, presets: Sequence[str]) -> Node:
    node: Node = {"ACCESS": TELL_AND_SET, "VALUE": [value]}
    if name == "volume":
        return node | {"TYPE": "f", "RANGE": [UNIT], "DESCRIPTION": "master volume"}
    if name == "power":
        return node | {"TYPE": "T" if value else "F", "DESCRIPTION": "whether it sings"}
    return node | {"TYPE": "s", "RANGE": [{"VALS": list(presets)}] if presets else [{}], "DESCRIPTION": "preset"}


def _add(root: Node, address: str, leaf: Node) -> None:
    node, path = root, ""
    for part in address.split("/")[1:]:
        path += f"/{part}"
        node = node.setdefault("CONTENTS", {}).setdefault(part, {"FULL_PATH": path})
    node |= leaf
