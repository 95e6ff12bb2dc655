"""A real Firefox for tests, the second browser engine of the page, driven over its Marionette port.

Debian's `firefox-esr` has no WebDriver. Every Firefox has the Marionette port, which speaks JSON with a length prefix.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from support.browser.chromium import Finger
from support.net.ports import free_port
from support.suite.patience import PATIENCE_S
from support.suite.require import require

PREFS = {
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.w3c_touch_events.enabled": 1,
    "focusmanager.testmode": True,
    "midi.prompt.testing": True,  # no question; refused unless media.navigator.permission.disabled is set
    "midi.testing": True,  # ports of the browser itself, in place of those of the machine
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "remote.prefs.recommended": True,
    "toolkit.telemetry.enabled": False,
}
SIZE = (820, 900)
STARTS_WITHIN_S = 100.0
"""Beside heavy work a Firefox has taken more than a minute to start and to answer its first command."""
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""How WebDriver names an element."""
KEYS = {"Enter": "\ue007", "Escape": "\ue00c", "Space": " ", "Tab": "\ue004"}
"""How WebDriver names keys that write no letter."""


class MarionetteError(RuntimeError):
    """Firefox could not do what it was asked."""


class SilentError(MarionetteError):
    """Firefox did not answer a command. A later answer could be taken for that of the next one, so there is none."""


class Marionette:
    """The connection: one command, one answer. Raises MarionetteError with what Firefox says.

    It is closed when an answer does not come: from then on every command raises SilentError at once.
    """

    def __init__(self, port: int, timeout_s: float = STARTS_WITHIN_S) -> None:
        self._timeout_s = timeout_s
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                self._socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        self._rest = b""
        self._last = 0
        self._unanswered = ""
        self._read()  # its greeting

    def __call__(self, name: str, **parameters: Any) -> Any:
        if self._unanswered:
            raise SilentError(f"{name}: not asked, because Firefox did not answer {self._unanswered}")
        self._last += 1
        body = json.dumps([0, self._last, name, parameters]).encode()
        self._unanswered = name
        try:
            self._socket.sendall(str(len(body)).encode() + b":" + body)
            _, number, error, result = self._read()
        except TimeoutError:
            self.close()
            raise SilentError(f"{name}: no answer within {self._timeout_s:g} s") from None
        if number != self._last:
            raise MarionetteError(f"{name}: command {self._last} got the answer of {number}")
        self._unanswered = ""
        if error is not None:
            raise MarionetteError(f"{name}: {error['error']}: {error['message']}")
        return result.get("value", result) if isinstance(result, dict) else result

    @property
    def silent(self) -> bool:
        """Whether a command has had no answer, and none will have one."""
        return bool(self._unanswered)

    def close(self) -> None:
        self._socket.close()

    def _read(self) -> Any:
        while b":" not in self._rest:
            self._rest += self._receive()
        length, _, self._rest = self._rest.partition(b":")
        while len(self._rest) < int(length):
            self._rest += self._receive()
        body, self._rest = self._rest[: int(length)], self._rest[int(length) :]
        return json.loads(body)

    def _receive(self) -> bytes:
        data = self._socket.recv(65536)
        if not data:
            raise MarionetteError("Firefox is gone")
        return data


WATCH = """() => {
  window.failures = [];
  window.addEventListener("error", (event) => window.failures.push(String(event.message)));
  window.addEventListener("unhandledrejection", (event) => window.failures.push(String(event.reason)));
}"""

RESIZE = """
  const { style } = gBrowser.selectedBrowser;
  for (const [side, pixels] of [["width", arguments[0]], ["height", arguments[1]]]) {
    for (const name of [side, `min-${side}`, `max-${side}`]) style.setProperty(name, `${pixels}px`);
  }
"""
"""Of the page alone: a window of Firefox is at least 500 pixels wide."""


class FirefoxTab:
    """One page in a tab of its own, with the same words as a tab of Chromium (`support.browser.chromium.Tab`)."""

    def __init__(self, ask: Marionette) -> None:
        self._ask = ask
        self._handle = ask("WebDriver:NewWindow", type="tab", focus=True)["handle"]
        self._down: dict[int, Finger] = {}
        self._folders: list[tempfile.TemporaryDirectory[str]] = []
        """Files that were chosen: a page reads them when it likes."""
        self._here()

    def goto(self, url: str) -> None:
        self._here()
        self._ask("WebDriver:Navigate", url=url)
        self.evaluate(WATCH)

    def reload(self) -> None:
        self._here()
        self._ask("WebDriver:Refresh")
        self.evaluate(WATCH)

    @property
    def errors(self) -> list[str]:
        """What the page that is open now failed at, from the end of its loading on."""
        return list(self.evaluate("window.failures ?? []"))

    def evaluate(self, script: str) -> Any:
        """The value of a JavaScript expression; of a function, what it returns."""
        self._here()
        given = f"const given = ({script}); return typeof given === 'function' ? given() : given;"
        return self._ask("WebDriver:ExecuteScript", script=given, args=[], sandbox=None)

    def until(self, condition: str, timeout_s: float = PATIENCE_S) -> Any:
        """Wait until the JavaScript expression is true and return its value."""
        deadline = time.monotonic() + timeout_s
        while not (value := self.evaluate(condition)):
            if time.monotonic() > deadline:
                seen = self.evaluate("JSON.stringify(window.formant ?? null)")
                raise TimeoutError(f"waited {timeout_s} s for {condition}; the page says {seen}")
            time.sleep(0.02)
        return value

    def says(self, selector: str, words: str) -> None:
        """Wait until this is said there, perhaps among other words: a busy page draws later than it acts."""
        deadline = time.monotonic() + PATIENCE_S
        while words not in (said := self.text(selector)):
            assert time.monotonic() < deadline, f"{selector} says {said!r} and not {words!r}"
            time.sleep(0.02)

    def becomes(self, script: str, value: object) -> None:
        """Wait until the JavaScript expression has this value."""
        deadline = time.monotonic() + PATIENCE_S
        while (seen := self.evaluate(script)) != value:
            assert time.monotonic() < deadline, f"{script} is {seen!r} and not {value!r}"
            time.sleep(0.02)

    def text(self, selector: str) -> str:
        return str(self.evaluate(f"document.querySelector({selector!r}).innerText"))

    def click(self, selector: str) -> None:
        self._ask("WebDriver:ElementClick", id=self._element(selector))

    def tap(self, selector: str) -> None:
        """A short touch in the middle of an element."""
        place = {"origin": {ELEMENT: self._element(selector)}, "x": 0, "y": 0}
        actions = [{"type": "pointerMove", "duration": 0, **place}, {"type": "pointerDown", "button": 0}]
        pointer = {"type": "pointer", "id": "tapping", "parameters": {"pointerType": "touch"}}
        self._perform({**pointer, "actions": [*actions, {"type": "pointerUp", "button": 0}]})

    def choose(self, selector: str, value: str) -> None:
        """An entry of a menu."""
        self.click(f"{selector} option[value={json.dumps(value)}]")

    def choose_files(self, selector: str, *files: tuple[str, bytes]) -> None:
        """Files by name, for a field that takes files."""
        folder = tempfile.TemporaryDirectory(prefix="formant-files-")
        self._folders.append(folder)
        for name, data in files:
            Path(folder.name, name).write_bytes(data)
        paths = "\n".join(str(Path(folder.name, name)) for name, _ in files)
        self._ask("WebDriver:ElementSendKeys", id=self._element(selector), text=paths)

    def fill(self, selector: str, text: str) -> None:
        element = self._element(selector)
        self._ask("WebDriver:ElementClear", id=element)
        self._ask("WebDriver:ElementSendKeys", id=element, text=text)

    def key_down(self, key: str) -> None:
        """A key of the keyboard, by its letter or as one of KEYS."""
        self._key("keyDown", key)

    def key_up(self, key: str) -> None:
        self._key("keyUp", key)

    def resize(self, width: int, height: int) -> None:
        """The page gets so many pixels."""
        self.browser(RESIZE, width, height)
        self.until(f"innerWidth === {width} && innerHeight === {height}")

    def browser(self, script: str, *args: Any) -> Any:
        """Run a script in the window of the browser, where this tab is the one that is shown; what it returns."""
        self._here()
        self._ask("Marionette:SetContext", value="chrome")
        try:
            return self._ask("WebDriver:ExecuteScript", script=script, args=list(args), sandbox=None)
        finally:
            self._ask("Marionette:SetContext", value="content")

    def surface(self) -> tuple[float, float, float, float]:
        """Left, top, width and height of the playing surface in the window, pixels."""
        script = "(({left, top, width, height}) => [left, top, width, height])"
        box = self.evaluate(f"{script}(document.getElementById('surface').getBoundingClientRect())")
        return (box[0], box[1], box[2], box[3])

    def fingers(self, *fingers: Finger) -> None:
        """Exactly these fingers are down now: new ones touch, known ones move, those not named are lifted.

        One after the other: of several that come down in one instant Firefox makes a pointer of the first only.
        """
        left, top, width, height = self.surface()
        now = {finger.id: finger for finger in fingers}
        for number in sorted(self._down.keys() | now.keys()):
            actions: list[dict[str, Any]] = []
            if number in now:
                finger = now[number]
                place = {"x": round(left + finger.x * width), "y": round(top + (1 - finger.y) * height)}
                actions.append({"type": "pointerMove", "duration": 0, "origin": "viewport", **place})
            if number not in self._down:
                actions.append({"type": "pointerDown", "button": 0})
            elif number not in now:
                actions.append({"type": "pointerUp", "button": 0})
            pointer = {"type": "pointer", "id": f"finger{number}", "parameters": {"pointerType": "touch"}}
            self._perform({**pointer, "actions": actions})
        self._down = now

    def mouse(self, *actions: dict[str, Any]) -> None:
        """Moves and buttons of the mouse, as WebDriver writes them."""
        pointer = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}}
        self._perform({**pointer, "actions": list(actions)})

    def close(self) -> None:
        for folder in self._folders:
            folder.cleanup()
        if self._ask.silent:
            return  # the browser is given up as a whole
        with suppress(MarionetteError):  # a page of no server keeps nothing
            self.evaluate("[localStorage.clear(), sessionStorage.clear()]")  # the next server may have this port
        self._here()
        self._ask("WebDriver:CloseWindow")

    def _key(self, action: str, key: str) -> None:
        self._perform({"type": "key", "id": "keys", "actions": [{"type": action, "value": KEYS.get(key, key)}]})

    def _perform(self, source: dict[str, Any]) -> None:
        self._here()
        self._ask("WebDriver:PerformActions", actions=[source])

    def _element(self, selector: str) -> str:
        self._here()
        found = self._ask("WebDriver:FindElement", using="css selector", value=selector)
        return str(found[ELEMENT])

    def _here(self) -> None:
        self._ask("WebDriver:SwitchToWindow", handle=self._handle, focus=True)


class Firefox:
    """One browser process with a profile of its own. If it no longer answers, the next tab begins another process."""

    def __init__(self, prefs: Mapping[str, Any] | None = None, env: Mapping[str, str] | None = None) -> None:
        """env: of the process, for example that of a sound card."""
        self._prefs, self._env = dict(prefs or {}), env
        self._start()

    def _start(self) -> None:
        self._profile = tempfile.TemporaryDirectory(prefix="formant-firefox-")
        port = free_port()
        lines = [
            f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
            for name, value in {**PREFS, **self._prefs, "marionette.port": port}.items()
        ]
        Path(self._profile.name, "user.js").write_text("".join(lines))
        program = shutil.which("firefox-esr") or shutil.which("firefox")
        assert program is not None
        command = [program, "--headless", "--marionette", "--remote-allow-system-access"]
        command += ["--no-remote", "--profile", self._profile.name]
        size = ["--width", str(SIZE[0]), "--height", str(SIZE[1])]
        self._process = subprocess.Popen(
            [*command, *size], env=self._env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._ask = Marionette(port)
        self._ask("WebDriver:NewSession", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}})
        self._first = self._ask("WebDriver:GetWindowHandle")

    def tab(self) -> FirefoxTab:
        """An empty tab."""
        if self._ask.silent:
            self.close()
            self._start()
        self._ask("WebDriver:SwitchToWindow", handle=self._first, focus=True)  # the last one may be closed
        return FirefoxTab(self._ask)

    def close(self) -> None:
        try:
            self._ask("Marionette:Quit", flags=["eForceQuit"])
        except (MarionetteError, OSError):
            self._process.terminate()
        self._ask.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._profile.cleanup()


@pytest.fixture(scope="session")
def firefox() -> Iterator[Firefox]:
    require("firefox-esr")
    browser = Firefox()
    yield browser
    browser.close()


OpenFirefoxTab = Callable[[str], FirefoxTab]


@pytest.fixture
def firefox_tab(firefox: Firefox) -> Iterator[OpenFirefoxTab]:
    """`firefox_tab(url)`: a tab at that address, closed after the test."""
    tabs: list[FirefoxTab] = []

    def open_one(url: str) -> FirefoxTab:
        tab = firefox.tab()
        tabs.append(tab)
        tab.goto(url)
        return tab

    yield open_one
    for tab in tabs:
        tab.close()
