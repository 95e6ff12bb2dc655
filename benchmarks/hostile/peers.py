"""A server and controllers that play, for run.py: peers.py COUNT TOUCHES_PER_SECOND SECONDS; prints the URL."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from support.net.loopback import edge

from formant_net.aio.client.controller import ControllerNode, ControllerOptions
from formant_net.client.servers import Server
from formant_net.ops.log import configure
from formant_net.protocol.gesture import TimedTouch


async def main(count: int, hz: float, seconds: float) -> None:
    async with edge() as server:
        print(server.ws_url, flush=True)
        players = [ControllerNode(ControllerOptions(f"ctrl-{i}", [Server(server.ws_url, None)])) for i in range(count)]
        for player in players:
            player.start()

        async def play(player: ControllerNode) -> None:
            await player.wait_for_synths(1)
            # At the far right, where the chord is not; up and down through the vowels.
            ys = [abs((i / hz * 2.0) % 2.0 - 1.0) for i in range(round(seconds * hz))]
            await player.play([TimedTouch(i / hz, 0, 1.0, y) for i, y in enumerate(ys)])
            await player.finish()

        await asyncio.gather(*(play(player) for player in players))


if __name__ == "__main__":
    configure(level="error")
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])))
