"""A small file that keeps a value: it is written when the value changes, and again while the disk refuses it."""

from __future__ import annotations

import errno
from pathlib import Path

from formant_files import read_bytes
from formant_net.aio.atomic_files import write_private
from formant_net.ops.log import get_logger

FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 60.0
"""Most seconds between two tries on a disk that is full or missing. Each try makes a file and deletes it again."""
MOST_BYTES = 64 * 1024


class KeptFile:
    """One private file. With `path` None nothing is kept.

    what   the name of the content in log messages: "the settings"
    """

    def __init__(self, path: Path | None, what: str) -> None:
        self.path = path
        self._what = what
        self._written: bytes | None = None
        self._next_try = 0.0
        self._pause_s = 0.0

    def read(self) -> bytes | None:
        """The content, or None if there is none. A file that cannot be read is logged and gives None. Blocking."""
        if self.path is None:
            return None
        try:
            self._written = read_bytes(self.path, MOST_BYTES)
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.ENOTDIR):  # `write` logs these
                get_logger().warning(f"{self._what} cannot be read", file=str(self.path), reason=error.strerror)
            return None
        return self._written

    def write(self, content: bytes, now: float, *, last: bool = False) -> bool:
        """Write the content unless the file has it. Returns whether the file has it now; if not, call again. Blocking.

        now    s of a monotonic clock
        last   the node ends: try now, even during the pause after a failed try
        """
        if self.path is None or content == self._written:
            return True
        if now < self._next_try and not last:
            return False
        try:
            write_private(self.path, content)
        except OSError as error:
            if not self._pause_s:
                get_logger().warning(
                    f"{self._what} cannot be kept now; trying again", file=str(self.path), reason=error.strerror
                )
            self._pause_s = min(max(2.0 * self._pause_s, FIRST_PAUSE_S), LONGEST_PAUSE_S)
            self._next_try = now + self._pause_s
            return False
        if self._pause_s:
            get_logger().info(f"{self._what} are kept again", file=str(self.path))
        self._written, self._pause_s, self._next_try = content, 0.0, 0.0
        return True
