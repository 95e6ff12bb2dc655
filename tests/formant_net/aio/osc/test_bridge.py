"""OSC over real sockets on a controller whose synths are told of by the test."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from support.suite.patience import PATIENCE_S

from formant_net.aio.client.controller import ControllerNode, ControllerOptions
from formant_net.aio.osc.bridge import OscBridge
from formant_net.client.servers import Server
from formant_net.controller.core import SynthView
from formant_net.osc.codec import Argument, Message, decode, encode
from formant_net.osc.player import OscPlayer
from formant_net.protocol.gesture import TimedTouch
from formant_net.protocol.messages import Command, Param


class Pad:
    """A bridge with two boxes, and a program that sends to it and listens."""

    def __init__(self) -> None:
        self.node = ControllerNode(ControllerOptions("ctrl-a", [Server("ws://127.0.0.1:9/ws")]))
        self.touches: list[TimedTouch] = []
        self.set: list[tuple[str, str, object]] = []
        self.words: list[str] = []
        state = {"volume": 0.5, "powered_on": True, "preset": "plain", "presets": ["plain", "tenor"]}
        self.states: dict[str, dict[str, Any]] = {
            "synth-1": state | {"name": "North wall"},
            "synth-2": state | {"presets": ["tenor", "plain", 7]},
        }
        self.node.synths = self.synths  # type: ignore[method-assign]
        self.node.core.touch = self.touched  # type: ignore[assignment, method-assign]
        self.node.core.set = self.was_set  # type: ignore[assignment, method-assign]
        self.bridge = OscBridge(self.node, OscPlayer(b"x"), lambda text, warning: self.words.append(text))
        self.to = self.bridge.listen("127.0.0.1", 0)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)

    def synths(self) -> list[SynthView]:
        return [SynthView(id, True, state, 0.01, 0.0, False) for id, state in self.states.items()]

    def touched(self, touches: list[TimedTouch], now: float) -> None:
        self.touches += touches

    def was_set(self, id: str, message: Param | Command, now: float) -> None:
        self.set.append((id, message.name, message.value))
        self.states[id]["powered_on" if message.name == "power" else message.name] = message.value

    def send(self, address: str, *arguments: Argument) -> None:
        self.socket.sendto(encode(address, *arguments), self.to)

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            await asyncio.sleep(0.005)

    async def heard(self) -> Message:
        data = await asyncio.get_running_loop().sock_recv(self.socket, 9000)
        return decode(data)[0]


def _run(main: Callable[[Pad], Awaitable[None]]) -> None:
    async def story() -> None:
        pad = Pad()
        try:
            await main(pad)
        finally:
            pad.bridge.close()
            pad.socket.close()
            await pad.node.finish()

    asyncio.run(asyncio.wait_for(story(), PATIENCE_S))


def test_a_note_of_a_real_socket_is_played_and_lifted_at_the_end() -> None:
    async def main(pad: Pad) -> None:
        pad.send("/formant/note", 1, 60.5, 0.5)
        await pad.until(lambda: len(pad.touches) == 1)
        assert (pad.touches[0].note, pad.touches[0].active) == (60.5, True)
        pad.bridge.close()
        assert [touch.active for touch in pad.touches] == [True, False]

    _run(main)


def test_settings_reach_every_box_or_the_one_that_is_named() -> None:
    async def main(pad: Pad) -> None:
        pad.send("/formant/volume", 0.75)
        pad.send("/formant/box/North_wall/power", 0)
        pad.send("/formant/box/synth-2/preset", "tenor")
        await pad.until(lambda: len(pad.set) == 4)
        assert pad.set == [
            ("synth-1", "volume", 0.75), ("synth-2", "volume", 0.75), ("synth-1", "power", False),
            ("synth-2", "preset", "tenor"),
        ]  # fmt: skip
        assert pad.bridge.presets() == ["plain", "tenor"]

    _run(main)


def test_a_subscriber_is_told_when_somebody_else_changes_a_box() -> None:
    async def main(pad: Pad) -> None:
        pad.send("/formant/subscribe")
        told = {(await pad.heard()).address for _ in range(9)}
        assert {"/formant/volume", "/formant/box/North_wall/preset", "/formant/box/synth-2/power"} <= told
        pad.states["synth-2"]["volume"] = 0.25
        message = await pad.heard()
        assert (message.address, message.arguments) == ("/formant/box/synth-2/volume", (0.25,))

    _run(main)


def test_what_a_synth_says_of_itself_is_checked() -> None:
    async def main(pad: Pad) -> None:
        pad.states = {"synth-3": {"volume": "loud", "powered_on": 1, "preset": None, "name": 7, "presets": "x"}}
        assert pad.bridge.values() == {}
        assert pad.bridge.presets() == []

    _run(main)
