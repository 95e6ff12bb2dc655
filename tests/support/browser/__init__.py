"""Real browsers, Chromium and Firefox, driven from synchronous tests."""
