from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from support.net.loopback import edge, run
from support.suite.patience import PATIENCE_S

from formant_net.aio import driver as drivers
from formant_net.aio.client.controller import ControllerNode, ControllerOptions
from formant_net.aio.client.shell import SentAway
from formant_net.client.servers import Server
from formant_net.controller.core import SynthView
from formant_net.protocol.gesture import TimedTouch
from formant_net.tuning.snap import Snap
from formant_net.tuning.steps import Steps


async def lines(*texts: bytes) -> AsyncIterator[bytes]:
    for text in texts:
        yield text


def recorded(node: ControllerNode) -> list[tuple[float, list[TimedTouch]]]:
    """What the core is told, with the time."""
    played: list[tuple[float, list[TimedTouch]]] = []
    touch = node.core.touch

    def record(touches: list[TimedTouch], now: float) -> None:
        played.append((now, list(touches)))
        touch(touches, now)

    node.core.touch = record  # type: ignore[assignment, method-assign]
    return played


def test_a_gesture_is_played_in_its_time_and_touches_of_one_moment_together(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        node = ControllerNode(ControllerOptions("ctrl-a", [Server("ws://127.0.0.1:9/ws")]))
        played = recorded(node)
        gesture = [TimedTouch(0.0, 0, 0.0, 0.0), TimedTouch(0.0, 1, 0.0, 0.0), TimedTouch(0.05, 0, 0.5, 0.0)]
        began, slept = drivers.clock(), 0.0
        sleep = asyncio.sleep

        async def asleep(seconds: float) -> None:
            nonlocal slept
            slept += max(0.0, seconds)
            await sleep(0.0)

        with monkeypatch.context() as patch:  # time passes while it sleeps, and at no other moment
            patch.setattr(drivers, "clock", lambda: began + slept)
            patch.setattr(asyncio, "sleep", asleep)
            await node.play(gesture)
        assert [touches for _, touches in played] == [gesture[:2], gesture[2:]]
        assert [moment - began for moment, _ in played] == pytest.approx([0.0, 0.05])
        await node.finish()
        assert node.core.settled

    run(main())


def test_a_finger_that_rests_beside_a_step_is_led_to_it_while_it_is_down() -> None:
    async def main() -> None:
        snap = Snap(Steps([60.0, 62.0]))
        node = ControllerNode(ControllerOptions("ctrl-a", [Server("ws://127.0.0.1:9/ws")], snap=snap))
        played = recorded(node)
        await node.play([TimedTouch(0.0, 0, None, 0.0, note=60.5), TimedTouch(0.02, 0, None, 0.0, note=60.8)])
        await node.until(lambda: (played[-1][1][0].note or 0.0) < 60.25)
        notes = [touch.note for _, touches in played for touch in touches]
        assert notes[:2] == [60.0, pytest.approx(60.3, abs=0.01)]
        await node.play([TimedTouch(0.0, 0, None, 0.0, active=False)])
        await node.finish()
        ended = len(played)
        await asyncio.sleep(0.1)
        assert len(played) == ended
        assert node.core.settled

    run(main())


def test_a_place_is_put_on_a_step_by_the_surface_of_a_synth() -> None:
    async def main() -> None:
        snap = Snap(Steps([60.0]))
        node = ControllerNode(ControllerOptions("ctrl-a", [Server("ws://127.0.0.1:9/ws")], snap=snap))
        played = recorded(node)
        await node.play([TimedTouch(0.0, 0, 0.5, 0.0)])
        surface = {"surface": {"low_hz": 220.0, "octaves": 1.0}}
        node.synths = lambda: [SynthView("a", True, surface, None, 0.0, False)]  # type: ignore[method-assign]
        await node.play([TimedTouch(0.0, 1, 0.5, 0.0)])
        assert [touch.note for _, touches in played for touch in touches] == [None, 60.0]
        await node.finish()

    run(main())


def test_a_bad_line_is_skipped_and_the_next_one_is_played() -> None:
    async def main() -> None:
        node = ControllerNode(ControllerOptions("ctrl-a", [Server("ws://127.0.0.1:9/ws")]))
        played = recorded(node)
        await node.play_lines(lines(b"{", b"", b'{"x": 0.5, "y": 0.5}\n', b'{"active": false}\n'))
        assert [touch.active for _, touches in played for touch in touches] == [True, False]
        await node.finish()

    run(main())


def test_whoever_waits_for_synths_is_told_when_the_server_refuses() -> None:
    async def main() -> None:
        async with edge(key="right") as server:
            node = ControllerNode(ControllerOptions("ctrl-a", [Server(server.ws_url, "wrong")]))
            node.start()
            with pytest.raises(SentAway, match="--key") as caught:
                await asyncio.wait_for(node.wait_for_synths(1), PATIENCE_S)
            assert caught.value.stop.refused
            await node.finish()

    run(main())


def test_one_that_is_kicked_does_not_come_back() -> None:
    async def main() -> None:
        async with edge() as server:
            node = ControllerNode(ControllerOptions("ctrl-a", [Server(server.ws_url)]))
            node.start()
            while "ctrl-a" not in server.hub.clients():
                await asyncio.sleep(0.01)
            assert server.hub.kick("ctrl-a", "too loud", asyncio.get_running_loop().time())
            other = await server.join("ctrl-b")  # any event makes the server send what its core has to say
            stop = await asyncio.wait_for(node.client.stopped, PATIENCE_S)
            assert "too loud" in stop.reason
            assert not stop.refused
            await other.close()
            await node.finish()
            assert "ctrl-a" not in server.hub.clients()

    run(main())
