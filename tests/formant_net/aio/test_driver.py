from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from support.sockets import run

from formant_net.aio.driver import Driver
from formant_net.errors import ProtocolError


class Script:
    """A core that does as each test says."""

    def __init__(self) -> None:
        self.due: float | None = None
        self.fired: list[float] = []
        self.out: list[str] = []

    def next_deadline(self) -> float | None:
        return self.due

    def on_deadline(self, now: float) -> None:
        self.fired.append(now)
        self.due = None

    def drain(self) -> list[str]:
        out, self.out = self.out, []
        return out

    def say(self, text: str, now: float) -> None:
        self.out.append(text)

    def wake(self, in_s: float, now: float) -> None:
        self.due = now + in_s

    def misled(self, now: float) -> None:
        raise ProtocolError("unexpected", "not now")

    def broken(self, now: float) -> None:
        raise KeyError("a fault of our own")


def driven(use: Callable[[Script, Driver, list[Any]], Any], perform: Callable[[Any], None] | None = None) -> list[Any]:
    done: list[Any] = []

    async def main() -> None:
        core = Script()
        driver = Driver(core, perform or done.append)
        result = use(core, driver, done)
        if asyncio.iscoroutine(result):
            await result
        driver.close()

    run(main())
    return done


def test_what_is_told_is_followed_by_what_it_asks_for() -> None:
    def use(core: Script, driver: Driver, _: list[Any]) -> None:
        driver.tell(core.say, "a")
        driver.tell(core.say, "b")

    assert driven(use) == ["a", "b"]


def test_what_an_effect_tells_in_turn_comes_after_all_effects_of_the_first() -> None:
    done: list[str] = []

    async def main() -> None:
        core = Script()

        def perform(effect: str) -> None:
            done.append(effect)
            if effect == "one":
                driver.tell(core.say, "echo")

        driver = Driver(core, perform)

        def both(now: float) -> None:
            core.out += ["one", "two"]

        driver.tell(both)

    run(main())
    assert done == ["one", "two", "echo"]


def test_a_fault_of_a_peer_or_of_our_own_does_not_end_the_loop() -> None:
    def use(core: Script, driver: Driver, _: list[Any]) -> None:
        driver.tell(core.misled)
        driver.tell(core.broken)
        driver.tell(core.say, "still here")

    assert driven(use) == ["still here"]


def test_an_effect_that_fails_does_not_keep_others_from_being_done() -> None:
    done: list[str] = []

    def perform(effect: str) -> None:
        if effect == "bad":
            raise OSError("no")
        done.append(effect)

    def use(core: Script, driver: Driver, _: list[Any]) -> None:
        core.out += ["bad", "good"]
        driver.tell(core.say, "last")

    driven(use, perform)
    assert done == ["good", "last"]


def test_one_timer_is_armed_for_the_earliest_deadline_and_none_is_left_over() -> None:
    async def use(core: Script, driver: Driver, done: list[Any]) -> None:
        driver.tell(core.wake, 5.0)
        for _ in range(10):
            driver.tell(core.wake, 0.01)
        await asyncio.sleep(0.05)
        done += core.fired

    assert len(driven(use)) == 1


def test_a_closed_driver_tells_nothing_more() -> None:
    async def use(core: Script, driver: Driver, done: list[Any]) -> None:
        driver.tell(core.wake, 0.01)
        driver.close()
        driver.tell(core.say, "late")
        await asyncio.sleep(0.03)
        done += core.fired

    assert driven(use) == []
