"""The light of this machine, which blinks while people look for it. Where nobody may switch it, nothing happens."""

from __future__ import annotations

import re
from pathlib import Path

LEDS = Path("/sys/class/leds")
NAMES = ("ACT", "led0", "act")
"""How a Raspberry Pi calls its activity light, the newest first. Lights of network sockets are no lamps of a box."""
BLINKS, DEFAULT, DARK = "timer", "mmc0", "none"
"""Triggers: that of a blinking light, that of a Raspberry Pi (access to the card), and that of a light that is off."""


class Lamp:
    """One light of `/sys/class/leds`, by its triggers.

    folder    where the lights are
    """

    def __init__(self, folder: Path = LEDS) -> None:
        self._light = next((folder / name for name in NAMES if (folder / name / "trigger").is_file()), None)
        self._before = ""
        """What it shows otherwise; "" while it is not ours."""

    def show(self, on: bool) -> bool:
        """Blink, or be again as before. Returns whether the light could be switched."""
        if self._light is None:
            return False
        trigger = self._light / "trigger"
        try:
            if on and not self._before:
                before = _present(trigger.read_text("utf-8"))
                trigger.write_text(BLINKS, "utf-8")  # the kernel blinks, once a second
                self._before = before
            elif not on and self._before:
                before, self._before = self._before, ""
                trigger.write_text(before, "utf-8")
        except OSError:
            return False
        return True


def _present(triggers: str) -> str:
    """The trigger in brackets. One that blinks was left by a process that was killed: then the default of the board."""
    found = re.search(r"\[([\w-]+)\]", triggers)
    if found and found[1] != BLINKS:
        return found[1]
    return DEFAULT if found and DEFAULT in triggers.split() else DARK
