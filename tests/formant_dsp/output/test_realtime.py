"""Priority and memory: given where it may be, and said with what to do where not."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from formant_dsp.output import realtime
from formant_dsp.output.realtime import Grant, raise_priority

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the sound system raises its threads")


@contextmanager
def a_thread() -> Iterator[int]:
    """A thread that waits, by its number."""
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    assert thread.native_id is not None
    try:
        yield thread.native_id
    finally:
        done.set()
        thread.join()


def refuse(thread: int, policy: int, priority: int) -> None:
    raise PermissionError


@linux_only
def test_a_thread_is_raised_where_that_is_allowed_and_the_others_are_not() -> None:
    asked: list[tuple[int, int, int]] = []
    with a_thread() as number:
        grant = raise_priority(number, set_scheduler=lambda *a: asked.append(a))
        assert asked == [(number, os.SCHED_FIFO, realtime.PRIORITY)]
        assert grant == Grant(True, "real-time priority 20")
        assert os.sched_getscheduler(0) == os.SCHED_OTHER


@linux_only
def test_rtkit_is_asked_where_the_system_refuses_and_its_reason_is_said_with_what_to_do() -> None:
    with a_thread() as number:
        given = raise_priority(number, set_scheduler=refuse, rtkit=lambda thread, priority: None)
        assert given == Grant(True, "real-time priority 20, by rtkit")
        refused = raise_priority(number, set_scheduler=refuse, rtkit=lambda thread, priority: "rtkit: too many")
        assert not refused.granted
        assert "rtkit: too many" in refused.words
        assert "rtprio 95" in refused.words


@linux_only
def test_a_thread_that_is_not_there_is_no_failure() -> None:
    assert "has ended" in raise_priority(1 << 22).words  # no thread ever has this number
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as another:
        assert "has ended" in raise_priority(another.pid).words  # nor is it one of ours
    assert "not called back" in raise_priority(0).words


@linux_only
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may do this without further ado")
def test_a_thread_that_the_sound_system_raised_is_left_as_it_is() -> None:
    with a_thread() as number:
        os.sched_setscheduler(number, os.SCHED_FIFO, os.sched_param(7))
        assert raise_priority(number, set_scheduler=refuse) == Grant(True, "real-time priority 7, by the sound system")


@linux_only
def test_rtkit_that_does_not_answer_is_a_reason_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """busctl is a script here that keeps what it was asked."""
    limits: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "setrlimit", lambda which, to: limits.append(to))
    busctl = tmp_path / "busctl"
    busctl.write_text(f'#!/bin/sh\necho "$*" >{tmp_path}/asked\necho "Failed to connect to bus" >&2\nexit 1\n')
    busctl.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert realtime.ask_rtkit(4242, 20) == "rtkit: Failed to connect to bus"
    assert f"MakeThreadRealtimeWithPID ttu {os.getpid()} 4242 20" in (tmp_path / "asked").read_text()
    assert limits == [(200_000, 200_000)]  # without a limit rtkit serves nobody
    busctl.write_text("#!/bin/sh\nexit 0\n")
    assert realtime.ask_rtkit(4242, 20) is None
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    assert "no busctl" in (realtime.ask_rtkit(4242, 20) or "")


_LOCK = """
import ctypes, json, os, resource, sys
limit, user = int(sys.argv[1]), int(sys.argv[2])
from formant_dsp import Bank
from formant_dsp.output.callback import StreamState
from formant_dsp.output.realtime import lock_memory
state = StreamState(Bank(), 2)
if limit >= 0:
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (limit, limit))
if user:
    os.setuid(user)
    ctypes.CDLL(None).prctl(4, 1)      # PR_SET_DUMPABLE: /proc/self belongs to us again
grant = lock_memory(state.regions)
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
more = bytearray(64 << 20)             # what is allocated later is still given
print(json.dumps([grant.granted, grant.words, int(status["VmLck"].split()[0]), int(status["VmRSS"].split()[0])]))
"""


def lock(limit: int, user: int) -> tuple[bool, str, int, int]:
    """(granted, words, kB locked, kB resident) of a process of its own."""
    command = [sys.executable, "-c", _LOCK, str(limit), str(user)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    granted, words, locked, resident = json.loads(done.stdout)
    return granted, words, locked, resident


@linux_only
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can play a user with other rights")
def test_memory_is_locked_as_far_as_it_may_be_and_never_grows_by_it() -> None:
    granted, words, locked, resident = lock(-1, 0)
    assert (granted, words) == (True, "memory locked")
    assert locked > resident  # all mappings, but only what is used is in memory
    granted, words, locked, _ = lock(6 << 20, 65534)
    assert granted
    assert words.startswith("memory of the sound locked")
    assert 300 < locked < 6 << 10
    granted, words, _, _ = lock(64 << 10, 65534)
    assert not granted
    assert "memlock unlimited" in words
