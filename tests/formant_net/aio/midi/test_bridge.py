from __future__ import annotations

import asyncio
from typing import Any

import pytest
from support.suite.patience import PATIENCE_S

from formant_net.aio import driver as drivers
from formant_net.aio.client.controller import ControllerNode, ControllerOptions
from formant_net.aio.midi.bridge import Bridge
from formant_net.client.servers import Server
from formant_net.controller.core import SynthView
from formant_net.midi.mapping import parse
from formant_net.midi.player import MidiPlayer
from formant_net.protocol.gesture import TimedTouch
from formant_net.protocol.messages import Command, Param


class Played:
    """A bridge on a controller that is not linked to anything, and what its core is told."""

    def __init__(self, text: str = "") -> None:
        self.node = ControllerNode(ControllerOptions("ctrl-a", [Server("ws://127.0.0.1:9/ws")]))
        self.touches: list[TimedTouch] = []
        self.volumes: list[float] = []
        self.words: list[str] = []
        touch, volume = self.node.core.touch, self.node.core.set_volume

        def touched(touches: list[TimedTouch], now: float) -> None:
            self.touches += touches
            touch(touches, now)

        def set_volume(value: float) -> None:
            self.volumes.append(value)
            volume(value)

        self.node.core.touch, self.node.core.set_volume = touched, set_volume  # type: ignore[assignment, method-assign]
        self.bridge = Bridge(self.node, MidiPlayer(parse(text)), lambda text, warning: self.words.append(text))

    @property
    def down(self) -> int:
        return len({t.id for t in self.touches if t.active} - {t.id for t in self.touches if not t.active})

    def send(self, *messages: str, port: str = "A", lost: bool = False) -> None:
        self.bridge.take([(port, bytes.fromhex(message)) for message in messages], lost)


def _run(main: Any, mapping: str = "") -> None:
    async def story() -> None:
        played = Played(mapping)
        await main(played)
        played.bridge.close()
        await played.node.finish()

    asyncio.run(asyncio.wait_for(story(), PATIENCE_S))


def test_a_note_goes_out_at_once_and_its_end_in_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main(played: Played) -> None:
        with monkeypatch.context() as patch:  # no time passes between its beginning and its end
            moment = drivers.clock()
            patch.setattr(drivers, "clock", lambda: moment)
            played.send("90 45 7F")
            assert played.down == 1
            played.send("80 45 00")
            assert played.down == 1  # it has to sound for 25 ms
        while played.down:
            await asyncio.sleep(0.005)
        assert played.bridge.received == 2

    _run(main)


def test_a_bend_that_has_to_wait_is_sent_by_the_timer() -> None:
    async def main(played: Played) -> None:
        played.send("90 45 7F", "E0 00 60")
        played.send("E0 00 50")
        while played.touches[-1].note != 69.5:
            await asyncio.sleep(0.002)

    _run(main)


def test_volume_goes_to_the_core_and_words_to_the_player() -> None:
    async def main(played: Played) -> None:
        played.send("B0 07 7F", "B0 65 00", "B0 64 06", "B0 06 0F")
        assert played.volumes == [1.0]
        assert played.words == ["A: MPE, lower zone, 15 members, as it asked"]

    _run(main)


def test_lost_messages_lift_everything_before_what_came_after_them() -> None:
    async def main(played: Played) -> None:
        played.send("90 45 7F", "B0 40 7F")
        played.send("90 47 7F", lost=True)
        assert played.down == 1
        assert played.touches[-1].note == 71.0
        assert "messages were lost" in played.words[0]

    _run(main)


def test_a_port_that_goes_and_the_end_lift_everything() -> None:
    async def main(played: Played) -> None:
        played.bridge.plugged("A")
        played.send("90 45 7F", "B0 40 7F")
        played.send("90 47 7F", port="B")
        played.bridge.unplugged("A")
        assert played.down == 1
        played.bridge.close()
        assert played.down == 0

    _run(main)


def test_a_preset_that_a_synth_lacks_is_said_once_by_its_name_and_goes_to_the_others() -> None:
    async def main(played: Played) -> None:
        told: list[tuple[str, object]] = []
        states: list[dict[str, object]] = [{"name": "attic", "presets": ["plain", "choir"]}, {"name": "hall"}]
        synths = [SynthView(f"synth-{n}", True, state, None, 0.0, False) for n, state in enumerate(states)]

        def told_to(name: str, message: Param | Command, now: float) -> None:
            told.append((name, message.value))

        played.node.synths = lambda: synths  # type: ignore[method-assign]
        played.node.core.set = told_to  # type: ignore[method-assign]
        for _ in range(2):
            played.send("C0 01")
            while not told:
                await asyncio.sleep(0.002)
            assert told == [("synth-1", "kazoo")]
            told.clear()
        assert played.words == ["attic has no preset 'kazoo': write another one under [programs], of plain, choir"]
        played.send("C0 00")
        while len(told) < 2:
            await asyncio.sleep(0.002)
        assert told == [("synth-0", "choir"), ("synth-1", "choir")]

    _run(main, '[programs]\n0 = "choir"\n1 = "kazoo"')
