"""Two edges, one ensemble: a controller on one plays a synth on the other, and it is heard."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from support.net.edge_processes import KEY, EdgeProcesses, edge_processes, until
from support.sound.spectrum import f0_hz
from support.suite.patience import PATIENCE_S
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

RATE = 48000


@pytest.fixture
def two(tmp_path: Path) -> Iterator[EdgeProcesses]:
    with edge_processes(tmp_path) as running:
        running.edge("attic", "--location", "52.52,13.40")
        running.edge("barn", "--location", "48.14,11.58")
        for name in ("attic", "barn"):
            running.reached(name)
        yield running


def test_a_controller_on_one_edge_plays_a_synth_on_the_other(two: EdgeProcesses) -> None:
    attic, barn = two.edges["attic"], two.edges["barn"]
    synth = two.synth("synth-b", barn)
    synth.wait_for("Ready")
    hand = two.hand("ctrl-a", attic)
    hand.wait_for("Ready: 1 synth")
    hand.write('{"x": 0.5, "y": 0.0}\n')
    until(lambda: len(steady(two)) > RATE)
    hand.write('{"active": false}\n')
    assert (attic.health()["edges"], barn.health()["edges"]) == (["barn"], ["attic"])
    assert (attic.health()["controllers"], attic.health()["synths"]) == (1, 0)
    assert (barn.health()["controllers"], barn.health()["synths"]) == (0, 1)
    assert attic.health()["status"] == barn.health()["status"] == "ok"
    for edge in (attic, barn):
        assert edge.health()["counters"]["relayed"] >= 1
    assert synth.stop() == 0
    assert soundfile.info(two.folder / "synth-b.wav").samplerate == RATE
    part = steady(two)[RATE // 2 : RATE]
    assert abs(1200 * np.log2(f0_hz(part, RATE, 311.1) / (110.0 * 8**0.5))) < 5.0


def steady(two: EdgeProcesses) -> NDArray[np.float64]:
    """The longest part of what the synth has recorded so far without 20 ms of silence in it."""
    sound = two.sound("synth-b")
    loud = np.abs(sound[: len(sound) // 960 * 960]).reshape(-1, 960).max(axis=1, initial=0.0) > 1e-3
    edges = np.flatnonzero(np.diff(np.concatenate(([False], loud, [False])).astype(np.int8)))
    if not len(edges):
        return sound[:0]
    begin, end = max(zip(edges[::2], edges[1::2], strict=True), key=lambda part: int(part[1] - part[0]))
    return sound[960 * begin : 960 * end]


def test_the_page_of_one_edge_may_come_to_the_other_and_no_other_page_may(two: EdgeProcesses) -> None:
    attic, barn = two.edges["attic"], two.edges["barn"]
    until(lambda: attic.health()["edges"] == ["barn"] and barn.health()["edges"] == ["attic"])
    with connect(attic.ws_url, compression=None) as own:
        own.send(json.dumps({"type": "register", "client_id": "ctrl-p", "key": KEY}))
        registered = json.loads(own.recv(timeout=PATIENCE_S))
    assert registered["servers"] == [barn.ws_url]
    with urllib.request.urlopen(f"http://127.0.0.1:{attic.port}/", timeout=PATIENCE_S) as answer:
        assert f" ws://127.0.0.1:{barn.port};" in answer.headers["Content-Security-Policy"]
    page = f"http://127.0.0.1:{attic.port}"
    with connect(registered["servers"][0], origin=Origin(page), compression=None) as other:
        other.send(json.dumps({"type": "register", "client_id": "ctrl-p", "key": KEY, "resume": registered["resume"]}))
        assert json.loads(other.recv(timeout=PATIENCE_S))["edge"] == "barn"
    with pytest.raises(InvalidStatus), connect(barn.ws_url, origin=Origin("http://127.0.0.1:1")):
        pass
