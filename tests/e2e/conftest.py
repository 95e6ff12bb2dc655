"""The whole chain, with real parts: what its tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.browser.chromium import Chromium, LoopThread, loop_thread, open_tab
from support.suite.require import require

__all__ = ["loop_thread", "open_tab"]


@pytest.fixture(scope="session")
def chromium(loop_thread: LoopThread) -> Iterator[Chromium]:
    """The browser that people use, windows included."""
    require("chromium")
    browser = Chromium(loop_thread)
    yield browser
    browser.close()
