"""Keeps the last warnings of a node in its state folder, so that they are there after a power cut.

The journal of a Raspberry Pi is in memory, and what would tell the cause is gone with the power. A card lives by few
writes: a warning after a quiet time is on the disk after `SOON_S`, and more of them at most every `SELDOM_S`. The file
is written whole and renamed, so a power cut leaves the one before or the new one.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from formant_files import read_bytes
from formant_net.aio.atomic_files import write_private
from formant_net.ops import log

MOST_BYTES = 64 * 1024
SOON_S = 1.0
SELDOM_S = 300.0
ENDING = ".warnings.log"
"""How the files end: `synth-7k2m9x.warnings.log`."""


class Alarm(Protocol):
    """What calls back once."""

    daemon: bool

    def start(self) -> None: ...
    def cancel(self) -> None: ...


class WarningsFile:
    """The last lines of one node.

    path     the file; what is in it from earlier runs stays as long as there is room
    clock    s, monotonic; `wall` the time of a line, s since 1970
    timer    calls a function after some seconds, on a thread of its own, because a card may take long to write
    """

    def __init__(
        self,
        path: Path,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        timer: Callable[[float, Callable[[], None]], Alarm] = threading.Timer,
    ) -> None:
        self._path, self._clock, self._wall, self._timer = path, clock, wall, timer
        self._lock = threading.RLock()
        """The collector of garbage may log on the thread that holds it."""
        self._writing = threading.Lock()
        self._lines: deque[bytes] = deque()
        self._size = 0
        self._alarm: Alarm | None = None
        self._written_at: float | None = None
        self._changed = False
        self._begun = False
        try:
            kept = read_bytes(path, 4 * MOST_BYTES)
        except (OSError, ValueError):
            kept = b""
        for line in kept.splitlines(keepends=True):
            if line.endswith(b"\n"):
                self._put(line)

    def add(self, text: str) -> None:
        """Keep a line. Never raises and never waits for the disk."""
        alarm: Alarm | None = None
        stamp = datetime.fromtimestamp(self._wall(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        with self._lock:
            if not self._begun:
                self._begun = True
                self._put(f"{stamp} --- first warning since the node was started ---\n".encode())
            for each in text.splitlines():
                self._put(f"{stamp} {each}\n".encode("utf-8", "replace"))
            self._changed = True
            if self._alarm is None:
                since = None if self._written_at is None else self._clock() - self._written_at
                wait_s = SOON_S if since is None else max(SOON_S, SELDOM_S - since)
                alarm = self._alarm = self._timer(wait_s, self.write)
                alarm.daemon = True
        if alarm is not None:
            try:
                alarm.start()
            except RuntimeError:  # no thread can be had: the next line asks again
                with self._lock:
                    self._alarm = None if self._alarm is alarm else self._alarm

    def write(self) -> None:
        """Write what is new, now. A disk that refuses is asked again after the next warning."""
        with self._writing:
            with self._lock:
                alarm, self._alarm = self._alarm, None
                content, changed, self._changed = b"".join(self._lines), self._changed, False
                self._written_at = self._clock()
            if alarm is not None:
                alarm.cancel()
            if changed:
                try:
                    write_private(self._path, content)
                except OSError:
                    with self._lock:
                        self._changed = True

    def _put(self, line: bytes) -> None:
        line = line if len(line) <= MOST_BYTES // 4 else line[: MOST_BYTES // 4 - 1] + b"\n"
        self._lines.append(line)
        self._size += len(line)
        while self._size > MOST_BYTES:
            self._size -= len(self._lines.popleft())


def keep_warnings(folder: Path, name: str) -> WarningsFile:
    """From now on keep the warnings of this process in `folder`, also those of its end. `name`: of the node."""
    kept = WarningsFile(folder / f"{name}{ENDING}")
    log.tap(kept.add)
    atexit.register(kept.write)
    return kept
