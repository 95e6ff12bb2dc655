"""Standard streams that cannot stop a node: output that they refuse is lost, and nothing is raised.

A box runs for months. Meanwhile its terminal may close, the reader of its pipe may end or stop reading, and the disk
for its output may fill up. Some nodes are started without streams. `settle` is called once, before anything else.

- A *result* is the output that a command is called for (`presets`, `token make`). It waits for its reader, for example
  a pager. If it is lost, the command has failed: `lost_results` says why.
- A *note* is a line about the work of a node (its log, "Ready"). It waits at most `PATIENCE_S`, because its writer also
  serves sound or sockets.
"""

from __future__ import annotations

import errno
import io
import os
import select
import socket
import stat
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, TextIO

PATIENCE_S = 0.02
"""Most seconds that a note waits for room. A terminal at 115,200 baud writes 200 characters in this time."""
_BINARY = getattr(os, "O_BINARY", 0)


class LastingFile(io.RawIOBase):
    """A file descriptor to write to. Writing never raises; data that the descriptor refuses is lost.

    error    the first OSError by which a result was lost, or None. A reader that has ended does not count as an error.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._without_waiting = _without_waiting(descriptor)
        self._stuck = False
        self.error: OSError | None = None

    def write(self, data: Any) -> int:
        """Write a result: wait until all of it is written."""
        left = memoryview(data).cast("B")
        size = len(left)
        while left:
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:  # another process has made the descriptor non-blocking
                _wait_for_room(self._descriptor, None)
            except OSError as error:
                if error.errno != errno.EPIPE:
                    self.error = self.error or error
                break
        return size

    def note(self, data: bytes) -> bool:
        """Write a note within PATIENCE_S. Returns whether all of it was written."""
        left = memoryview(data)
        deadline = time.monotonic() + (0.0 if self._stuck else PATIENCE_S)
        while left:
            try:
                left = left[self._without_waiting(left) :]
            except BlockingIOError:
                patience_s = deadline - time.monotonic()
                if patience_s <= 0.0:
                    self._stuck = True  # the next note does not wait
                    return False
                _wait_for_room(self._descriptor, patience_s)
            except OSError:
                return False
        self._stuck = False
        return True

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)


class Lasting(io.TextIOWrapper):
    """A text stream over a LastingFile. A character that its encoding lacks is written as its code."""

    def __init__(self, descriptor: int, encoding: str, *, line_buffering: bool) -> None:
        self.file = LastingFile(descriptor)
        super().__init__(
            io.BufferedWriter(self.file), encoding=encoding, errors="backslashreplace", line_buffering=line_buffering
        )

    def note(self, text: str) -> bool:
        """Write a note at once, ahead of results in the buffer. Returns whether it was written."""
        return self.file.note(text.encode(self.encoding, "backslashreplace"))


def settle() -> None:
    """Give this process standard streams that cannot stop it, and report faults through them.

    A closed descriptor is opened on the null device. Otherwise the next file or socket would get its number and receive
    what is written to standard output.
    """
    for descriptor in (0, 1, 2):
        _occupy(descriptor)
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115
    sys.stdout = _lasting(sys.stdout, 1)
    sys.stderr = _lasting(sys.stderr, 2, line_buffering=True)
    sys.excepthook = _report
    threading.excepthook = _report_thread


def put(stream: TextIO | None, text: str) -> bool:
    """Write a note to any stream, even a closed one. Returns whether it was written."""
    try:
        if isinstance(stream, Lasting):
            return stream.note(text)
        if stream is None:
            return False
        stream.write(text)
        stream.flush()
    except (OSError, ValueError):
        return False
    return True


def say(text: str, *, err: bool = False) -> None:
    """Write one note to standard output, or to standard error. It never raises."""
    put(sys.stderr if err else sys.stdout, text + "\n")


def lost_results() -> str:
    """Why a result was lost on standard output, as a sentence; empty if none was or if its reader has ended."""
    stream = sys.stdout
    if not isinstance(stream, Lasting):
        return ""
    stream.flush()
    error = stream.file.error
    return "" if error is None else error.strerror or str(error)


def _occupy(descriptor: int) -> None:
    try:
        os.fstat(descriptor)
    except OSError:
        with suppress(OSError):
            opened = os.open(os.devnull, os.O_RDWR | _BINARY)
            if opened != descriptor:
                os.dup2(opened, descriptor)
                os.close(opened)
            os.set_inheritable(descriptor, True)


def _lasting(stream: TextIO | None, descriptor: int, *, line_buffering: bool = False) -> TextIO:
    """The stream to use instead. Windows keeps its own, because a console there takes text, not bytes."""
    if stream is None or sys.platform == "win32":
        return stream or open(os.devnull, "w", encoding="utf-8")
    with suppress(OSError, ValueError):
        stream.flush()
    lines = line_buffering or os.isatty(descriptor) or getattr(stream, "write_through", False)
    return Lasting(descriptor, stream.encoding or "utf-8", line_buffering=lines)


def _without_waiting(descriptor: int) -> Callable[[memoryview], int]:
    """A function that writes as much as it can without waiting, and raises BlockingIOError if it can write nothing.

    O_NONBLOCK belongs to the open file, which is shared with the shell and other processes. So pipes and terminals are
    opened once more. Where that is not allowed, `poll` is called first; the write may then wait for a terminal that is
    nearly full.
    """
    if sys.platform == "win32":  # unused: Windows keeps its own streams
        return lambda data: os.write(descriptor, data)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISSOCK(mode):
            channel = socket.socket(fileno=os.dup(descriptor))
            return lambda data: channel.send(data, getattr(socket, "MSG_DONTWAIT", 0))
        if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode):
            own = os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
            return lambda data: os.write(own, data)
    except (OSError, AttributeError):
        pass

    def polled(data: memoryview) -> int:
        if not _wait_for_room(descriptor, 0.0):
            raise BlockingIOError(errno.EAGAIN, "no room")
        return os.write(descriptor, data[: select.PIPE_BUF])

    return polled


def _wait_for_room(descriptor: int, timeout_s: float | None) -> bool:
    """Wait until a write would succeed or fail at once. Returns False after the timeout (None: no timeout)."""
    if sys.platform == "win32":  # unused, as above
        return True
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(None if timeout_s is None else 1000.0 * timeout_s))


def _report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Report a fault in the log if it is configured, otherwise as Python does."""
    log = sys.modules.get("formant_net.ops.log")
    if log is not None and log.configured():
        log.get_logger().critical("fault", exc_info=(kind, error, trace))
    else:
        put(sys.stderr, "".join(traceback.format_exception(kind, error, trace)))


def _report_thread(args: Any) -> None:
    if args.exc_type is not SystemExit and args.exc_value is not None:
        _report(args.exc_type, args.exc_value, args.exc_traceback)
