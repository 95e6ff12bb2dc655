"""The whole chain, with real parts: what its tests share."""

from __future__ import annotations

from support.browser.chromium import chromium, loop_thread, open_tab

__all__ = ["chromium", "loop_thread", "open_tab"]
