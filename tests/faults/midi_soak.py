"""A dense MPE stream from the MIDI core through controller and synth on the virtual clock, with lost packets.

    python -m faults.midi_soak [--minutes 10] [--loss 0.05]

Five fingers send bend, slide and pressure 200 times a second each and strike new notes all the time. Every note has to
arrive, none may stay, and no core may grow.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

from faults.lab.size import size
from support.virtual.ensemble import World

from formant_net.client import effects as fx
from formant_net.controller.core import Controller
from formant_net.hand.outputs import Touches
from formant_net.midi.player import MidiPlayer
from formant_net.protocol.messages import Ping, Touch
from formant_net.synth.core import Synth
from formant_net.synth.touches import NoteOff, NoteOn

FINGERS = 5
RATE_HZ = 200.0
PORT = "LinnStrument"
GROWTH = 300
"""Entries that may be added: a synth remembers the last 128 fingers that were lifted."""


@dataclass
class Found:
    """What a soak has seen. `sizes`: of player, controller and synth in objects, at the end of each tenth."""

    struck: int = 0
    ons: int = 0
    offs: int = 0
    left_sounding: int = 0
    most_messages_per_s: int = 0
    most_notes: int = 0
    sizes: list[tuple[int, int, int]] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)

    def faults(self) -> list[str]:
        """What must not be."""
        out = []
        if self.left_sounding:
            out.append(f"{self.left_sounding} notes still sound")
        if self.ons + sum(self.left_out.values()) < self.struck or self.offs != self.ons:
            out.append(f"{self.struck} notes were struck, {self.ons} began and {self.offs} ended: {self.left_out}")
        if self.most_messages_per_s > 200:
            out.append(f"{self.most_messages_per_s} messages in a second")
        early, late = self.sizes[1], self.sizes[-1]
        if any(now > 1.1 * before + GROWTH for before, now in zip(early, late, strict=True)):
            out.append(f"grown from {early} to {late}")
        return out


class _Hand:
    """Five fingers that play at random from a seed: bytes for each step of 1 / RATE_HZ."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._down: dict[int, int] = {}
        self.struck = 0

    def step(self) -> Iterator[bytes]:
        draw = self._random
        for channel in range(1, FINGERS + 1):
            key = self._down.get(channel)
            if key is None and draw.random() < 0.02:
                key = self._down[channel] = draw.randrange(48, 72)
                self.struck += 1
                yield bytes((0xE0 | channel, 0, 64, 0x90 | channel, key, draw.randrange(1, 128)))
            elif key is not None and draw.random() < 0.01:
                yield self._up(channel)
            yield bytes((0xE0 | channel, draw.randrange(128), draw.randrange(128)))
            yield bytes((0xB0 | channel, 74, draw.randrange(128), 0xD0 | channel, draw.randrange(128)))

    def all_up(self) -> Iterator[bytes]:
        for channel in list(self._down):
            yield self._up(channel)

    def _up(self, channel: int) -> bytes:
        return bytes((0x80 | channel, self._down.pop(channel), 0))


def soak(seconds: float, loss: float, seed: int = 1) -> Found:
    """Play so many seconds of the virtual clock."""
    world = World(seed)
    synth, node = world.synth(), world.controller()
    assert isinstance(synth.core, Synth)
    synth.core.set_state(surface={"low_hz": 55.0, "octaves": 6.0, "vowels": ["a", "u"]}, takes=["note", "vel"])
    world.run(3.0)
    core = node.core
    assert isinstance(core, Controller)
    world.weather.loss = loss
    player = MidiPlayer(now=node.now)
    player.feed(PORT, bytes.fromhex("B0 65 00 64 06 06 07"), node.now)
    hand, found = _Hand(seed), Found()
    sent = _Rate()

    def play(pieces: Iterator[bytes]) -> None:
        for data in pieces:
            player.feed(PORT, data, node.now)
        while (due := player.next_deadline()) is not None and due <= node.now:
            player.on_deadline(node.now)
            for output in player.drain():
                if isinstance(output, Touches):
                    node.call(core.touch, output.touches)

    steps = round(seconds * RATE_HZ)
    for step in range(steps):
        play(hand.step())
        world.run(1.0 / RATE_HZ)
        found.most_messages_per_s = max(found.most_messages_per_s, sent.count(node.effects, world.clock.now))
        found.most_notes = max(found.most_notes, len(synth.voices.sounding))
        for effect in synth.voices.history:
            found.ons += isinstance(effect, NoteOn)
            found.offs += isinstance(effect, NoteOff)
        for kept in (synth.voices.history, synth.effects, node.effects, world.relayed):
            kept.clear()  # the test's own memory
        if (step + 1) % max(1, steps // 10) == 0:
            found.sizes.append((size(player), size(core), size(synth.core)))
    play(hand.all_up())
    for _ in range(200):
        world.run(0.005)
        play(iter(()))
    for effect in synth.voices.history:
        found.ons += isinstance(effect, NoteOn)
        found.offs += isinstance(effect, NoteOff)
    found.left_sounding = len(synth.voices.sounding)
    found.struck, found.left_out = hand.struck, player.counters
    return found


class _Rate:
    """Messages of touches and pings in the last second."""

    def __init__(self) -> None:
        self._times: list[float] = []

    def count(self, effects: list[object], now: float) -> int:
        new = sum(isinstance(each, fx.Send) and isinstance(each.message, Touch | Ping) for each in effects)
        self._times = [at for at in self._times if at > now - 1.0] + [now] * new
        return len(self._times)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=10.0)
    options.add_argument("--loss", type=float, default=0.05)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    found = soak(60.0 * given.minutes, given.loss, given.seed)
    print(json.dumps({**vars(found), "faults": found.faults()}))
    sys.exit(bool(found.faults()))


if __name__ == "__main__":
    main()
