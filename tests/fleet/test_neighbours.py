"""The version before the desk and today's: its messages, recorded, against today's server, desk and codec.

`make neighbours` runs both versions as processes, in both directions.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.virtual.clients import RawClients

from formant_net.client.servers import Server
from formant_net.desk.core import Desk
from formant_net.fleet.document import Document
from formant_net.protocol import codec
from formant_net.protocol import messages as m
from formant_net.protocol.timing import Timing

RECORDED = json.loads((Path(__file__).parents[1] / "data" / "neighbours" / "before-the-desk.json").read_text("utf-8"))
FRAMES: list[dict[str, Any]] = RECORDED["frames"]
CHANNEL = {each.__struct_config__.tag for each in codec.Channel.__args__}
SYNTH, CONTROLLER, DESK = 1, 2, 3


def said(conn: int, by: str) -> list[dict[str, Any]]:
    return [each["frame"] for each in FRAMES if (each["conn"], each["from"]) == (conn, by)]


def test_an_older_synth_and_controller_are_served_as_their_own_server_did_and_no_desk_steers_them() -> None:
    hall = RawClients(key="cantabile", fleet=Document(epoch="e1"))
    desk = hall.join("desk-1", key="cantabile")
    hall.say(desk, "desk-open")
    conns: dict[int, int] = {}
    heard: dict[int, list[dict[str, Any]]] = {SYNTH: [], CONTROLLER: []}
    for each in FRAMES:
        if each["from"] == "client" and each["conn"] in heard:
            conn = conns.setdefault(each["conn"], hall.connect() if each["conn"] not in conns else 0)
            heard[each["conn"]] += hall.frame(conn, json.dumps(each["frame"]))
        for name, conn in conns.items():
            heard[name] += hall.heard(conn)
    hall.drop(conns[CONTROLLER])
    heard[SYNTH] += hall.heard(conns[SYNTH])
    for conn in heard:
        wanted = said(conn, "server")
        assert [message["type"] for message in heard[conn]] == [message["type"] for message in wanted]
        for today, then in zip(heard[conn], wanted, strict=True):
            assert then.keys() <= today.keys() | {"details"}, "a field that the older client may need"
    hall.say(desk, "desk-set", path="master", set={"db": -6}, base=0, request=1)
    assert hall.heard(conns[SYNTH]) == [], "it gets no message that it does not know"
    assert hall.hub.steering.document.master.db == -6.0


def test_a_desk_is_told_that_an_older_server_has_none() -> None:
    desk = Desk("desk-1", [Server("ws://one/ws")], Timing(), lambda: 0.5)
    desk.start(0.0)
    desk.opened(1, 0.0)
    (answer,) = said(DESK, "server")
    desk.receive(1, codec.decode_signaling(json.dumps(answer)), 0.1)
    assert desk.fault is not None
    assert "older version" in str(desk.fault)


@pytest.mark.parametrize("frame", [each["frame"] for each in FRAMES if each["from"] == "server"], ids=str)
def test_what_an_older_server_says_is_understood(frame: dict[str, Any]) -> None:
    assert not isinstance(codec.decode_signaling(json.dumps(frame)), m.Unknown)


@pytest.mark.parametrize("name", sorted(RECORDED["samples"]))
def test_every_message_of_then_means_the_same_today(name: str) -> None:
    sample = RECORDED["samples"][name]
    decode = codec.decode_channel if sample["type"] in CHANNEL else codec.decode_signaling
    message = decode(json.dumps(sample))
    assert not isinstance(message, m.Unknown)
    assert {key: value for key, value in json.loads(codec.encode(message)).items() if key in sample} == sample
