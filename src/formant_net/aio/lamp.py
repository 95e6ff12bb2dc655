"""The light of this machine, which blinks while people look for it. Where nobody may switch it, nothing happens."""

from __future__ import annotations

import re
from pathlib import Path

LEDS = Path("/sys/class/leds")
NAMES = ("ACT", "led0", "act")
"""How a Raspberry Pi calls its activity light, the newest first. Lights of network sockets are no lamps of a box."""


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
                found = re.search(r"\[([\w-]+)\]", trigger.read_text("utf-8"))
                trigger.write_text("timer", "utf-8")  # the kernel blinks, once a second
                self._before = found[1] if found else "none"
            elif not on and self._before:
                before, self._before = self._before, ""
                trigger.write_text(before, "utf-8")
        except OSError:
            return False
        return True
