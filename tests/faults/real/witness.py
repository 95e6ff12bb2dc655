"""A real synth, started with the arguments of `formant-node synth`, that tells what it does: one JSON object a line.

All processes of one machine share one clock, so the age of a touch is known here, whatever the synth believes.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any

from formant_net.aio.client.synth import SynthNode, SynthOptions
from formant_net.aio.driver import clock
from formant_net.aio.run import run_until_signal
from formant_net.cli.options.servers import servers_of
from formant_net.client.effects import Notice
from formant_net.ops.log import configure
from formant_net.protocol.messages import Ping, Touch
from formant_net.synth.touches import NoteMove, NoteOff, NoteOn

STATS_S = 0.1
LATE_STEP_S = 0.01


def say(event: str, **fields: Any) -> None:
    print(json.dumps({"event": event, "at": clock(), **fields}), flush=True)


def tell(told: Notice) -> None:
    say("told", what=told.event, id=told.fields.get("id"), reason=told.fields.get("reason"))


class Witness:
    """Stands between the core of a synth and its shell."""

    def __init__(self, node: SynthNode) -> None:
        self._node = node
        self._channel: Callable[..., None] = node.core.channel
        self._sing: Any = node.client._other
        self._sent_at: float | None = None
        self._taken_at = 0.0
        self._by = ""
        self.oldest_s = 0.0
        self.applied = 0
        self.heard = self.missed = 0
        """Touches and pings, which are numbered in one row, and the gaps in that row."""
        self._seqs: dict[tuple[str, int], int] = {}
        self._sounding: dict[int, str] = {}
        self._moved_at: dict[int, float] = {}
        self.longest_s = 0.0
        node.core.channel = self.channel  # type: ignore[method-assign]
        node.client._other = self.other

    def channel(self, name: str, number: int, channel: str, message: Any, now: float) -> None:
        self._by = name
        stamp = getattr(message, "t", None)
        self._sent_at = None if stamp is None else stamp / 1000.0
        self._taken_at = now
        if isinstance(message, Touch | Ping) and message.seq is not None:
            top = self._seqs.get((name, number), message.seq - 1)
            self._seqs[name, number] = max(top, message.seq)
            self.heard += 1
            self.missed += max(0, message.seq - top) - 1  # one that comes late fills its gap
        self._channel(name, number, channel, message, now)

    def other(self, effect: object) -> None:
        if isinstance(effect, NoteOn | NoteMove):
            # When the core took it in: that the machine is busy and lets the process wait afterwards is another matter.
            age_s = self._taken_at - self._sent_at if self._sent_at is not None else 0.0
            self.oldest_s = max(self.oldest_s, age_s)
            self.applied += 1
            self._moved_at[effect.key] = self._taken_at - age_s
            if isinstance(effect, NoteOn):
                self._sounding[effect.key] = self._by
                say("on", by=self._by, key=effect.key)
        elif isinstance(effect, NoteOff):
            self.longest_s = max(self.longest_s, clock() - self._moved_at.pop(effect.key))
            say("off", by=self._sounding.pop(effect.key), key=effect.key)
        self._sing(effect)

    async def stats(self) -> None:
        while True:
            # What is late here is late for every deadline of this process: the machine's doing.
            late_s, end = 0.0, clock() + STATS_S
            while (now := clock()) < end:
                await asyncio.sleep(LATE_STEP_S)
                late_s = max(late_s, clock() - now - LATE_STEP_S)
            say(
                "stats",
                applied=self.applied,
                oldest_s=self.oldest_s,
                longest_s=self.longest_s,
                sounding=len(self._sounding),
                open=list(self._node.core.open_peers),
                heard=self.heard,
                missed=self.missed,
                late_s=late_s,
            )


async def sing(options: SynthOptions) -> None:
    node = SynthNode(options, on_note=lambda text: None, on_notice=tell)
    witness = Witness(node)
    stats = asyncio.create_task(witness.stats())
    try:
        await node.start()
        await node.client.stopped
    finally:
        stats.cancel()
        await node.stop()


def main() -> None:
    name, url = sys.argv[1:]
    configure("text", "critical")
    run_until_signal(sing(SynthOptions(client_id=name, name=name, servers=servers_of((url,), None), audio="none")))


if __name__ == "__main__":
    main()
