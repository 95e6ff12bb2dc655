"""A thousand notes at 30 % loss, each ended in one of the ways in which notes end: none sticks."""

from __future__ import annotations

import pytest
from faults.lab.ensemble import Ensemble
from faults.lab.network import Weather

TRIALS, NOTES = 50, 20
BAD = Weather(loss=0.3, duplicate=0.05, delay_s=(0.01, 0.03))
HOLD_S = 0.25
ENDS = ("lift", "lift", "kill", "power", "stop", "cut", "leave", "readdress")


@pytest.mark.parametrize("seed", range(TRIALS))
def test_no_note_sticks_at_thirty_percent_loss(seed: int) -> None:
    ensemble = Ensemble(seed)
    draw = ensemble.random
    ensemble.start("synth-a")
    ensemble.run(0.5)
    for note in range(NOTES):
        hand = ensemble.start(f"ctrl-{note}")
        for _ in range(100):  # what TCP has to repeat from before takes its time
            ensemble.run(0.1)
            if ensemble.witness.linked(ensemble.clients["synth-a"], hand):
                break
        ensemble.run(0.3)  # before it is told how old touches are, it plays none
        assert ensemble.witness.linked(ensemble.clients["synth-a"], hand)
        ensemble.weather("synth-a", BAD)
        ensemble.press(hand.name, 1, draw.random(), draw.random())
        ensemble.run(draw.uniform(0.05, 0.6))
        ensemble.press(hand.name, draw.choice((1, 2)), draw.random(), draw.random())
        ensemble.run(draw.uniform(0.05, 0.3))
        assert ensemble.witness.voices[ensemble.clients["synth-a"].run], "it sounds although messages are lost"
        _end(ensemble, hand.name, draw.choice(ENDS))
        ensemble.run(HOLD_S + ensemble.hosts[hand.name].stamps.step_s + 0.01)
        ensemble.witness.look()
        ensemble.witness.silent()
        ensemble.weather("synth-a", Weather())
        ensemble.resume(hand.name)
        ensemble.leave(hand.name)
        ensemble.run(0.2)


def _end(ensemble: Ensemble, name: str, how: str) -> None:
    match how:
        case "lift":
            ensemble.lift_all()
        case "kill":
            ensemble.kill(name)
        case "power":
            ensemble.power_off(name)
        case "stop":
            ensemble.stop(name)
        case "cut":
            ensemble.cut(name, "synth-a")
        case "leave":
            ensemble.leave(name)
        case "readdress":
            ensemble.readdress(name)
