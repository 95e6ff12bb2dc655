"""Brings a growing file from memory to the disk at an interval, in a thread of its own.

An operating system keeps what was written in memory for half a minute and more. A power cut loses that, and the file is
then often empty. The thread that writes the sound must not wait for a disk, which may take seconds.
"""

from __future__ import annotations

import errno
import os
import threading
from contextlib import suppress
from pathlib import Path

INTERVAL_S = 2.0
"""Seconds between two visits to the disk: a power cut costs these, and the time that the disk itself takes."""
PATIENCE_S = 10.0
"""Seconds for which `wait` waits for a disk that takes nothing."""
_NO_DISK = (errno.EINVAL, errno.ENOTSUP, errno.EROFS, errno.EBADF)
"""Errors of files that are on no disk, such as /dev/null."""
_to_disk = getattr(os, "fdatasync", os.fsync)


class Durable:
    """Keeps one open file on the disk.

    descriptor  of the file, open for writing; a copy of it is used, so that the owner may close it at any time
    path        of the file, for its entry in the folder
    interval_s  seconds between two visits to the disk
    """

    def __init__(self, descriptor: int, path: Path, interval_s: float = INTERVAL_S) -> None:
        self._descriptor = os.dup(descriptor)
        self._folder = path.parent
        self._interval_s = interval_s
        self._over = threading.Event()
        self.error: OSError | None = None
        """Why the disk took nothing at the last visit, None if it took everything."""
        self.visits = 0
        """Number of times at which all that was written had reached the disk."""
        self._thread = threading.Thread(target=self._run, name="formant-recording-to-disk", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Bring the last of it to the disk, and end the thread. Does not wait. May be called twice."""
        self._over.set()

    def wait(self, patience_s: float = PATIENCE_S) -> bool:
        """After `end`: True when all of it is on the disk, False if that took longer than `patience_s`."""
        self._thread.join(patience_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        self._enter()
        while not self._over.wait(self._interval_s):
            self._visit()
        self._visit()
        with suppress(OSError):
            os.close(self._descriptor)

    def _visit(self) -> None:
        try:
            _to_disk(self._descriptor)
        except OSError as error:
            self.error = None if error.errno in _NO_DISK else error
        else:
            self.error = None
            self.visits += 1

    def _enter(self) -> None:
        """The entry of a new file is in its folder, which is brought to the disk by itself where that can be done."""
        with suppress(OSError):
            folder = os.open(self._folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
