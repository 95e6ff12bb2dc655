"""Plays a whole ensemble in one process at random: a server, a synth, and players that come and go."""

from __future__ import annotations

import asyncio
import gc
import itertools
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from formant_dsp.model import presets
from formant_net.aio.client.controller import ControllerNode, ControllerOptions
from formant_net.aio.client.synth import SynthNode, SynthOptions
from formant_net.aio.server.edge import EdgeOptions, running_edge
from formant_net.client.servers import Server
from formant_net.ops.soak import RandomHand, Sample
from formant_net.protocol.messages import Touch
from formant_net.protocol.timing import Timing
from formant_net.synth.touches import NoteMove, NoteOn, Touches

LINK_S = 20.0
FIRST_NOTE_S = 1.0


@dataclass(frozen=True, slots=True)
class SoakOptions:
    """Length and load of a run. `stay_s`: mean seconds until a player leaves and another takes its place."""

    seconds: float = 1800.0
    every_s: float = 10.0
    peers: int = 3
    touches_hz: float = 60.0
    stay_s: float = 60.0
    seed: int = 1
    audio: str = "auto"
    voices: int = 32
    preset: str = presets.DEFAULT
    latency: str | float = "low"
    realtime: str = "auto"
    on_note: Callable[[str], None] = field(default=print)


class Soak:
    """One soak run: `await run(on_sample)`. It raises what keeps the ensemble from starting (SinkError, OSError)."""

    def __init__(self, options: SoakOptions) -> None:
        self.options = options
        self._random = Random(options.seed)
        self._touches = 0
        self._rejoins = 0

    async def run(self, on_sample: Callable[[Sample], None]) -> None:
        """Play until the time is over, and call `on_sample` every `every_s` seconds."""
        options = self.options
        async with running_edge(EdgeOptions(host="127.0.0.1", port=0, key="soak-key-soak")) as edge:
            server = Server(edge.local.ws_url, "soak-key-soak")
            synth = SynthNode(
                SynthOptions(
                    *("synth-soak", "soak", [server]),
                    audio=options.audio,
                    voices=options.voices,
                    preset=presets.load(options.preset),
                    latency=options.latency,
                    realtime=options.realtime,
                ),
                on_note=options.on_note,
            )
            self._count_touches(synth)
            await synth.start()
            players = [asyncio.create_task(self._player(i, server)) for i in range(options.peers)]
            if not players:
                players = [asyncio.create_task(self._hand_alone(synth))]
            try:
                await self._watch(synth, players, on_sample)
            finally:
                for player in players:
                    player.cancel()
                await asyncio.gather(*players, return_exceptions=True)
                await synth.stop()

    def _count_touches(self, synth: SynthNode) -> None:
        take = synth.singer.take

        def counted(effect: object, frame: int | None = None) -> None:
            self._touches += isinstance(effect, NoteOn | NoteMove)
            take(effect, frame)

        synth.singer.take = counted  # type: ignore[method-assign]

    async def _player(self, number: int, server: Server) -> None:
        """One player after another: each plays, leaves, and the next one joins."""
        random = Random(self._random.random())
        turn = 0
        while True:
            turn += 1
            node = ControllerNode(ControllerOptions(f"ctrl-soak-{number}-{turn}", [server]))
            node.start()
            try:
                async with asyncio.timeout(LINK_S):
                    await node.wait_for_synths(1)
                async with asyncio.timeout(random.expovariate(1.0 / self.options.stay_s) + FIRST_NOTE_S):
                    await self._play(node, RandomHand(random))
            except TimeoutError:
                pass
            finally:
                with suppress(Exception):
                    await node.finish()
            self._rejoins += 1

    async def _play(self, node: ControllerNode, hand: RandomHand) -> None:
        while True:
            await asyncio.sleep(1.0 / self.options.touches_hz)
            batch = hand.touches(node.client.driver.now)
            if batch:
                node.client.driver.tell(node.core.touch, batch)

    async def _hand_alone(self, synth: SynthNode) -> None:
        """Play the synth's core directly, without a network."""
        numbers = itertools.count(1)
        touches, hand = Touches(Timing(), lambda now: next(numbers)), RandomHand(Random(self._random.random()))
        loop = asyncio.get_running_loop()
        sequence = 0
        while True:
            await asyncio.sleep(1.0 / self.options.touches_hz)
            for touch in hand.touches(loop.time()):
                sequence += 1
                message = Touch(x=touch.x, y=touch.y, active=touch.active, id=touch.id, seq=sequence)
                for note in touches.touch(message, loop.time()):
                    synth.sing(note)

    async def _watch(
        self, synth: SynthNode, players: list[asyncio.Task[None]], on_sample: Callable[[Sample], None]
    ) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        due = began
        while loop.time() - began < self.options.seconds:
            due += self.options.every_s
            await asyncio.sleep(max(0.0, due - loop.time()))
            for player in players:
                if player.done():
                    player.result()
            on_sample(self._sample(synth, loop.time() - began))

    def _sample(self, synth: SynthNode, t_s: float) -> Sample:
        bank, stream = synth.bank.counters(), synth.output.counters()
        return Sample(
            t_s=round(t_s, 1),
            rss_mb=round(resident_mb(), 2),
            links=len(synth.core.open_peers),
            fingers=synth.core.fingers,
            objects=len(gc.get_objects()),
            touches=self._touches,
            rejoins=self._rejoins,
            **{name: bank[name] for name in ("active", "ring_waiting", "notes", "ring_dropped", "shed", "limited")},
            invalid=bank["invalid"],
            **{name: stream[name] for name in ("underflows", "late", "overruns")},
            **{name: round(stream[name], 1) for name in ("render_us_mean", "render_us_max", "late_us_max")},
        )


def resident_mb() -> float:
    """Resident memory of this process, 10^6 bytes. The peak where the system gives only that, 0 on Windows."""
    if sys.platform == "win32":
        return 0.0
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * float(os.sysconf("SC_PAGESIZE")) / 1e6
    except OSError:
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (1e6 if sys.platform == "darwin" else 1e3)
