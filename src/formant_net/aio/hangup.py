"""Decides what SIGHUP does to a node: it ends the node with its terminal, or makes it read its files again.

- If the terminal has closed, the node ends. `nohup` and `setsid` start a node that stays.
- Otherwise (`kill -HUP`, `systemctl kill -s HUP`) the node reads its files again. A node without such files ends.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

SIGHUP = getattr(signal, "SIGHUP", None)
"""None on Windows, where a closing console sends SIGBREAK."""

_readers: list[Callable[[], None]] = []
"""Functions that read files again. A process has one SIGHUP, so it has one list."""
_ends: list[Callable[[], None]] = []
"""Functions that end the node. Empty if no node runs, or if it was started to stay."""


@contextmanager
def ending(end: Callable[[], None]) -> Iterator[None]:
    """While the block runs, SIGHUP calls `end` if the terminal has closed or if there is nothing to read again.

    It does nothing if SIGHUP is ignored, because the node was started to stay (`nohup`).
    """
    if SIGHUP is None or signal.getsignal(SIGHUP) is signal.SIG_IGN:
        yield
        return
    had_terminal = _has_terminal()

    def hung_up() -> None:
        if _readers and not (had_terminal and not _has_terminal()):
            _read_again()
        else:
            end()

    _ends.append(hung_up)
    try:
        with _handled():
            yield
    finally:
        _ends.remove(hung_up)


@contextmanager
def reading_again(read: Callable[[], None]) -> Iterator[None]:
    """While the block runs, SIGHUP calls `read`, unless it ends the node."""
    _readers.append(read)
    try:
        with _handled():
            yield
    finally:
        _readers.remove(read)


@contextmanager
def _handled() -> Iterator[None]:
    """Handle SIGHUP while the block runs, unless it is handled already. At the end the old handler is restored."""
    loop = asyncio.get_running_loop()
    before = signal.getsignal(SIGHUP) if SIGHUP is not None else None
    taken = False
    if SIGHUP is not None and before in (signal.SIG_DFL, signal.SIG_IGN):
        with suppress(ValueError, RuntimeError, NotImplementedError):  # not in the main thread
            loop.add_signal_handler(SIGHUP, _on_hangup)
            taken = True
    try:
        yield
    finally:
        if taken and SIGHUP is not None:
            loop.remove_signal_handler(SIGHUP)
            signal.signal(SIGHUP, before)


def _on_hangup() -> None:
    if _ends:
        _ends[-1]()
    else:
        _read_again()


def _read_again() -> None:
    for read in list(_readers):
        read()


def _has_terminal() -> bool:
    """Whether this process has a controlling terminal. The kernel takes it away from all processes when it hangs up."""
    if sys.platform == "win32":  # unused: there is no SIGHUP
        return False
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK))
    except OSError:
        return False
    return True
