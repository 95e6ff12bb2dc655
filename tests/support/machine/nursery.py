"""The process that forks `formant-node` (forked.py): imports all of it, and makes a child for each request.

    python -m support.machine.nursery FILE_DESCRIPTOR

A request is JSON with three files: standard input, output and error. What is told: who was born, who ended and how.
"""

from __future__ import annotations

import array
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

ROOMS = ("formant_net", "formant_dsp")


def preload() -> None:
    """Import all modules that open nothing when they are imported."""
    for room in ROOMS:
        for module in pkgutil.walk_packages(importlib.import_module(room).__path__, f"{room}."):
            if module.name.rpartition(".")[2] != "__main__":
                # It is of another system, or its library is not installed: its command says so.
                with suppress(ImportError, OSError):
                    importlib.import_module(module.name)
    assert len(os.listdir("/proc/self/task")) == 1, "a thread would not live on in a child"
    assert "sounddevice" not in sys.modules, "it opens the sound system when it is imported"
    gc.freeze()


def requested(data: bytes, files: list[int]) -> None:
    """Become the command that is asked for, in a child."""
    request: dict[str, Any] = json.loads(data)
    for own, given in enumerate(files):
        os.dup2(given, own)
        os.close(given)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = ["formant-node", *request["arguments"]]
    sys.orig_argv = [sys.executable, "-m", "formant_net", *request["arguments"]]  # with which it starts again
    at_once = bool(os.environ.get("PYTHONUNBUFFERED"))
    sys.stdin = open(0, encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout.reconfigure(write_through=at_once)
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def main() -> None:
    asked = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    command: Callable[[], None] = importlib.import_module("formant_net.cli.command").run
    preload()
    awake, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    children: set[int] = set()
    while True:
        ready, _, _ = select.select([asked.fileno(), awake], [], [])
        if awake in ready:
            os.read(awake, 1000)
        for pid in list(children):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                children.remove(pid)
                asked.send(json.dumps(["ended", pid, status]).encode())
        if asked.fileno() not in ready:
            continue
        files = array.array("i")
        data, ancillary, _, _ = asked.recvmsg(200_000, socket.CMSG_SPACE(3 * files.itemsize))
        if not data:
            return
        for _, _, given in ancillary:
            files.frombytes(given)
        pid = os.fork()
        if not pid:
            asked.close()
            os.close(awake)
            os.close(wake)
            requested(data, list(files))
            break
        children.add(pid)
        for file in files:
            os.close(file)
        asked.send(json.dumps(["born", pid, 0]).encode())
    command()


if __name__ == "__main__":
    main()
