"""Waits for the synths of an ensemble after joining it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from formant_net.aio.client.controller import ControllerNode
from formant_net.aio.client.health import health_of
from formant_net.controller.core import SynthView
from formant_net.controller.rollcall import Rollcall


def answered(node: ControllerNode) -> list[SynthView]:
    """The synths whose link is open and whose state is known."""
    return [synth for synth in node.synths() if synth.open and synth.state]


async def gather(node: ControllerNode, patience_s: float, *, least: int = 1, named: Collection[str] = ()) -> int | None:
    """Wait until every synth that the server has answered, or no other comes; at most `patience_s`.

    least, named   as in Rollcall
    returns        how many synths the server has, or None if it does not say so
    raises         SentAway when the server does not want us
    """
    loop = asyncio.get_running_loop()
    expected: int | None = None
    try:
        async with asyncio.timeout(patience_s):
            await node.online()
            server = node.core.server
            health = await health_of(server.ws_url, server.trust, server.address) or {}
            # With other edges the count is incomplete: it has only this edge's synths.
            if isinstance(count := health.get("synths"), int) and not health.get("edges"):
                phones = health.get("phones")
                expected = count + (phones if isinstance(phones, int) else 0)
            call = Rollcall(least=least, named=named, expected=expected)

            def complete() -> bool:
                there = answered(node)
                ids = {synth.id for synth in there}
                under_way = [synth.id for synth in node.synths() if synth.id not in ids]
                return call.complete(ids, under_way, loop.time(), [synth.name for synth in there])

            await node.until(complete)
    except TimeoutError:
        pass
    return expected
