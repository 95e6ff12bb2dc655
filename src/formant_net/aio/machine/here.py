"""Where the facts of this machine are read."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from pathlib import Path, PurePosixPath

from formant_net.aio.machine.nl80211 import power_save
from formant_net.aio.state_folder import state_dir, why_unkept
from formant_net.health.machine import Facts, Sources, look

UNSYNCHRONISED = 0x40
"""STA_UNSYNC of `status` in adjtimex(2)."""
TIME_ERROR = 5
"""What adjtimex returns as long as nothing sets the clock."""
_STATUS = 5 * ctypes.sizeof(ctypes.c_long)
"""Where `status` is in struct timex: after one int, padded, and four longs."""
TIMESYNC = Path("/run/systemd/timesync")


def synchronised() -> bool | None:
    """Whether the network sets this machine's clock; None: not known.

    The kernel says it for every time service. Our systemd unit may not ask the kernel, because the same call can set
    the clock. There the file of systemd-timesyncd says it.
    """
    if sys.platform != "linux":
        return None
    try:
        asked = ctypes.create_string_buffer(512)  # struct timex has 208 bytes; no mode is set, so nothing is changed
        state = ctypes.CDLL(None, use_errno=True).adjtimex(asked)
    except (OSError, AttributeError):
        state = -1
    if state >= 0:
        status = ctypes.c_int.from_buffer(asked, _STATUS).value
        return state != TIME_ERROR and not status & UNSYNCHRONISED
    if ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS) or not TIMESYNC.is_dir():
        return None
    return (TIMESYNC / "synchronized").exists()


def this_machine() -> Sources:
    """The folders and questions of this machine."""
    folder = state_dir()
    return Sources(
        sys=Path("/sys"),
        proc=Path("/proc"),
        power_save=power_save,
        synchronised=synchronised,
        state=PurePosixPath(os.path.realpath(folder)),
        writable=lambda: not why_unkept(folder),
    )


def facts() -> Facts:
    """One look at this machine; blocking, a few milliseconds. Nothing is known of other systems than Linux."""
    if sys.platform != "linux":
        return Facts()
    return look(this_machine(), os.sysconf("SC_PAGE_SIZE"))
