from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from support.sockets import edge, run

from formant_net.aio.client import SentAway
from formant_net.aio.controller import ControllerNode, ControllerOptions
from formant_net.gesture import TimedTouch
from formant_net.signaling import Server


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


def test_a_gesture_is_played_in_its_time_and_touches_of_one_moment_together() -> None:
    async def main() -> None:
        node = ControllerNode(ControllerOptions("ctrl-a", [Server("ws://127.0.0.1:9/ws")]))
        played = recorded(node)
        gesture = [TimedTouch(0.0, 0, 0.0, 0.0), TimedTouch(0.0, 1, 0.0, 0.0), TimedTouch(0.05, 0, 0.5, 0.0)]
        await node.play(gesture)
        assert [touches for _, touches in played] == [gesture[:2], gesture[2:]]
        assert played[1][0] - played[0][0] >= 0.045
        await node.finish()
        assert node.core.settled

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
                await asyncio.wait_for(node.wait_for_synths(1), 5.0)
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
            stop = await asyncio.wait_for(node.client.stopped, 5.0)
            assert "too loud" in stop.reason
            assert not stop.refused
            await other.close()
            await node.finish()
            assert "ctrl-a" not in server.hub.clients()

    run(main())
