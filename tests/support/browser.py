"""A real Chromium for tests: one a session, a fresh context a tab, driven from plain synchronous tests.

Playwright's own synchronous API leaves an event loop running in the main thread, and then `asyncio.run` fails in every
test that comes later. So the loop lives in a thread; sockets and peers of a test may share it (`LoopThread.run`).
"""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
from playwright.async_api import Browser, BrowserContext, CDPSession, ConsoleMessage, Page, Playwright, async_playwright
from support.require import require

ARGS = (
    "--no-sandbox",  # tests may run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE = {"width": 390, "height": 844}
T = TypeVar("T")


class LoopThread:
    """An asyncio loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="test-loop", daemon=True)
        self._thread.start()

    def run(self, coro: Coroutine[Any, Any, T], timeout_s: float = 30.0) -> T:
        """The result of `coro`, run on the loop."""
        return asyncio.run_coroutine_threadsafe(asyncio.wait_for(coro, timeout_s), self.loop).result(timeout_s + 5)

    def close(self) -> None:
        # Not by run(): its own time limit is a task as well, and would be cancelled with the others.
        asyncio.run_coroutine_threadsafe(self._cancel_all(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()

    @staticmethod
    async def _cancel_all() -> None:
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclass(frozen=True)
class Finger:
    """One finger on the glass, in fractions of the viewport: y = 0 at the bottom, as on the wire."""

    id: int
    x: float
    y: float
    force: float = 1.0
    """1 is what a screen without a pressure sensor reports."""


class Tab:
    """One page in a context of its own."""

    def __init__(self, thread: LoopThread, context: BrowserContext, page: Page, cdp: CDPSession) -> None:
        self.thread = thread
        self.context = context
        self.page = page
        self.cdp = cdp
        self._down: dict[int, Finger] = {}
        self.errors: list[str] = []
        """Whatever a clean page never prints; failed connections, which the browser itself reports, are left out."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _console(self, message: ConsoleMessage) -> None:
        text = message.text
        if message.type in ("error", "warning") and not text.startswith("WebSocket connection to"):
            self.errors.append(text)

    def goto(self, url: str) -> None:
        self.thread.run(self.page.goto(url))

    def reload(self) -> None:
        self.thread.run(self.page.reload())

    def evaluate(self, script: str, arg: object = None) -> Any:
        return self.thread.run(self.page.evaluate(script, arg))

    def until(self, condition: str, timeout_s: float = 10.0) -> Any:
        """Wait until the JavaScript expression is true and return its value."""
        return self.thread.run(self._until(condition, timeout_s), timeout_s + 10)

    async def _until(self, condition: str, timeout_s: float) -> Any:
        # Playwright's wait_for_function evaluates inside the page, which the page's policy rightly forbids.
        deadline = self.thread.loop.time() + timeout_s
        while not (value := await self.page.evaluate(f"() => ({condition})")):
            if self.thread.loop.time() > deadline:
                seen = await self.page.evaluate("() => JSON.stringify(window.formant ?? null)")
                raise TimeoutError(f"waited {timeout_s} s for {condition}; the page says {seen}, errors {self.errors}")
            await asyncio.sleep(0.02)
        return value

    def text(self, selector: str) -> str:
        return self.thread.run(self.page.inner_text(selector))

    def click(self, selector: str) -> None:
        self.thread.run(self.page.click(selector))

    def choose(self, selector: str, value: str) -> None:
        """An entry of a menu, as a person would."""
        self.thread.run(self.page.select_option(selector, value))

    def fill(self, selector: str, text: str) -> None:
        self.thread.run(self.page.fill(selector, text))

    def key_down(self, key: str) -> None:
        self.thread.run(self.page.keyboard.down(key))

    def key_up(self, key: str) -> None:
        self.thread.run(self.page.keyboard.up(key))

    def fingers(self, *fingers: Finger) -> None:
        """Exactly these fingers are down now: new ones touch, known ones move, those not named are lifted."""
        lifted = [finger for key, finger in self._down.items() if key not in {f.id for f in fingers}]
        new = {f.id for f in fingers} - self._down.keys()
        self._down = {finger.id: finger for finger in fingers}
        # Chromium's touchEnd names the fingers that are lifted, or none for all of them.
        if lifted:
            self._touch("touchEnd", lifted if fingers else [])
        if fingers:
            self._touch("touchStart" if new else "touchMove", list(fingers))

    def _touch(self, kind: str, fingers: list[Finger]) -> None:
        size = self.page.viewport_size or PHONE
        points = [
            {"id": f.id, "x": f.x * size["width"], "y": (1 - f.y) * size["height"], "force": f.force} for f in fingers
        ]
        self.thread.run(self.cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points}))

    def cancel_fingers(self) -> None:
        """The system takes the touch away."""
        self._down = {}
        self._touch("touchCancel", [])

    def close(self) -> None:
        self.thread.run(self.context.close())


class Chromium:
    """One browser process."""

    def __init__(self, thread: LoopThread) -> None:
        self.thread = thread
        self._playwright: Playwright = thread.run(async_playwright().start())
        self._browser: Browser = thread.run(
            self._playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(ARGS)), timeout_s=60
        )

    def tab(self, **context_options: Any) -> Tab:
        """An empty tab, of a phone unless told otherwise; options as for Playwright's `new_context`."""
        options: dict[str, Any] = {"viewport": PHONE, "has_touch": True, "is_mobile": True, **context_options}
        return self.thread.run(self._tab(options))

    async def _tab(self, options: dict[str, Any]) -> Tab:
        context = await self._browser.new_context(**options)
        page = await context.new_page()
        return Tab(self.thread, context, page, await context.new_cdp_session(page))

    def close(self) -> None:
        self.thread.run(self._browser.close())
        self.thread.run(self._playwright.stop())


@pytest.fixture(scope="session")
def loop_thread() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.close()


@pytest.fixture(scope="session")
def chromium(loop_thread: LoopThread) -> Iterator[Chromium]:
    require("chromium")
    browser = Chromium(loop_thread)
    yield browser
    browser.close()


OpenTab = Callable[..., Tab]


@pytest.fixture
def open_tab(chromium: Chromium) -> Iterator[OpenTab]:
    """`open_tab(url, **context_options)`: a tab at that address, closed after the test."""
    tabs: list[Tab] = []

    def open_one(url: str, **context_options: Any) -> Tab:
        tab = chromium.tab(**context_options)
        tabs.append(tab)
        tab.goto(url)
        return tab

    yield open_one
    for tab in tabs:
        tab.close()
