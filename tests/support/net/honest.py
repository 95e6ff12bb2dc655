"""Honest clients of a server, which measure the time that a message takes from one to the other."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from support.net.sdp import candidate
from support.suite.patience import PATIENCE_S
from websockets.asyncio.client import ClientConnection, connect


class Witness:
    """A synth and a controller that are registered; a candidate travels from one to the other."""

    def __init__(self, synth: ClientConnection, controller: ClientConnection) -> None:
        self.synth, self.controller = synth, controller
        self._count = 0

    async def latency(self) -> float:
        """One message from the controller to the synth, s."""
        self._count += 1
        data = candidate(self._count % 10**9)
        began = time.perf_counter()
        text = json.dumps({"type": "ice-candidate", "target": "synth-witness", "data": data})
        await self.controller.send(text)
        while True:
            heard = json.loads(await self.synth.recv())
            if heard["type"] == "ice-candidate" and heard["data"]["candidate"] == data["candidate"]:
                return time.perf_counter() - began

    async def latencies(self, seconds: float, every_s: float = 0.02, least: int = 0) -> list[float]:
        """Many, s, sorted: of so many seconds, and at least so many."""
        times: list[float] = []
        end = time.perf_counter() + seconds
        while time.perf_counter() < end or len(times) < least:
            times.append(await asyncio.wait_for(self.latency(), PATIENCE_S))
            await asyncio.sleep(every_s)
        return sorted(times)


@asynccontextmanager
async def witness(url: str, key: str | None, **options: Any) -> AsyncIterator[Witness]:
    """Both clients, while the block runs. `options` as for `connect`."""
    async with (
        connect(url, compression=None, **options) as synth,
        connect(url, compression=None, **options) as controller,
    ):
        for socket, id in ((synth, "synth-witness"), (controller, "ctrl-witness")):
            await socket.send(json.dumps({"type": "register", "client_id": id, "key": key}))
            while (answer := json.loads(await socket.recv()))["type"] != "registered":
                assert answer["type"] != "error", answer
        yield Witness(synth, controller)
