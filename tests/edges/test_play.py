"""Two edges, one ensemble: a controller on one plays a synth on the other, and it is heard."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.spectrum import f0_hz
from support.stage import Stage, stage

RATE = 48000


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as running:
        running.edge("attic", "--location", "52.52,13.40")
        running.edge("barn", "--location", "48.14,11.58")
        for name in ("attic", "barn"):
            running.reached(name)
        yield running


def test_a_controller_on_one_edge_plays_a_synth_on_the_other(two: Stage) -> None:
    attic, barn = two.edges["attic"], two.edges["barn"]
    synth = two.synth("synth-b", barn)
    synth.wait_for("Ready")
    hand = two.hand("ctrl-a", attic)
    hand.wait_for("Ready: 1 synth")
    hand.write('{"x": 0.5, "y": 0.0}\n')
    time.sleep(1.5)
    hand.write('{"active": false}\n')
    time.sleep(0.6)
    assert (attic.health()["edges"], barn.health()["edges"]) == (["barn"], ["attic"])
    assert (attic.health()["controllers"], attic.health()["synths"]) == (1, 0)
    assert (barn.health()["controllers"], barn.health()["synths"]) == (0, 1)
    assert attic.health()["status"] == barn.health()["status"] == "ok"
    assert barn.health()["counters"]["relayed"] == attic.health()["counters"]["relayed"] == 1
    assert synth.stop() == 0
    sound, rate = soundfile.read(two.folder / "synth-b.wav")
    assert rate == RATE
    mono = np.asarray(sound, dtype=np.float64)
    mono = mono if mono.ndim == 1 else mono[:, 0]
    first = int(np.flatnonzero(np.abs(mono) > 1e-3)[0])
    assert abs(1200 * np.log2(f0_hz(mono[first + RATE // 2 : first + RATE], RATE, 311.1) / (110.0 * 8**0.5))) < 5.0
