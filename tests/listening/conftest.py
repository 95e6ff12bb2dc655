from support.browser.chromium import chromium, loop_thread, open_tab

__all__ = ["chromium", "loop_thread", "open_tab"]
