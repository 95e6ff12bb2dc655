"""Real-time priority and locked memory for the audio thread.

Python requests both once, from another thread. A refusal is reported with what to do about it; nothing here makes a
stream fail. Linux only: on other systems the sound system raises the priority of its audio threads itself.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if sys.platform == "linux":
    import resource
else:
    resource: Any = None

MODES = ("auto", "on", "off")
PRIORITY = 20
"""Priority of SCHED_FIFO, 1 … 99. It is above all ordinary threads, below the kernel's interrupt threads (50) and a
JACK server, and the highest that rtkit grants."""
RTKIT_CPU_NS = 200_000_000
"""Processor time without a pause, ns, after which the kernel stops a real-time thread. rtkit serves only processes with
this limit."""

_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4
_MLOCK_ONFAULT = 1
_CAP_IPC_LOCK = 14
_AUDIO_LIBRARIES = (
    "/formant_dsp/",
    "/libportaudio.",
    "/libasound.",
    "/libjack.",
    "/libc.so",
    "/libm.so",
    "/libc-",
    "/libm-",
)


@dataclass(frozen=True, slots=True)
class Grant:
    """Whether a request was granted, with a text for the start line or the log."""

    granted: bool
    words: str


ALLOW_PRIORITY = (
    "allow it with `@audio - rtprio 95` in /etc/security/limits.d/audio.conf and a new login, install rtkit, or run "
    "`formant-node install-service`"
)
ALLOW_MEMORY = "allow it with `@audio - memlock unlimited` in /etc/security/limits.d/audio.conf and a new login"
Scheduler = Callable[[int, int, int], None]
"""Sets thread, policy, priority; raises PermissionError when that is not allowed."""


def _set_scheduler(thread: int, policy: int, priority: int) -> None:
    if sys.platform == "linux":
        os.sched_setscheduler(thread, policy, os.sched_param(priority))


def raise_priority(
    thread: int,
    *,
    priority: int = PRIORITY,
    set_scheduler: Scheduler = _set_scheduler,
    rtkit: Callable[[int, int], str | None] | None = None,
) -> Grant:
    """Give a thread of this process a real-time priority: directly, or by asking rtkit.

    thread     the kernel's number of the thread (`StreamState.thread`); 0 = there was no callback yet
    priority   of SCHED_FIFO, 1 … 99; a lower one is used where the limit of the user is lower
    error      none: a refusal is in the Grant
    """
    if sys.platform != "linux":
        return Grant(True, "priority of the system")
    if thread == 0:
        return Grant(False, "no real-time priority: the device has not called back yet")
    try:
        if not Path(f"/proc/self/task/{thread}").exists():  # the number may belong to another process by now
            raise ProcessLookupError
        if os.sched_getscheduler(thread) & ~os.SCHED_RESET_ON_FORK in (os.SCHED_FIFO, os.SCHED_RR):
            return Grant(True, f"real-time priority {os.sched_getparam(thread).sched_priority}, by the sound system")
        limit = resource.getrlimit(resource.RLIMIT_RTPRIO)[0]
        for wanted in dict.fromkeys((priority, min(priority, limit) if limit > 0 else priority)):
            try:
                set_scheduler(thread, os.SCHED_FIFO, wanted)
            except PermissionError:
                continue
            return Grant(True, f"real-time priority {wanted}")
    except ProcessLookupError:
        return Grant(False, "no real-time priority: the audio thread has ended")
    refused = (rtkit or ask_rtkit)(thread, priority)
    if refused is None:
        return Grant(True, f"real-time priority {priority}, by rtkit")
    return Grant(False, f"no real-time priority ({refused}): {ALLOW_PRIORITY}")


def threads() -> frozenset[int]:
    """The kernel's numbers of all threads of this process; empty on systems without such numbers."""
    try:
        return frozenset(int(name) for name in os.listdir("/proc/self/task"))
    except OSError:
        return frozenset()


def ask_rtkit(thread: int, priority: int) -> str | None:
    """Ask rtkit, the daemon that grants priorities to desktop programs. None when granted, else the reason."""
    if shutil.which("busctl") is None:
        return "not permitted, and no busctl to ask rtkit with"
    name = "org.freedesktop.RealtimeKit1"
    before = resource.getrlimit(resource.RLIMIT_RTTIME)
    limit = RTKIT_CPU_NS // 1000
    hard = limit if before[1] == resource.RLIM_INFINITY else min(limit, before[1])
    resource.setrlimit(resource.RLIMIT_RTTIME, (hard, hard))
    command = ["busctl", "--system", "--timeout=3", "call", name, "/org/freedesktop/RealtimeKit1", name]
    command += ["MakeThreadRealtimeWithPID", "ttu", str(os.getpid()), str(thread), str(priority)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"rtkit does not answer: {error}"
    if done.returncode == 0:
        return None
    return f"rtkit: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else 'refused'}"


def lock_memory(regions: Iterable[tuple[int, int]]) -> Grant:
    """Lock memory, so that the audio thread never waits for a page that was swapped out.

    regions   (address, bytes) of the audio thread's data
    error     none: a refusal is in the Grant

    Where it is allowed, the whole process is locked, each page at its first use, so that it takes no more memory. Else
    `regions` and the code of the audio thread are locked.
    """
    if sys.platform != "linux":
        return Grant(True, "memory not locked")
    libc = ctypes.CDLL(None, use_errno=True)
    soft, hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if hard == resource.RLIM_INFINITY and soft != hard:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (hard, hard))
        soft = hard
    # With a limit, locking the whole process would make later allocations fail.
    if (soft == resource.RLIM_INFINITY or _may_lock()) and libc.mlockall(
        _MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT
    ) == 0:
        return Grant(True, "memory locked")
    locked = refused = 0
    mlock2 = getattr(libc, "mlock2", None)
    if mlock2 is None:
        return Grant(False, f"memory is not locked (this C library cannot): {ALLOW_MEMORY}")
    page = os.sysconf("SC_PAGESIZE")
    for address, size in (*regions, *_audio_code(Path("/proc/self/maps"))):
        start = address & ~(page - 1)
        length = address + size - start
        if mlock2(ctypes.c_void_p(start), ctypes.c_size_t(length), _MLOCK_ONFAULT) == 0:
            locked += length
        else:
            refused += length
    if refused:
        return Grant(False, f"memory is not locked ({refused / 1e6:.1f} MB refused): {ALLOW_MEMORY}")
    return Grant(True, f"memory of the sound locked ({locked / 1e6:.1f} MB)")


def _may_lock() -> bool:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return False
    effective = next((line.split()[1] for line in lines if line.startswith("CapEff:")), "0")
    return bool(int(effective, 16) >> _CAP_IPC_LOCK & 1)


def _audio_code(maps: Path) -> Sequence[tuple[int, int]]:
    """(address, bytes) of the executable mappings of libraries that run on the audio thread."""
    try:
        lines = maps.read_text().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        fields = line.split(maxsplit=5)
        if len(fields) == 6 and "x" in fields[1] and any(name in fields[5] for name in _AUDIO_LIBRARIES):
            start, end = (int(part, 16) for part in fields[0].split("-"))
            found.append((start, end - start))
    return found
