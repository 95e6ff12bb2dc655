"""The longer rows of the table of failures in docs/understand/edges.md, for `make edges-faults`."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.net.edge_clients import NAMES, Raw, both, playing
from support.net.edge_processes import EdgeProcesses, edge_processes, until
from websockets.exceptions import ConnectionClosed


@pytest.fixture
def two(tmp_path: Path) -> Iterator[EdgeProcesses]:
    with edge_processes(tmp_path) as running:
        both(running)
        yield running


def test_an_engine_that_hangs_holds_no_registration_up_and_is_named(two: EdgeProcesses) -> None:
    attic, barn = (two.edges[name] for name in NAMES)
    two.nats.signal(signal.SIGSTOP)
    try:
        begun = time.monotonic()
        ctrl = Raw(attic, "ctrl-a")
        assert ctrl.first["type"] == "registered"
        assert time.monotonic() - begun < 3.0
        until(lambda: "registry" in attic.words())
    finally:
        two.nats.signal(signal.SIGCONT)
    until(lambda: attic.words() == barn.words() == "", 30.0)
    synth = Raw(barn, "synth-b")
    until(lambda: synth.listed() == ["ctrl-a"])


def test_an_edge_that_is_cut_off_serves_its_own_and_is_one_of_all_again_after(tmp_path: Path) -> None:
    with edge_processes(tmp_path) as two, two.cable() as cable:
        attic = two.edge("attic", registry=f"nats://127.0.0.1:{cable.port}/stage")
        barn = two.edge("barn")
        for name in NAMES:
            two.reached(name)
        there = Raw(barn, "synth-b")
        cable.cut()
        until(lambda: "registry" in attic.words())
        assert barn.words() == ""
        here = Raw(attic, "synth-a")
        Raw(attic, "ctrl-a")
        other = Raw(barn, "ctrl-b")
        assert here.listed() == ["ctrl-a"]
        assert there.listed() == ["ctrl-b"]
        cable.mend()
        until(lambda: attic.words() == "", 30.0)
        until(lambda: here.listed() == there.listed() == ["ctrl-a", "ctrl-b"])
        assert other.first["edge"] == "barn"


def test_two_edges_that_restart_together_find_everybody_again(two: EdgeProcesses) -> None:
    attic, barn = (two.edges[name] for name in NAMES)
    with playing(two, attic, barn) as (synth, hand):
        for edge in (attic, barn):
            edge.process.kill()
        both(two)
        for client in (synth, hand):
            client.wait_for(" registered", count=2, timeout_s=20.0)
        probe = Raw(two.edges["barn"], "synth-p")
        until(lambda: probe.listed() == ["ctrl-h"])


def test_a_rolling_restart_of_all_edges_under_a_held_note_loses_no_link(two: EdgeProcesses) -> None:
    with playing(two, *(two.edges[name] for name in NAMES)) as (synth, hand):
        for name in NAMES:
            edge = two.edges[name]
            begun = time.monotonic()
            assert edge.process.stop() == 0
            print(f"{name} drained in {time.monotonic() - begun:.2f} s")
            two.edge(name)
            two.reached(name)
        probe = Raw(two.edges["barn"], "synth-p")
        until(lambda: probe.listed() == ["ctrl-h"])
        told = synth.output() + hand.output()
        assert "controller lost" not in told
        assert "synth lost" not in told


def test_edges_whose_clocks_are_an_hour_apart_agree(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import time\n_real = time.time\ntime.time = lambda: _real() + 3600.0\n"  # all that an edge knows of the date
    )
    with edge_processes(tmp_path, ttl_s=3.0) as two:
        attic = two.edge("attic", environment={"PYTHONPATH": str(tmp_path)})
        barn = two.edge("barn")
        for name in NAMES:
            two.reached(name)
        synth = Raw(barn, "synth-b")
        ctrl = Raw(attic, "ctrl-a")
        joined = synth.hear("controller-joined")
        other = Raw(attic, "synth-a")
        assert other.listed() == synth.listed() == ["ctrl-a"]
        ages = synth.heard[-1]["details"]["ctrl-a"]["age_s"], other.heard[-1]["details"]["ctrl-a"]["age_s"]
        assert all(0.0 <= age < 3.0 for age in ages)
        assert abs(other.heard[-1]["timestamp"] - joined["timestamp"]) > 3.5e6
        attic.process.kill()
        killed = time.monotonic()
        assert synth.hear("controller-left", timeout_s=15.0)["controller_id"] == "ctrl-a"
        assert 1.5 < time.monotonic() - killed < 8.0
        with pytest.raises(ConnectionClosed):
            ctrl.socket.recv(timeout=1.0)
