"""The notes that arrive at a synth which runs in the process of the test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from support.machine.processes import Process
from support.net.loopback import PATIENT
from support.suite.patience import PATIENCE_S

from formant_net.aio.client.synth import SynthNode, SynthOptions
from formant_net.client.servers import Server
from formant_net.synth.touches import NoteOff, NoteOn


class Hall:
    """What a synth of this process heard."""

    def __init__(self) -> None:
        self.ons: list[float | None] = []
        self.offs = 0

    async def until(self, condition: Callable[[], bool], process: Process) -> None:
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        while not condition():
            assert asyncio.get_running_loop().time() < deadline, (self.ons, self.offs, process.output())
            await asyncio.sleep(0.01)

    def box(self, server: str, key: str) -> SynthNode:
        """A synth without sound; what it hears is told. It and its player may stand still for a while."""
        synth = SynthNode(SynthOptions("synth-a", "a", [Server(server, key)], audio="none", timing=PATIENT))
        self.record(synth)
        return synth

    def record(self, synth: SynthNode) -> None:
        take = synth.singer.take

        def taken(effect: object, frame: int | None = None) -> None:
            if isinstance(effect, NoteOn):
                self.ons.append(effect.point.note)
            self.offs += isinstance(effect, NoteOff)
            take(effect, frame)

        synth.singer.take = taken  # type: ignore[method-assign]
