"""What fails between edges, one test a row of the table in docs/understand/edges.md: real engine and processes.

The rows that take longer are in failures_long.py: `make edges-faults`.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.net.edge_clients import NAMES, Raw, both, playing
from support.net.edge_processes import EdgeProcesses, edge_processes, until
from support.suite.patience import PATIENCE_S
from websockets.sync.client import connect


@pytest.fixture
def two(tmp_path: Path) -> Iterator[EdgeProcesses]:
    with edge_processes(tmp_path) as running:
        both(running)
        yield running


def test_an_engine_that_is_killed_and_comes_back_loses_nobody_and_leaves_no_ghost(two: EdgeProcesses) -> None:
    attic, barn = (two.edges[name] for name in NAMES)
    synth = Raw(barn, "synth-b")
    staying, leaving = Raw(attic, "ctrl-stays"), Raw(attic, "ctrl-leaves")
    synth.hear("controller-joined"), synth.hear("controller-joined")
    two.nats.kill()
    until(lambda: "cannot be reached" in attic.words() and "cannot be reached" in barn.words())
    leaving.socket.close()
    came = Raw(attic, "ctrl-came")
    assert came.first["type"] == "registered"
    local = Raw(attic, "synth-a")
    assert local.listed() == ["ctrl-came", "ctrl-stays"]
    two.nats.start()
    for name in NAMES:
        two.reached(name, count=2)
    until(lambda: synth.listed() == ["ctrl-came", "ctrl-stays"])
    until(lambda: attic.words() == barn.words() == "")
    assert staying.socket.protocol.state.name == "OPEN"


@pytest.mark.alone  # judges how soon real processes do something
def test_a_killed_edge_stops_no_note_and_its_clients_are_back_through_another_within_5_s(two: EdgeProcesses) -> None:
    attic, barn = (two.edges[name] for name in NAMES)
    with playing(two, attic, barn) as (synth, hand):
        attic.process.kill()
        killed = time.monotonic()
        for client in (synth, hand):
            client.wait_for(" registered", count=2, timeout_s=5.0)
        back_s = time.monotonic() - killed
        assert back_s < 5.0
        assert (barn.health()["synths"], barn.health()["controllers"]) == (1, 1)
        probe = Raw(barn, "synth-p")
        assert probe.listed() == ["ctrl-h"]
        print(f"back after {back_s:.2f} s")


def test_an_edge_that_is_told_to_end_asks_its_clients_to_move_and_goes_on_routing(two: EdgeProcesses) -> None:
    attic, barn = (two.edges[name] for name in NAMES)
    until(lambda: attic.health()["edges"] == ["barn"])
    ctrl, synth = Raw(attic, "ctrl-a"), Raw(barn, "synth-b")
    attic.process._popen.send_signal(signal.SIGTERM)
    assert ctrl.hear("move")["within_s"] == 5.0
    assert "stopping" in attic.words()
    late = connect(attic.ws_url, compression=None, legacy=True)
    assert json.loads(late.recv(timeout=PATIENCE_S))["code"] == "server-full"
    candidate = {"candidate": "candidate:1 1 udp 2113937151 192.0.2.1 50000 typ host", "sdpMid": "0"}
    synth.say("ice-candidate", target="ctrl-a", data=candidate)
    assert ctrl.hear("ice-candidate")["source"] == "synth-b"
    moved = Raw(barn, "ctrl-a", resume=ctrl.first["resume"])
    assert moved.first["edge"] == "barn"
    assert ctrl.hear("kicked")
    assert attic.process.wait() == 0
    assert synth.listed() == ["ctrl-a"]
    assert "controller-left" not in [message["type"] for message in synth.heard]


def test_one_id_on_two_edges_at_once_has_one_winner_and_the_other_is_told(two: EdgeProcesses) -> None:
    for n in range(5):
        with ThreadPoolExecutor() as pool:
            clients = list(pool.map(lambda name, n=n: Raw(two.edges[name], f"ctrl-{n}"), NAMES))
        told = sorted(client.first.get("code", client.first["type"]) for client in clients)
        assert told == ["id-taken", "registered"]
