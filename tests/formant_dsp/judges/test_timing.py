"""Judge 10, timing: an event begins on its frame, and a touch is heard as soon as it can be, on a simulated clock.

The cores, the codec, a link and a device here are real but for their time: nothing in these figures depends on how busy
this machine is. What a device, a converter and the air add comes on top.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from support.judges.judge import Judge, at_most, within
from support.judges.signals import RATE, still
from support.sound.spectrum import Array
from support.virtual.ensemble import Node, Weather, World
from support.virtual.hands import lift, press

from formant_dsp import Bank
from formant_net.protocol.timing import Timing
from formant_net.synth.touches import NoteOff, NoteOn

ONSET = Judge(10, "first frame of a note re the frame it was put on, 1,000 notes", "frames", within(1), within(0))
SCHEDULED = Judge(10, "same, standard deviation", "ms", at_most(0.3), at_most(1000 / RATE))
OWN_P50 = Judge(10, "touch to first frame, blocks of 256, median", "ms", at_most(10.0), at_most(7.0))
OWN_P999 = Judge(10, "same, 99.9 %", "ms", at_most(10.0), at_most(7.0))
SMALL_P999 = Judge(10, "same with blocks of 128", "ms", at_most(10.0), at_most(7.0))
SMALL_SD = Judge(
    10, "same, standard deviation", "ms", at_most(1.0), at_most(0.3),
    why="a touch waits for the next block, and nothing evens that out",
)  # fmt: skip
PLAY_OUT_S = 0.04
TWO_P50 = Judge(
    10, "two boxes, play-out 40 ms, clocks 50 ms and 100 ppm apart, links jitter 10 ms, 1 % loss: apart, median", "ms",
    at_most(1.0), at_most(0.3), why="the echo that tells of a clock comes with a ping, once a second",
)  # fmt: skip
TWO_P99 = Judge(10, "same, 99 %", "ms", at_most(5.0), at_most(2.0))
TWO_DRIFT = Judge(10, "same, how much more they are apart after 10 minutes", "ms", within(1.0), within(0.2))
TWO_LATE = Judge(10, "same, share of notes that came too late for it", "%", at_most(0.1), at_most(0.0))
CALM_P50 = Judge(
    10, "two boxes that sing at once, links jitter 1 ms: apart, median", "ms", at_most(1.0), at_most(0.3),
    why="each sings a touch when it comes",
)  # fmt: skip
CALM_P99 = Judge(10, "same, 99 %", "ms", at_most(5.0), at_most(2.0))


def onset(y: NDArray[np.floating[Any]]) -> int:
    """First frame that sounds. A gate rises from 0 on the frame of the event: the next one is the first above 0."""
    return int(np.flatnonzero(y)[0]) - 1


def test_a_note_begins_on_its_frame() -> None:
    frames = np.random.default_rng(1).integers(1, 5000, 1000)
    found = []
    for frame in frames:
        bank = Bank(voices=2)
        assert bank.note_on(1, still(), frame=int(frame))
        found.append(onset(bank.render(int(frame) + 64)) - int(frame))
    for extreme in (min(found), max(found)):
        ONSET.hold(extreme)
    SCHEDULED.hold(1000 * np.std(found) / RATE)


class Box:
    """A bank that is told what a synth core asks for, and a device that renders a block when the last one is over."""

    def __init__(self, world: World, block: int) -> None:
        self.clock, self.block = world.clock, block
        self.bank = Bank(voices=8)
        self.node: Node | None = None
        self.heard: list[float] = []
        self._silent = True
        self._begins = world.clock.now
        self._render()

    def take(self, effect: object) -> None:
        if isinstance(effect, NoteOn):
            assert self.bank.note_on(effect.key, still(attack_s=0.005, release_s=0.02))
        elif isinstance(effect, NoteOff):
            assert self.bank.note_off(effect.key)

    def _render(self) -> None:
        y = self.bank.render(self.block)
        if self._silent and y.any():
            self.heard.append(self._begins + onset(y) / RATE)
        self._silent = not y[-1]
        self._begins += self.block / RATE
        self.clock.after(self._begins - self.clock.now, self._render)


class Ear:
    """When a synth core wants a note to sound, on the world's clock, s."""

    def __init__(self, world: World) -> None:
        self.clock = world.clock
        self.node: Node | None = None
        self.heard: list[float] = []
        self.late = 0

    def take(self, effect: object) -> None:
        if isinstance(effect, NoteOn):
            assert self.node is not None
            at = self.clock.now if effect.at is None else self.node.true(effect.at)
            self.late += at < self.clock.now - 1e-6
            self.heard.append(max(at, self.clock.now))


def played(world: World, touches: int, weather: Weather, listeners: Sequence[Box | Ear]) -> Array:
    """A finger comes down for 60 ms, each 0.3 s or so; when, s. The synths of the world tell the listeners."""
    hand = world.controller("ctrl-a")
    world.run(2.0)
    world.weather = weather
    for node, listener in zip([n for n in world.nodes.values() if n is not hand], listeners, strict=True):
        node.voices = listener  # type: ignore[assignment]
        listener.node = node
    random = np.random.default_rng(7)
    downs = []
    for _ in range(touches):
        world.run(float(random.uniform(0.10, 0.11)))
        downs.append(world.clock.now)
        press(hand)
        world.run(0.06)
        lift(hand)
        world.run(0.14)
    for listener in listeners:
        assert len(listener.heard) == touches
    return np.array(downs)


@pytest.mark.parametrize("block", [128, 256])
def test_a_touch_is_heard_at_once(block: int) -> None:
    world = World(seed=3)
    world.synth()
    box = Box(world, block)
    latency = 1000 * (-played(world, 1000, Weather(delay_s=(0.0, 0.0)), [box]) + box.heard)
    assert latency.min() >= 0.0
    p50, p999 = np.percentile(latency, [50, 99.9])
    if block == 256:
        OWN_P50.hold(p50)
        OWN_P999.hold(p999)
    else:
        SMALL_P999.hold(p999)
        SMALL_SD.hold(np.std(latency))


def test_two_boxes_sing_a_touch_together() -> None:
    """Jitter of the links alone: what the blocks of two devices add is theirs."""
    world = World(seed=5)
    world.synth("synth-a")
    world.synth("synth-b")
    one, two = Ear(world), Ear(world)
    played(world, 500, Weather(delay_s=(0.0, 0.001)), [one, two])
    apart = 1000 * np.abs(np.subtract(one.heard, two.heard))
    CALM_P50.hold(np.median(apart))
    CALM_P99.hold(np.percentile(apart, 99))


WORLDS = (1, 2, 3, 4, 5)
"""Seeds. The means of 200 notes of one world spread by 0.2 ms, which is all that the judge of the drift allows."""


def test_two_boxes_with_a_play_out_time_sing_together_whatever_their_clocks_and_ways_are() -> None:
    """Ten minutes and more in each world. The share of late notes is of all; the drift is the mean of the worlds."""
    drifts, apart, late, notes = [], [], 0, 0
    for seed in WORLDS:
        world = World(seed=seed, timing=Timing(play_out_s=PLAY_OUT_S))
        world.synth("synth-a", ahead_s=0.05, rate=1.0 + 5e-5)
        world.synth("synth-b", ahead_s=0.0, rate=1.0 - 5e-5)
        one, two = Ear(world), Ear(world)
        downs = played(world, 2000, Weather(delay_s=(0.0, 0.010), loss=0.01), [one, two])
        assert downs[-1] - downs[0] > 600.0
        assert np.median(np.subtract(one.heard, downs)) == pytest.approx(PLAY_OUT_S, abs=0.003)
        here = 1000 * np.subtract(one.heard, two.heard)
        drifts.append(np.mean(here[-200:]) - np.mean(here[:200]))
        apart.extend(np.abs(here))
        late, notes = late + one.late + two.late, notes + 2 * len(downs)
    TWO_P50.hold(np.median(apart))
    TWO_P99.hold(np.percentile(apart, 99))
    TWO_DRIFT.hold(np.mean(drifts))
    TWO_LATE.hold(100 * late / notes)
