from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from support.net.loopback import run

from formant_net.aio import driver as drivers
from formant_net.aio.driver import Driver
from formant_net.protocol.errors import ProtocolError


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


def test_a_core_that_says_that_no_deadline_has_moved_is_not_asked_for_it() -> None:
    async def use() -> None:
        core, moved, asked = Script(), True, 0
        deadline = core.next_deadline

        def counted() -> float | None:
            nonlocal asked
            asked += 1
            return deadline()

        core.next_deadline = counted  # type: ignore[method-assign]
        driver = Driver(core, lambda _: None, moved=lambda: moved)
        driver.tell(core.wake, 60.0)
        await asyncio.sleep(0)
        assert asked == 1
        moved = False
        for _ in range(10):
            driver.tell(core.say, "beat")
            await asyncio.sleep(0)
        assert asked == 1
        moved = True
        driver.tell(core.wake, 0.01)
        while not core.fired:
            await asyncio.sleep(0.005)
        assert len(core.fired) == 1
        driver.close()

    run(use())


def test_a_closed_driver_tells_nothing_more() -> None:
    async def use(core: Script, driver: Driver, done: list[Any]) -> None:
        driver.tell(core.wake, 0.01)
        driver.close()
        driver.tell(core.say, "late")
        await asyncio.sleep(0.03)
        done += core.fired

    assert driven(use) == []


def test_a_deadline_that_passed_while_the_machine_slept_is_met_with_the_next_thing_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def use(core: Script, driver: Driver, done: list[Any]) -> None:
        driver.tell(core.wake, 60.0)
        awake = drivers.clock()
        monkeypatch.setattr(drivers, "clock", lambda: awake + 3600.0)  # the loop's own timer has not gone on meanwhile
        driver.tell(core.say, "good morning")
        await asyncio.sleep(0.02)
        done += core.fired

    _, fired = driven(use)
    assert isinstance(fired, float)


def test_before_each_change_the_shell_is_asked_and_after_a_fault_it_is_told_what_was_given() -> None:
    calls: list[Any] = []

    async def main() -> None:
        core = Script()
        driver = Driver(core, calls.append, before=lambda now: calls.append("before"), on_fault=calls.append)

        def broken(conn: int, now: float) -> None:
            raise KeyError("a fault of our own")

        driver.tell(core.say, "a")
        driver.tell(broken, 7)
        driver.tell(core.wake, 0.001)
        await asyncio.sleep(0.02)
        driver.close()

    run(main())
    assert calls == ["before", "a", "before", (7,), "before", "before"]
