"""Following a machine's addresses: changes are told once, and a fault in between ends nothing."""

from __future__ import annotations

import asyncio

from support.net.loopback import run
from support.suite.patience import PATIENCE_S

from formant_net.aio.lan.watch import readdressed
from formant_net.lan.addresses import Interface

ETH, WLAN = Interface("eth0", ("192.168.1.20",)), Interface("wlan0", ("192.168.4.1",))


def test_each_change_is_told_once_and_faults_are_survived() -> None:
    looks: list[list[Interface] | OSError] = [[], [], [ETH], OSError(24, "too many files"), [ETH], [ETH, WLAN]]
    told: list[list[Interface]] = []

    def look() -> list[Interface]:
        found = looks.pop(0) if len(looks) > 1 else looks[0]
        if isinstance(found, OSError):
            raise found
        return found

    async def story() -> None:
        async with readdressed(told.append, look=look, interval_s=0.001) as first, asyncio.timeout(PATIENCE_S):
            assert first == []
            while len(told) < 2:
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.02)

    run(story())
    assert told == [[ETH], [ETH, WLAN]]
