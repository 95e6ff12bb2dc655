from support.browser import chromium, loop_thread, open_tab

__all__ = ["chromium", "loop_thread", "open_tab"]
