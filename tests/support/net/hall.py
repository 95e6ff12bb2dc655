"""A hall with real parts: a server and synths on a loop in a thread of its own, so that blocking programs can play."""

from __future__ import annotations

import asyncio
import functools
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, TypeVar

from support.net.loopback import PATIENT, edge
from support.suite.patience import PATIENCE_S

from formant_net.aio.client.controller import ControllerOptions
from formant_net.aio.client.synth import SynthNode, SynthOptions
from formant_net.aio.ensemble import ensemble
from formant_net.client.servers import Server
from formant_net.protocol.timing import Timing
from formant_net.synth.touches import NoteMove, NoteOff, NoteOn

KEY = "cantabile"
Result = TypeVar("Result")


class Box:
    """One synth, and the notes that its core gave to its voice, each with the moment."""

    def __init__(self, node: SynthNode) -> None:
        self.node = node
        self.heard: list[tuple[float, NoteOn | NoteMove | NoteOff]] = []
        self.down: dict[int, NoteOn | NoteMove] = {}
        self.largest = 0
        take = node.singer.take

        def taken(effect: object, frame: int | None = None) -> None:
            if isinstance(effect, NoteOn | NoteMove | NoteOff):
                self.heard.append((time.monotonic(), effect))
                if isinstance(effect, NoteOff):
                    self.down.pop(effect.key, None)
                else:
                    self.down[effect.key] = effect
                self.largest = max(self.largest, len(self.down))
            take(effect, frame)

        node.singer.take = taken  # type: ignore[method-assign]

    @property
    def began(self) -> list[float]:
        """The notes that began, as MIDI numbers, in order."""
        return [each.point.note or 0.0 for _, each in list(self.heard) if isinstance(each, NoteOn)]

    @property
    def began_at(self) -> list[float]:
        """When each began, s."""
        return [at for at, each in list(self.heard) if isinstance(each, NoteOn)]

    @property
    def moves(self) -> list[NoteMove]:
        return [each for _, each in list(self.heard) if isinstance(each, NoteMove)]

    @property
    def state(self) -> dict[str, Any]:
        return self.node.core.state()

    def forget(self) -> None:
        self.heard.clear()
        self.largest = len(self.down)


class RealHall:
    """`with RealHall("kitchen", "attic") as hall:`; `hall.url` is the join URL.

    audio     of the synths, as in SynthOptions
    timing    of the synths and of the ensembles that this process opens. PATIENT, unless a test is about the hold: on a
              busy machine a program that shares one process with its synths may stand still for longer than that
    """

    def __init__(self, *names: str, audio: str = "none", timing: Timing = PATIENT) -> None:
        self._names, self._audio, self._timing = names, audio, timing
        self.boxes: dict[str, Box] = {}

    def __enter__(self) -> RealHall:
        self._options = vars(ensemble)["ControllerOptions"]
        vars(ensemble)["ControllerOptions"] = functools.partial(ControllerOptions, timing=self._timing)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.do(self._open())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        vars(ensemble)["ControllerOptions"] = self._options
        self.do(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        self._loop.close()

    def __getitem__(self, name: str) -> Box:
        return self.boxes[name]

    def do(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine on the loop of the hall."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    def add(self, name: str) -> Box:
        """One more synth."""
        return self.do(self._add(name))

    def remove(self, name: str) -> None:
        """A synth goes for good."""
        self.do(self.boxes.pop(name).node.stop())

    def kick(self, who: str) -> None:
        """The server sends a client away."""

        async def kicked() -> None:
            self._edge.hub.kick(who, "too loud", self._loop.time())
            await self._edge.join("ctrl-other", key=KEY)  # any event makes the server send what its core has to say

        self.do(kicked())

    @property
    def silent(self) -> bool:
        """Whether no finger is down at any synth."""
        return not any(box.down for box in self.boxes.values())

    async def _open(self) -> None:
        self._stack = AsyncExitStack()
        self._edge = await self._stack.enter_async_context(edge(key=KEY))
        self._ws_url = self._edge.ws_url
        self.url = self._ws_url.replace("ws", "http", 1).removesuffix("/ws") + f"/#key={KEY}"
        self._stack.push_async_callback(self._stop)
        for name in self._names:
            await self._add(name)

    async def _add(self, name: str) -> Box:
        servers = [Server(self._ws_url, KEY)]
        options = SynthOptions(f"synth-{name}", name, servers, audio=self._audio, timing=self._timing)
        box = self.boxes[name] = Box(SynthNode(options, on_note=lambda text: None))
        await box.node.start()
        return box

    async def _stop(self) -> None:
        for box in self.boxes.values():
            await box.node.stop()


def soon(condition: Callable[[], bool], timeout_s: float = PATIENCE_S) -> bool:
    """Whether a condition holds in time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True
