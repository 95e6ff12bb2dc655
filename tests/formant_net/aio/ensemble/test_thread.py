from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from support.suite.patience import PATIENCE_S

from formant_net.aio.ensemble.thread import LoopThread


async def nothing() -> None:
    pass


def _ctrl_c(timeout: float | None = None) -> None:
    raise KeyboardInterrupt


@pytest.fixture
def thread() -> Iterator[LoopThread]:
    thread = LoopThread("test")
    yield thread
    thread.stop(nothing())


def test_a_call_returns_what_the_coroutine_returns_and_raises_what_it_raises(thread: LoopThread) -> None:
    async def answer() -> int:
        await asyncio.sleep(0.01)
        return 42

    async def fault() -> None:
        raise TimeoutError("its own")

    assert thread.call(answer()) == 42
    with pytest.raises(TimeoutError, match="its own"):
        thread.call(fault())
    assert thread.look(lambda: threading.current_thread().name) == "test"


def test_whatever_interrupts_a_call_cancels_it(thread: LoopThread, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()

    async def long() -> None:
        try:
            await asyncio.sleep(1000.0)
        finally:
            ended.set()

    schedule = asyncio.run_coroutine_threadsafe

    def interrupted(work: Any, loop: asyncio.AbstractEventLoop) -> Any:
        future = schedule(work, loop)
        monkeypatch.setattr(future, "result", _ctrl_c)
        return future

    monkeypatch.setattr(asyncio, "run_coroutine_threadsafe", interrupted)
    with pytest.raises(KeyboardInterrupt):
        thread.call(long())
    assert ended.wait(PATIENCE_S)


def test_a_call_from_within_is_refused_instead_of_waiting_for_ever(thread: LoopThread) -> None:
    def inside() -> str:
        try:
            thread.call(nothing())
        except RuntimeError as error:
            return str(error)
        return ""

    assert "own thread" in thread.look(inside)


def test_its_end_runs_the_last_work_once() -> None:
    done: list[int] = []

    async def last() -> None:
        done.append(1)

    thread = LoopThread("test")
    thread.stop(last())
    thread.stop(last())
    assert done == [1]
    assert not thread.alive
    with pytest.raises(RuntimeError, match="after its end"):
        thread.call(nothing())


def test_it_can_be_ended_from_within() -> None:
    thread = LoopThread("test")
    thread.look(lambda: thread.stop(nothing()))
    thread._thread.join(PATIENCE_S)
    assert not thread.alive
