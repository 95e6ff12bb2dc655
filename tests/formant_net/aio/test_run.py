"""Ending a node: a signal cancels its main coroutine, which cleans up; with and without signals in the event loop.
A fault in a task that nobody waits for ends nothing."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
from collections.abc import Callable, Iterator

import pytest

from formant_net.aio import run
from formant_net.ops.log import configure


class WithoutSignals(asyncio.SelectorEventLoop):
    """As event loops are on Windows."""

    def add_signal_handler(self, sig: int, callback: Callable[..., object], *args: object) -> None:
        raise NotImplementedError

    def remove_signal_handler(self, sig: int) -> bool:
        raise NotImplementedError


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Signals mean afterwards what they meant before."""
    before = {received: signal.getsignal(received) for received in run._ENDING}
    yield
    for received, handler in before.items():
        signal.signal(received, handler)


@pytest.mark.parametrize("factory", [None, WithoutSignals])
@pytest.mark.parametrize("received", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_cancels_once_and_is_a_normal_end(
    monkeypatch: pytest.MonkeyPatch, factory: Callable[[], asyncio.AbstractEventLoop] | None, received: signal.Signals
) -> None:
    monkeypatch.setattr(run, "loop_factory", lambda: factory)
    seen: list[object] = []

    async def node() -> None:
        os.kill(os.getpid(), received)
        try:
            await run.until_cancelled()
        finally:
            seen.append("cleaned up")
            seen.append(signal.getsignal(received))

    run.run_until_signal(node())
    assert seen == ["cleaned up", signal.SIG_DFL], "a second signal ends the process the hard way"


@pytest.mark.parametrize("factory", [None, WithoutSignals])
def test_an_error_of_the_node_is_not_swallowed(
    monkeypatch: pytest.MonkeyPatch, factory: Callable[[], asyncio.AbstractEventLoop] | None
) -> None:
    monkeypatch.setattr(run, "loop_factory", lambda: factory)

    async def node() -> None:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        run.run_until_signal(node())


def test_a_second_signal_of_another_kind_does_not_interrupt_the_clean_up() -> None:
    cleaned_up = False

    async def node() -> None:
        nonlocal cleaned_up
        os.kill(os.getpid(), signal.SIGTERM)
        try:
            await run.until_cancelled()
        finally:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(0.01)
            cleaned_up = True

    run.run_until_signal(node())
    assert cleaned_up


def test_a_fault_in_a_task_is_one_line_of_the_log_and_the_node_goes_on() -> None:
    out = io.StringIO()
    configure("json", stream=out)

    async def broken() -> None:
        raise RuntimeError("broken")

    async def node() -> None:
        for k in range(3):
            task = asyncio.create_task(broken(), name=f"task-{k}")
            await asyncio.sleep(0)
            del task
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)
        await asyncio.sleep(0)

    run.run_until_signal(node())
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line["task"] for line in lines] == ["task-0", "task-1", "task-2", None]
    assert all(line["event"] == "fault in a task; going on" for line in lines)
    assert "RuntimeError: broken" in lines[0]["exception"]
    assert "ZeroDivisionError" in lines[3]["exception"]
