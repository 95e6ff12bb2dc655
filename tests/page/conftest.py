"""What every test of the page needs: a relay, a synth, a tab that plays it, and a tab to ask a module by itself."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest
from page.offerer import Heard, Offerer
from page.relay import Relay
from support.browser.chromium import Chromium, LoopThread, OpenTab, Tab, chromium, loop_thread, open_tab
from support.suite.patience import PATIENCE_S

from formant_net.protocol.timing import Timing

__all__ = ["chromium", "loop_thread", "open_tab"]

R = TypeVar("R", bound=Relay)
PATIENT = Timing(hold_s=60.0, touch_age_s=60.0, dead_s=30.0, abandon_s=120.0)
"""What pages are served. On a busy machine any thread stands still for a second now and then. With the product's own
times a held finger is then another note, a touch is too old, or a synth seems dead. A test of these times asks for
them: `stage.relay(timing=Timing(), lease_s=LEASE_S)`."""
LEASE_S = 1.0
"""The product's lease of a voice."""
PATIENT_LEASE_S = 60.0
ONE_OPEN = "formant.links.length === 1 && formant.links[0].state === 'open' && formant.links[0].told"


class Stage:
    """A relay with tabs and synths on it; everything is taken down after the test."""

    def __init__(self, thread: LoopThread, open_tab: OpenTab) -> None:
        self.thread = thread
        self._open_tab = open_tab
        self.relays: list[Relay] = []
        self.synths: list[Offerer] = []

    def relay(self, timing: Timing = PATIENT, lease_s: float = PATIENT_LEASE_S, **options: Any) -> Relay:
        relay = Relay(timing=timing, **options)
        relay.alter("/sing/voice.js", "const LEASE_S = 1;", f"const LEASE_S = {lease_s};")
        relay.alter("/sing/device.js", "{ looks: 10,", "{ looks: 1000,")  # at a clock that stands still
        return self.started(relay)

    def started(self, relay: R) -> R:
        self.relays.append(relay)
        self.thread.run(relay.start())
        return relay

    def synth(self, relay: Relay, **options: Any) -> Offerer:
        synth = Offerer(**options)
        self.synths.append(synth)
        self.thread.run(synth.start(relay.host, relay.port))
        return synth

    def tab(self, relay: Relay, path: str = "", **options: Any) -> Tab:
        return self._open_tab(relay.at(path), **options)

    def playing(self, *, timing: Timing = PATIENT, **synth_options: Any) -> tuple[Relay, Offerer, Tab]:
        """A relay, a synth and a tab whose link is open and has told its state."""
        relay = self.relay(timing)
        synth = self.synth(relay, **synth_options)
        tab = self.tab(relay)
        tab.until(ONE_OPEN)
        return relay, synth, tab

    def until(self, condition: Callable[[], Any], what: str, timeout_s: float = PATIENCE_S) -> Any:
        """Wait for something that the loop's thread will bring about."""
        deadline = time.monotonic() + timeout_s
        while not (value := condition()):
            assert time.monotonic() < deadline, f"waited {timeout_s} s for: {what}"
            time.sleep(0.005)
        return value

    def steady_second(self, heard: Callable[[], list[Heard]]) -> list[Heard]:
        """What came in one second, in which 45 to 65 came. A busy machine holds a page up for a while, not for ever."""

        def found() -> list[Heard] | None:
            came = heard()
            times = [one.at for one in came]
            for first, begin in enumerate(times):
                if times[-1] < begin + 1.0:
                    break
                end = bisect_right(times, begin + 1.0)
                if 45 <= end - first <= 65:
                    return came[first:end]
            return None

        second: list[Heard] = self.until(found, "a second with 45 to 65 touches")
        return second

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


@pytest.fixture(scope="session")
def tab(loop_thread: LoopThread, chromium: Chromium) -> Iterator[Tab]:
    """A page to import modules into: one for all tests, as a module keeps nothing of its own."""
    relay = Relay()
    loop_thread.run(relay.start())
    tab = chromium.tab()
    tab.goto(relay.url)
    yield tab
    tab.close()
    loop_thread.run(relay.stop())


def ask(tab: Tab, module: str, body: str) -> Any:
    """What `body` returns, with the module as `m` and the page's `timing` and `bounds`."""
    numbers = "const { timing, bounds } = (await import('/protocol/numbers.js')).readNumbers();"
    return tab.evaluate(f"async () => {{ const m = await import('/{module}.js'); {numbers} {body} }}")
