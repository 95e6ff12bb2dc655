"""How long a test waits for something that must happen."""

PATIENCE_S = 120.0
"""Seconds. Says nothing of how soon it should come: on a busy machine Python alone has taken 20 s to start. A test that
judges a time measures it."""
