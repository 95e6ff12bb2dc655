"""The ensemble of a Python program, on an event loop or in a thread; waiting for synths, and their settings."""
