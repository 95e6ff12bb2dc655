"""Runs real `formant-node` processes: starts them, waits for their output, and always ends them."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from support.suite.patience import PATIENCE_S


class Process:
    """One process; its output is read as it comes, so that it never stands still on a full pipe."""

    def __init__(
        self,
        *arguments: str,
        stdin: bool = False,
        environment: Mapping[str, str] | None = None,
        prefix: Sequence[str] = (),
    ) -> None:
        self.lines: list[str] = []
        self._new: queue.Queue[str | None] = queue.Queue()
        self._silent = False
        """Whether its output has ended."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("FORMANT_")}
        if not prefix:  # servers of tests are announced in namespaces alone, never on the network of this machine
            clean["FORMANT_ANNOUNCE"] = "false"
        self._popen = subprocess.Popen(
            [*prefix, sys.executable, "-m", "formant_net", *arguments],
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**clean, "PYTHONUNBUFFERED": "1", **(environment or {})},
        )
        threading.Thread(target=self._read, daemon=True).start()

    def wait_for(self, words: str, timeout_s: float = PATIENCE_S, count: int = 1) -> str:
        """The `count`-th line that contains `words`. AssertionError with all output when it does not come in time."""
        deadline = time.monotonic() + timeout_s
        while True:
            found = [line for line in self.lines if words in line]
            if len(found) >= count:
                return found[count - 1]
            line = self._next(max(0.0, deadline - time.monotonic()))
            if line is None:
                raise AssertionError(f"{words!r} did not come; the process said:\n" + "\n".join(self.lines))
            self.lines.append(line)

    def write(self, text: str) -> None:
        """Lines to standard input."""
        assert self._popen.stdin is not None
        self._popen.stdin.write(text)
        self._popen.stdin.flush()

    def end_input(self) -> None:
        """Close standard input."""
        assert self._popen.stdin is not None
        self._popen.stdin.close()

    def cpu_s(self) -> float:
        """Processor time that it has used, s (Linux)."""
        return cpu_s(self._popen.pid)

    def kill(self) -> None:
        """`kill -9`, as if the power had failed."""
        self._popen.kill()
        self._popen.wait()

    def tell(self, which: signal.Signals) -> None:
        """Send it a signal and go on."""
        self._popen.send_signal(which)

    def stop(self, how: signal.Signals = signal.SIGTERM, timeout_s: float = PATIENCE_S) -> int:
        """Ask it to end and return its exit code."""
        if self._popen.poll() is None:
            self._popen.send_signal(how)
        return self.wait(timeout_s)

    def wait(self, timeout_s: float = PATIENCE_S) -> int:
        """Its exit code, when it ends by itself."""
        return self._popen.wait(timeout_s)

    def output(self) -> str:
        """Everything it has said so far; everything it ever said where it has ended."""
        wait_s = 0.2 if self._popen.poll() is None else PATIENCE_S
        while (line := self._next(wait_s)) is not None:
            self.lines.append(line)
        return "\n".join(self.lines)

    def _next(self, wait_s: float) -> str | None:
        """Its next line; None if none comes in time, or none comes any more."""
        if self._silent:
            return None
        try:
            line = self._new.get(timeout=wait_s)
        except queue.Empty:
            return None
        self._silent = line is None
        return line

    def _read(self) -> None:
        assert self._popen.stdout is not None
        for line in self._popen.stdout:
            self._new.put(line.rstrip("\n"))
        self._new.put(None)


def cpu_s(pid: int) -> float:
    """Processor time that a process has used, s (Linux)."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def processes() -> Iterator[Any]:
    """A function that starts processes; all of them are gone at the end, whatever happened."""
    started: list[Process] = []
    state = tempfile.TemporaryDirectory(prefix="formant-state-")

    def start(
        *arguments: str,
        stdin: bool = False,
        environment: Mapping[str, str] | None = None,
        prefix: Sequence[str] = (),
    ) -> Process:
        # Ids of nodes belong to the machine's user; those of tests do not.
        own = {"XDG_STATE_HOME": state.name, **(environment or {})}
        process = Process(*arguments, stdin=stdin, environment=own, prefix=prefix)
        started.append(process)
        return process

    try:
        yield start
    finally:
        for process in started:
            process.kill()
        state.cleanup()
