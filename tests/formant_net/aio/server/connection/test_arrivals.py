"""However many newcomers wait, one turn of the loop gives all of them together a short time."""

from __future__ import annotations

import asyncio

import pytest

from formant_net.aio.server.connection import arrivals as module
from formant_net.aio.server.connection.arrivals import TURN_S, Arrivals


class Slow:
    """A newcomer whose request takes a while of the clock."""

    def __init__(self, clock: list[float], fed: list[Slow], group: str = "") -> None:
        self._clock, self._fed, self.group = clock, fed, group

    def feed(self) -> None:
        self._clock[0] += TURN_S / 3
        self._fed.append(self)


def test_a_turn_is_bounded_and_everybody_has_one_in_the_order_of_coming(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(module, "clock", lambda: clock[0])

    async def story() -> None:
        fed: list[Slow] = []
        queue = Arrivals(asyncio.get_running_loop())
        crowd = [Slow(clock, fed) for _ in range(100)]
        for one in crowd:
            queue.add(one)
        turns = 0
        while len(queue):
            before = len(fed)
            await asyncio.sleep(0)  # in a turn of the loop, a registered client is served as well
            assert len(fed) - before <= 4
            turns += 1
        assert turns >= 25
        assert fed == crowd

    asyncio.run(story())


def test_who_comes_again_in_its_turn_waits_for_the_next() -> None:
    async def story() -> None:
        queue = Arrivals(asyncio.get_running_loop())
        fed: list[str] = []

        class Again:
            group = ""

            def feed(self) -> None:
                fed.append("again")
                queue.add(self)

        class Once:
            group = ""

            def feed(self) -> None:
                fed.append("once")

        queue.add(Again())
        queue.add(Once())
        await asyncio.sleep(0)
        assert fed == ["again", "once"]

    asyncio.run(story())


async def behind_a_crowd(clock: list[float], crowd: str, addresses: int, *others: str) -> tuple[Arrivals, list[Slow]]:
    """Who is fed until each of the others has had a turn; 2,000 of a crowd came before them."""
    fed: list[Slow] = []
    queue = Arrivals(asyncio.get_running_loop())
    for n in range(2000):
        queue.add(Slow(clock, fed, f"{crowd}.{n % addresses}"))
    waiting = [Slow(clock, fed, group) for group in others]
    for one in waiting:
        queue.add(one)
    while not all(one in fed for one in waiting):
        await asyncio.sleep(0)
    return queue, fed


@pytest.mark.parametrize("addresses", [1, 40])
def test_a_guest_waits_for_one_of_each_other_token_however_many_addresses_that_has(
    monkeypatch: pytest.MonkeyPatch, addresses: int
) -> None:
    clock = [0.0]
    monkeypatch.setattr(module, "clock", lambda: clock[0])

    async def story() -> None:
        _, fed = await behind_a_crowd(clock, "crowd", addresses, "others.7", "third.8")
        assert len(fed) <= 2 + 4  # here: the end of a loop feeds more of them

    asyncio.run(story())


@pytest.mark.parametrize("addresses", [1, 40])
def test_a_newcomer_waits_for_one_of_each_other_address_however_many_others_wait(
    monkeypatch: pytest.MonkeyPatch, addresses: int
) -> None:
    """A server that is too busy for its guests has 2,000 of them waiting; a player of another address comes last."""
    clock = [0.0]
    monkeypatch.setattr(module, "clock", lambda: clock[0])

    async def story() -> None:
        queue, fed = await behind_a_crowd(clock, ".192.0.2", addresses, ".198.51.100.7")
        assert len(fed) <= addresses + 4
        while len(queue):
            await asyncio.sleep(0)
        assert len(fed) == 2001

    asyncio.run(story())
