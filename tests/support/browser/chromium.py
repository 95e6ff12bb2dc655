"""A real Chromium for synchronous tests: one browser for each session, a fresh context for each tab.

Debian has Chromium twice. `chromium` is what people use. `chromium-headless-shell` has the same engine for pages,
scripts, sound and WebRTC, and no windows: a tab takes two thirds of the processor time, one beside another less than
half. The tests of the page's parts use the shell where it is installed. The stories in tests/e2e use what people use.

Playwright's own synchronous API leaves an event loop running in the main thread, so that `asyncio.run` fails in every
later test. Here the loop runs in a thread. Sockets and peers of a test may share it (`LoopThread.run`).
"""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
from playwright.async_api import Browser, CDPSession, ConsoleMessage, FilePayload, Page, Playwright, async_playwright
from support.suite.patience import PATIENCE_S
from support.suite.require import require

ARGS = (
    "--no-sandbox",  # tests may run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WHOLE = "chromium"
SHELL = "chromium-headless-shell"
PHONE = {"width": 390, "height": 844}
T = TypeVar("T")


class LoopThread:
    """An asyncio loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="test-loop", daemon=True)
        self._thread.start()

    def run(self, coro: Coroutine[Any, Any, T], timeout_s: float = PATIENCE_S) -> T:
        """The result of `coro`, run on the loop."""
        return asyncio.run_coroutine_threadsafe(asyncio.wait_for(coro, timeout_s), self.loop).result(timeout_s + 5)

    def close(self) -> None:
        # Not by run(): its own time limit is a task as well, and would be cancelled with the others.
        asyncio.run_coroutine_threadsafe(self._cancel_all(), self.loop).result(PATIENCE_S)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(PATIENCE_S)
        self.loop.close()

    @staticmethod
    async def _cancel_all() -> None:
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclass(frozen=True)
class Finger:
    """One finger on the playing surface, in fractions of it: y = 0 at the bottom, as on the wire."""

    id: int
    x: float
    y: float
    force: float = 1.0
    """1 is what a screen without a pressure sensor reports."""


class Tab:
    """One page, which no other tab has to do with.

    ended   closes what the tab was made of
    """

    def __init__(
        self, thread: LoopThread, page: Page, cdp: CDPSession, ended: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        self.thread = thread
        self.page = page
        self.cdp = cdp
        self._ended = ended
        self._down: dict[int, Finger] = {}
        page.set_default_timeout(1000 * PATIENCE_S)
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

    def until(self, condition: str, timeout_s: float = PATIENCE_S) -> Any:
        """Wait until the JavaScript expression is true and return its value."""
        return self.thread.run(self._until(condition, timeout_s), timeout_s + 10)

    async def _until(self, condition: str, timeout_s: float) -> Any:
        # Playwright's wait_for_function evaluates inside the page, which the page's policy rightly forbids.
        deadline = self.thread.loop.time() + timeout_s
        pause_s = 0.01
        while not (value := await self.page.evaluate(f"() => ({condition})")):
            if self.thread.loop.time() > deadline:
                seen = await self.page.evaluate("() => JSON.stringify(window.formant ?? null)")
                raise TimeoutError(f"waited {timeout_s} s for {condition}; the page says {seen}, errors {self.errors}")
            pause_s = min(1.5 * pause_s, 0.06)  # asking takes processor time from what is waited for
            await asyncio.sleep(pause_s)
        return value

    def becomes(self, script: str, value: object) -> None:
        """Wait until the JavaScript expression has this value: a busy page draws later than it acts."""
        deadline = time.monotonic() + PATIENCE_S
        while (seen := self.evaluate(script)) != value:
            assert time.monotonic() < deadline, f"{script} is {seen!r} and not {value!r}"
            time.sleep(0.02)

    def drawn(self) -> None:
        """Wait until all that has changed so far is on the screen: the page draws once a frame."""
        self.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => drawn())))")

    def says(self, selector: str, words: str) -> None:
        """Wait until this is said there, perhaps among other words: a busy page draws later than it acts."""
        deadline = time.monotonic() + PATIENCE_S
        while words not in (said := self.text(selector)):
            assert time.monotonic() < deadline, f"{selector} says {said!r} and not {words!r}"
            time.sleep(0.02)

    def text(self, selector: str) -> str:
        return self.thread.run(self.page.inner_text(selector))

    def click(self, selector: str) -> None:
        self.thread.run(self.page.click(selector))

    def choose(self, selector: str, value: str) -> None:
        """An entry of a menu, as a person would."""
        self.thread.run(self.page.select_option(selector, value))

    def choose_files(self, selector: str, *files: tuple[str, bytes]) -> None:
        """Files by name, for a field that takes files."""
        chosen = [FilePayload(name=name, mimeType="text/plain", buffer=data) for name, data in files]
        self.thread.run(self.page.set_input_files(selector, chosen))

    def tap(self, selector: str) -> None:
        """A short touch in the middle of an element."""
        self.thread.run(self.page.tap(selector))

    def resize(self, width: int, height: int) -> None:
        """The page gets so many pixels."""
        self.thread.run(self.page.set_viewport_size({"width": width, "height": height}))

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
        left, top, width, height = self.surface()
        points = [
            {"id": f.id, "x": left + f.x * width, "y": top + (1 - f.y) * height, "force": f.force} for f in fingers
        ]
        self.thread.run(self.cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points}))

    def surface(self) -> tuple[float, float, float, float]:
        """Left, top, width and height of the playing surface in the window, pixels."""
        script = "(({left, top, width, height}) => [left, top, width, height])"
        box = self.evaluate(f"{script}(document.getElementById('surface').getBoundingClientRect())")
        return (box[0], box[1], box[2], box[3])

    def cancel_fingers(self) -> None:
        """The system takes the touch away."""
        self._down = {}
        self._touch("touchCancel", [])

    def close(self) -> None:
        self.thread.run(self._ended())


class Chromium:
    """One browser process."""

    def __init__(self, thread: LoopThread, env: Mapping[str, str] | None = None, program: str = WHOLE) -> None:
        """env: of the process, for example that of a sound card; its sound goes there then, and nowhere without it."""
        self.thread = thread
        self._playwright: Playwright = thread.run(async_playwright().start())
        options: dict[str, Any] = {"env": dict(env), "ignore_default_args": ["--mute-audio"]} if env else {}
        self._browser: Browser = thread.run(
            self._playwright.chromium.launch(executable_path=shutil.which(program), args=list(ARGS), **options),
            timeout_s=PATIENCE_S,
        )

    def tab(self, **context_options: Any) -> Tab:
        """An empty tab, of a phone unless told otherwise; options as for Playwright's `new_context`."""
        return self.thread.run(self._tab({"viewport": PHONE, "has_touch": True, "is_mobile": True, **context_options}))

    async def _tab(self, options: dict[str, Any]) -> Tab:
        context = await self._browser.new_context(**options)
        page = await context.new_page()
        return Tab(self.thread, page, await context.new_cdp_session(page), context.close)

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
    browser = Chromium(loop_thread, program=SHELL if shutil.which(SHELL) else WHOLE)
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
