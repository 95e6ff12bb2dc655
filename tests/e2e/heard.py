"""A server that dies and comes back, and one note of a page as the sound card has got it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys

import numpy as np
from support.browser.chromium import Finger, Tab
from support.browser.marionette import FirefoxTab
from support.soundcard.pulse import RATE, Pulse
from support.suite.patience import PATIENCE_S

NODE = [sys.executable, "-m", "formant_net"]


class Server:
    """A server on a port of its own, which can die and come back."""

    def __init__(self) -> None:
        self._start(0)
        self.port = int(re.search(r":(\d+)/", self.url)[1])  # type: ignore[index]

    def _start(self, port: int) -> None:
        self._process = subprocess.Popen(
            [*NODE, "server", "--host", "127.0.0.1", "--port", str(port), "--key", "hear-it-here-please"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = next(m[0] for line in self._process.stdout if (m := re.search(r"http://\S+#key=\S+", line)))

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(PATIENCE_S) == 0

    def restart(self) -> None:
        self.stop()
        self._start(self.port)


Page = Tab | FirefoxTab


def tail_s(sound: np.ndarray, level: float, floor: float) -> float:
    """Seconds from the last frame at half of a note's `level` to the last one above `floor`: how long it fades.

    When the release arrives is the machine's affair: on a busy one it comes late, and the note is as good.
    """
    loud = np.flatnonzero(np.abs(sound) > 0.5 * level)
    heard = np.flatnonzero(np.abs(sound) > floor)
    return float(heard[-1] - loud[-1]) / RATE


def lasted_s(sound: np.ndarray) -> float:
    """Seconds from the first sound to the last."""
    heard = np.flatnonzero(np.abs(sound) > 1e-3)
    return float(heard[-1] - heard[0]) / RATE if len(heard) else 0.0


def is_still(sound: np.ndarray, floor: float = 1e-4) -> bool:
    """Whether the last 0.2 s are silent."""
    return bool(np.abs(sound[-RATE // 5 :]).max() < floor)


def played(pulse: Pulse, tab: Page, finger: Finger) -> np.ndarray:
    """One note of at least 1.5 s and the quiet after it.

    A machine that is too busy starves the output: the card then gets zeros in the middle of a note, which no voice
    makes. That is not what is judged here, so the note is played again.
    """
    for _ in range(5):
        recorder = pulse.recorder().start()
        tab.fingers(finger)
        recorder.until(lambda sound: lasted_s(sound) > 1.5, "1.5 s of a note while its finger is down")
        tab.fingers()
        recorder.until(is_still, "silence after the release")
        sound = recorder.stop()
        heard = np.flatnonzero(np.abs(sound) > 1e-3)
        if np.diff(np.flatnonzero(sound[heard[0] : heard[-1]])).max() < 8:
            return sound
    raise AssertionError("the card ran dry in each of five notes: this machine is too busy to judge sound")
