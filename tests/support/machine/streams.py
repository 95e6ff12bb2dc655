"""Standard streams as a box may have them: closed, full, without a reader, with a stuck reader, on a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

KINDS = ("closed", "full", "gone", "still", "still terminal", "gone terminal")
"""Closed before the start; a full disk; a pipe or terminal whose other end is gone; one that takes nothing more."""


@contextmanager
def stream(kind: str) -> Iterator[int | None]:
    """A descriptor to write to, of one of KINDS; None stands for one that is closed (see `closing`)."""
    if kind == "closed":
        yield None
        return
    if kind == "full":
        ends = [os.open("/dev/full", os.O_WRONLY)]
    elif "terminal" in kind:
        ends = list(reversed(pty.openpty()))
    else:
        ends = list(reversed(os.pipe()))
    if "gone" in kind:
        os.close(ends.pop())
    if "still" in kind:
        fill(ends[0])
    try:
        yield ends[0]
    finally:
        for end in ends:
            os.close(end)


def fill(descriptor: int) -> None:
    """Write until nothing more is taken. A terminal makes room again when the kernel has handed on what it holds."""
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | os.O_NONBLOCK)
    took = True
    while took:
        took = False
        for piece in (b"x" * 4096, b"x"):
            with suppress(BlockingIOError):
                while os.write(descriptor, piece):
                    took = True
        time.sleep(0.05 if took else 0.0)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, flags)


def closing(*descriptors: int) -> Callable[[], None]:
    """A `preexec_fn` that closes them in the child."""

    def close() -> None:
        for descriptor in descriptors:
            os.close(descriptor)

    return close
