"""`formant-node` without its start: forked from one process that has imported everything, many times a run.

Python takes half a second of processor time to import what a node needs, and the suite starts hundreds of nodes. What a
command does from its arguments on is the same. Real starts are proved by tests/docs, tests/systemd and others.
"""

from __future__ import annotations

import array
import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from support.suite.patience import PATIENCE_S

TESTS = Path(__file__).parents[2]
MOST_BYTES = 150_000
"""Of arguments and environment."""


class _Nursery:
    """The process that forks, and what it tells of its children."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "support.machine.nursery", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": str(TESTS), "OPENBLAS_NUM_THREADS": "1"},
            )
        self._socket = ours
        self._one_at_a_time = threading.Lock()
        self._told = threading.Condition()
        self._born: list[int] = []
        self._ended: dict[int, int] = {}
        threading.Thread(target=self._listen, daemon=True).start()
        atexit.register(self._end)

    def _listen(self) -> None:
        while data := self._received():
            kind, pid, status = json.loads(data)
            with self._told:
                if kind == "born":
                    self._born.append(pid)
                else:
                    self._ended[pid] = os.waitstatus_to_exitcode(status)
                self._told.notify_all()
        with self._told:
            self._born.append(0)
            self._told.notify_all()

    def _end(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._process.wait(PATIENCE_S)

    def _received(self) -> bytes:
        try:
            return self._socket.recv(1000)
        except OSError:
            return b""

    def fork(self, request: bytes, files: list[int]) -> int:
        with self._one_at_a_time:
            self._socket.sendmsg([request], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))])
            with self._told:
                self._told.wait_for(lambda: self._born)
                pid = self._born.pop()
        if not pid:
            raise RuntimeError("the process that forks nodes is gone")
        return pid

    def status(self, pid: int, timeout_s: float | None) -> int | None:
        """Exit code of a child, or None when it has not ended in time."""
        with self._told:
            self._told.wait_for(lambda: pid in self._ended, timeout_s)
            return self._ended.get(pid)


_nursery: _Nursery | None = None


class Forked:
    """One command that runs; as much of subprocess.Popen as tests use."""

    def __init__(
        self,
        arguments: list[str | bytes],
        *,
        stdin: bool = False,
        env: Mapping[str, str] | Mapping[str, str | bytes],
        cwd: str | None = None,
        merged: bool = True,
    ) -> None:
        """merged: standard error goes to standard output; else to `stderr`."""
        global _nursery
        if _nursery is None:
            _nursery = _Nursery()
        self._nursery = _nursery
        self.arguments = arguments
        request = {
            "arguments": [os.fsdecode(word) for word in arguments],
            "environment": {os.fsdecode(name): os.fsdecode(value) for name, value in env.items()},
            "folder": cwd or os.getcwd(),
        }
        said = json.dumps(request).encode()
        assert len(said) < MOST_BYTES
        to_read, theirs_in = os.pipe() if stdin else (os.open(os.devnull, os.O_RDONLY), -1)
        from_out, out = os.pipe()
        from_error, error = (-1, os.dup(out)) if merged else os.pipe()
        try:
            self.pid = self._nursery.fork(said, [to_read, out, error])
        finally:
            for each in (to_read, out, error):
                os.close(each)
        self.stdin: IO[str] | None = open(theirs_in, "w", encoding="utf-8") if stdin else None  # noqa: SIM115
        self.stdout: IO[str] = open(from_out, encoding="utf-8", errors="replace")  # noqa: SIM115
        self.stderr: IO[str] | None = None if merged else open(from_error, encoding="utf-8", errors="replace")  # noqa: SIM115

    def poll(self) -> int | None:
        return self._nursery.status(self.pid, 0.0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._nursery.status(self.pid, timeout)
        if code is None:
            raise subprocess.TimeoutExpired([str(word) for word in self.arguments], timeout or 0.0)
        return code

    def send_signal(self, which: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, which)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def run(
    arguments: list[str | bytes], *, env: Mapping[str, Any], cwd: str | None = None, timeout: float = 300.0
) -> subprocess.CompletedProcess[str]:
    """As subprocess.run with captured text."""
    process = Forked(arguments, env=env, cwd=cwd, merged=False)
    errors: list[str] = []
    assert process.stderr is not None
    reader = threading.Thread(target=lambda stream=process.stderr: errors.append(stream.read()), daemon=True)
    reader.start()
    expired = threading.Timer(timeout, process.kill)
    expired.start()
    try:
        out = process.stdout.read()
        reader.join()
        code = process.wait(timeout)
    finally:
        expired.cancel()
        process.stdout.close()
        process.stderr.close()
    return subprocess.CompletedProcess(arguments, code, out, errors[0])
