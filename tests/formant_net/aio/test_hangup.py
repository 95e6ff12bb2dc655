"""SIGHUP: with the terminal a node ends, without one it reads its files again or ends; `nohup` stays."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.suite.patience import PATIENCE_S

from formant_net.aio import hangup
from formant_net.aio.run import run_until_signal, until_cancelled

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="hang-ups and /proc as Linux has them")


@pytest.fixture(autouse=True)
def handler() -> Iterator[None]:
    """SIGHUP means afterwards what it meant before."""
    before = signal.getsignal(signal.SIGHUP)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


def test_a_node_with_nothing_to_read_again_ends_gracefully() -> None:
    seen: list[str] = []

    async def node() -> None:
        os.kill(os.getpid(), signal.SIGHUP)
        try:
            await until_cancelled()
        finally:
            os.kill(os.getpid(), signal.SIGHUP)  # shells and kernels send more than one
            await asyncio.sleep(0.01)
            seen.append("cleaned up")

    run_until_signal(node())
    assert seen == ["cleaned up"]
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL


def test_a_node_with_files_reads_them_again_and_goes_on() -> None:
    calls: list[int] = []

    async def node() -> None:
        with hangup.reading_again(lambda: calls.append(1)), hangup.reading_again(lambda: calls.append(2)):
            os.kill(os.getpid(), signal.SIGHUP)
            await asyncio.sleep(0.05)

    run_until_signal(node())
    assert calls == [1, 2]


def test_a_node_with_files_ends_when_its_terminal_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = True
    monkeypatch.setattr(hangup, "_has_terminal", lambda: terminal)
    calls: list[int] = []
    gone: list[bool] = []

    async def node() -> None:
        nonlocal terminal
        with hangup.reading_again(lambda: calls.append(1)):
            os.kill(os.getpid(), signal.SIGHUP)
            await asyncio.sleep(0.05)
            terminal = False
            os.kill(os.getpid(), signal.SIGHUP)
            try:
                await until_cancelled()
            finally:
                gone.append(True)

    run_until_signal(node())
    assert (calls, gone) == ([1], [True])


def test_a_node_that_was_started_to_stay_reads_its_files_again_and_never_ends() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    calls: list[int] = []

    async def node() -> None:
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0.02)
        with hangup.reading_again(lambda: calls.append(1)):
            os.kill(os.getpid(), signal.SIGHUP)
            await asyncio.sleep(0.02)
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0.02)
        calls.append(2)

    run_until_signal(node())
    assert calls == [1, 2]
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


KEYS = ["--key-file", "{folder}/keys"]
NODES = {
    "up": ["up", "--open", "--host", "127.0.0.1", "--port", "0", "--audio", "none"],
    "server": ["server", "--open", "--host", "127.0.0.1", "--port", "0"],
    "server with keys": ["server", "--host", "127.0.0.1", "--port", "0", *KEYS],
    "synth": ["synth", "--audio", "none", "--id", "synth-x", "http://127.0.0.1:9/"],
}


@pytest.mark.parametrize("node", NODES)
def test_a_node_ends_with_its_terminal_and_leaves_nothing_behind(node: str, tmp_path: Path) -> None:
    process, master = on_a_terminal(NODES[node], tmp_path)
    try:
        read_until(master, b"Formant")
        if node == "up":
            read_until(master, b"Ready")
        family = [process.pid, *children_of(process.pid)]
        assert len(family) == (2 if node == "up" else 1)
        os.close(master)
        assert process.wait(PATIENCE_S) == 0
        deadline = time.monotonic() + PATIENCE_S
        while any(map(alive, family)):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        process.kill()
        process.wait()


def test_nohup_keeps_a_node_when_its_terminal_goes(tmp_path: Path) -> None:
    process, master = on_a_terminal(NODES["synth"], tmp_path, "nohup")
    try:
        output = tmp_path / "nohup.out"
        deadline = time.monotonic() + PATIENCE_S
        while not (output.exists() and b"Formant" in output.read_bytes()):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.close(master)
        time.sleep(1.0)
        assert process.poll() is None
        process.terminate()
        assert process.wait(PATIENCE_S) == 0
    finally:
        process.kill()
        process.wait()


def on_a_terminal(arguments: list[str], folder: Path, *before: str) -> tuple[subprocess.Popen[bytes], int]:
    """A node in a session of its own whose terminal is a new one; and the other end of it."""
    (folder / "keys").write_text("abcd-efgh-jkmn\n")
    (folder / "keys").chmod(0o600)
    master, slave = pty.openpty()
    command = [*before, sys.executable, "-m", "formant_net", *(word.format(folder=folder) for word in arguments)]
    take_terminal = (
        "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", f"{take_terminal}; os.execvp(sys.argv[1], sys.argv[1:])", *command],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        cwd=folder,
        env={**os.environ, "FORMANT_STATE_DIR": str(folder)},
    )
    os.close(slave)
    return process, master


def read_until(descriptor: int, words: bytes) -> None:
    said = b""
    while words not in said:
        said += os.read(descriptor, 4096)


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
