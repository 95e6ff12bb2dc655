"""What every test of the page needs: a relay, a synth, a tab that plays it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from page.offerer import Offerer
from page.relay import Relay
from support.browser import LoopThread, OpenTab, Tab, chromium, loop_thread, open_tab

__all__ = ["chromium", "loop_thread", "open_tab"]

ONE_OPEN = "formant.links.length === 1 && formant.links[0].state === 'open' && formant.links[0].told"


class Stage:
    """A relay with tabs and synths on it; everything is taken down after the test."""

    def __init__(self, thread: LoopThread, open_tab: OpenTab) -> None:
        self.thread = thread
        self._open_tab = open_tab
        self.relays: list[Relay] = []
        self.synths: list[Offerer] = []

    def relay(self, **options: Any) -> Relay:
        relay = Relay(**options)
        self.relays.append(relay)
        self.thread.run(relay.start())
        return relay

    def synth(self, relay: Relay, **options: Any) -> Offerer:
        synth = Offerer(**options)
        self.synths.append(synth)
        self.thread.run(synth.start(relay.host, relay.port))
        return synth

    def tab(self, relay: Relay, **options: Any) -> Tab:
        return self._open_tab(relay.url, **options)

    def playing(self, **synth_options: Any) -> tuple[Relay, Offerer, Tab]:
        """A relay, a synth and a tab whose link is open and has told its state."""
        relay = self.relay()
        synth = self.synth(relay, **synth_options)
        tab = self.tab(relay)
        tab.until(ONE_OPEN)
        return relay, synth, tab

    def until(self, condition: Callable[[], Any], what: str, timeout_s: float = 10.0) -> Any:
        """Wait for something that the loop's thread will bring about."""
        deadline = time.monotonic() + timeout_s
        while not (value := condition()):
            assert time.monotonic() < deadline, f"waited {timeout_s} s for: {what}"
            time.sleep(0.005)
        return value

    def close(self) -> None:
        for synth in self.synths:
            self.thread.run(synth.stop())
        for relay in self.relays:
            self.thread.run(relay.stop())


@pytest.fixture
def stage(loop_thread: LoopThread, open_tab: OpenTab) -> Iterator[Stage]:
    made = Stage(loop_thread, open_tab)
    yield made
    made.close()
