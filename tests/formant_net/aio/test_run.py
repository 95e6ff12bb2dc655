"""Ending a node: a signal cancels its main coroutine, which cleans up; with and without signals in the event loop."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator

import pytest

from formant_net.aio import run


class WithoutSignals(asyncio.SelectorEventLoop):
    """As event loops are on Windows."""

    def add_signal_handler(self, sig, callback, *args):  # type: ignore[no-untyped-def]
        raise NotImplementedError

    def remove_signal_handler(self, sig):  # type: ignore[no-untyped-def]
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
    monkeypatch.setattr(run, "_loop_factory", lambda: factory)
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
    monkeypatch.setattr(run, "_loop_factory", lambda: factory)

    async def node() -> None:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        run.run_until_signal(node())
