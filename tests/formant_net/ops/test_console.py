"""Standard streams that cannot stop a node: every kind of them, results and notes, and what a command then says."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.request import urlopen

import pytest
from support.machine.streams import KINDS, closing, fill, stream
from support.net.ports import free_port
from support.suite.patience import PATIENCE_S
from websockets.asyncio.client import connect

from formant_net.ops.console import Lasting, put, say

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="descriptors, pipes and terminals as POSIX has them")


def text_stream(descriptor: int) -> Lasting:
    return Lasting(descriptor, "utf-8", line_buffering=True)


def formant(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "formant_net", *arguments]
    return subprocess.run(command, text=True, timeout=300, check=False, **options)  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "closed"])
def test_a_note_into_any_stream_returns_at_once_and_raises_nothing(kind: str) -> None:
    with stream(kind) as end:
        assert end is not None
        out = text_stream(end)
        took = []
        for _ in range(50):
            began = time.monotonic()
            assert not put(out, "a line\n")
            took.append(time.monotonic() - began)
        assert statistics.median(took) < 0.02


def test_a_note_that_was_not_taken_is_written_once_there_is_room() -> None:
    reader, writer = os.pipe()
    out = text_stream(writer)
    fill(writer)
    assert not put(out, "lost\n")
    os.read(reader, 1 << 20)
    assert put(out, "shown\n")
    assert os.read(reader, 100) == b"shown\n"
    os.close(reader)
    os.close(writer)


def test_a_result_waits_for_its_reader_even_on_a_descriptor_that_others_made_non_blocking() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    code = f"import os, time; time.sleep(0.3); n = 0\nwhile n < 300000: n += len(os.read({reader}, 65536))\nprint(n)"
    with subprocess.Popen([sys.executable, "-c", code], pass_fds=[reader], stdout=subprocess.PIPE) as pager:
        text_stream(writer).write("x" * 300_000)
        assert pager.communicate(timeout=PATIENCE_S)[0] == b"300000\n"
    os.close(reader)
    os.close(writer)


def test_a_note_leaves_the_flags_of_a_shared_descriptor_alone() -> None:
    reader, writer = os.pipe()
    put(text_stream(writer), "a line\n")
    assert os.get_blocking(writer)
    os.close(reader)
    os.close(writer)


def test_text_that_the_encoding_cannot_express_is_written_as_its_code() -> None:
    reader, writer = os.pipe()
    put(Lasting(writer, "ascii", line_buffering=True), "K\udcfcche ü\n")
    assert os.read(reader, 100) == b"K\\udcfcche \\xfc\n"
    os.close(reader)
    os.close(writer)


@pytest.mark.parametrize("out", [None, io.StringIO(), open(os.devnull, "w")])  # noqa: SIM115
def test_streams_of_others_are_written_to_and_may_be_none_or_closed(
    out: io.StringIO | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", out)
    say("a line")
    if out is not None:
        out.close()
        say("another")


def test_a_journal_that_has_gone_is_as_a_pipe_that_has_gone() -> None:
    """systemd/systemd#6620: a service writes into a socket of journald, and ended when journald was stopped."""
    for note in (True, False):
        ours, journal = socket.socketpair()
        out = text_stream(ours.detach())
        assert put(out, "a line\n")
        assert journal.recv(100) == b"a line\n"
        journal.close()
        for _ in range(3):
            if note:
                assert not put(out, "lost\n")
            else:
                out.write("lost\n")
                out.flush()
        assert out.file.error is None
        os.close(out.fileno())


def test_a_journal_that_takes_nothing_holds_nobody_up() -> None:
    ours, journal = socket.socketpair()
    out = text_stream(ours.fileno())
    while put(out, "x" * 4000):
        pass
    assert not put(out, "lost\n")
    journal.recv(1 << 20)
    while not put(out, "shown\n"):
        journal.recv(1 << 20)
    ours.close()
    journal.close()


HOOKS = """
import sys, threading
from formant_net.ops import console, log
console.settle()
if sys.argv[1] == "log":
    log.configure("json", "info")
def fail():
    raise RuntimeError("a fault of ours")
thread = threading.Thread(target=fail)
thread.start()
thread.join()
quiet = threading.Thread(target=sys.exit)
quiet.start()
quiet.join()
fail()
"""


def test_faults_that_nobody_catches_are_told_by_the_log_if_there_is_one() -> None:
    """Of the main thread and of others; a thread that is told to end has no fault."""
    done = subprocess.run(
        [sys.executable, "-c", HOOKS, "log"], capture_output=True, text=True, timeout=300, check=False
    )
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [(line["event"], line["level"]) for line in lines] == [("fault", "critical")] * 2
    assert all("a fault of ours" in str(line) for line in lines)
    assert done.returncode == 1


@pytest.mark.parametrize("kind", ["full", "gone", "closed"])
def test_a_fault_that_cannot_be_told_is_only_a_fault(kind: str) -> None:
    with stream(kind) as end:
        done = subprocess.run(
            [sys.executable, "-c", HOOKS, "none"],
            stderr=end, preexec_fn=None if end else closing(2), timeout=300, check=False,
        )  # fmt: skip
    assert done.returncode == 1


# --- commands that end ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [["presets"], ["presets", "--json"], ["--help"], ["synth", "--help"]])
def test_a_result_on_a_full_disk_is_one_line_and_exit_code_1(arguments: list[str]) -> None:
    with stream("full") as end:
        done = formant(*arguments, stdout=end, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stderr == "Error: the output could not be written: No space left on device\n"


@pytest.mark.parametrize("kind", ["closed", "gone", "gone terminal"])
def test_a_result_that_nobody_reads_is_no_traceback(kind: str) -> None:
    with stream(kind) as end:
        done = formant("presets", stdout=end, stderr=subprocess.PIPE, preexec_fn=None if end else closing(1))
    assert "Traceback" not in done.stderr
    if kind == "gone terminal":  # it was asked for, and is lost
        assert (done.returncode, done.stderr) == (1, "Error: the output could not be written: Input/output error\n")
    else:
        assert (done.returncode, done.stderr) == (0, "")


def test_a_reader_that_has_enough_is_a_normal_end_for_the_shell_as_well() -> None:
    line = f"set -o pipefail; {sys.executable} -m formant_net presets | head -1"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, len(done.stdout.splitlines()), done.stderr) == (0, 1, "")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "still" not in kind])
def test_an_error_is_told_by_the_exit_code_where_it_cannot_be_said(kind: str) -> None:
    with stream(kind) as end:
        done = formant("presets", "--nonsense", stderr=end, preexec_fn=None if end else closing(2))
    assert done.returncode == 2


def test_a_file_does_not_take_the_number_of_a_closed_stream(tmp_path: Path) -> None:
    path = tmp_path / "o.wav"
    done = formant("render", "-o", str(path), "--seconds", "0.2", preexec_fn=closing(0, 1, 2))
    assert done.returncode == 0
    assert path.read_bytes()[:4] == b"RIFF"
    assert b"notes" not in path.read_bytes()


# --- nodes ---------------------------------------------------------------------------------------------------------


SHORT = ("closed", "gone", "still")
"""With nodes; what is written to the other kinds is tried above without one, and with one in `make test-long`."""


@pytest.mark.parametrize(
    "kind", [each if each in SHORT else pytest.param(each, marks=pytest.mark.long) for each in KINDS]
)
def test_a_server_and_its_synth_go_on_whatever_becomes_of_their_streams(kind: str, tmp_path: Path) -> None:
    """They write a line for each client that comes and goes, and end as they are told to."""
    port = free_port()
    up = ["up", "--open", "--host", "127.0.0.1", "--port", str(port), "--audio", "none", "--log-level", "debug"]
    with stream(kind) as end, running(up, end, tmp_path) as process:
        deadline = time.monotonic() + PATIENCE_S
        while not synths(port):
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.1)
        for _ in range(5):  # each is a line
            asyncio.run(come_and_go(port))
        assert synths(port) == 1
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 0


@pytest.mark.parametrize("kind", [pytest.param("closed", marks=pytest.mark.long), "full"])
def test_a_synth_alone_ends_gracefully_whatever_becomes_of_its_streams(kind: str, tmp_path: Path) -> None:
    """What it says while it waits for a server is lost, and the recording goes on."""
    recording = tmp_path / "r.wav"
    synth = ["synth", "--audio", f"wav:{recording}", "--id", "synth-x", "http://127.0.0.1:9/"]
    with stream(kind) as end, running(synth, end, tmp_path) as process:
        deadline = time.monotonic() + PATIENCE_S
        while not (recording.exists() and recording.stat().st_size > 100_000):
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0


def test_a_controller_without_standard_input_ends(tmp_path: Path) -> None:
    port = free_port()
    server = ["server", "--open", "--host", "127.0.0.1", "--port", str(port)]
    with running(server, None, tmp_path):
        deadline = time.monotonic() + PATIENCE_S
        while not answers(port):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        done = formant("controller", "--wait-synths", "0", f"http://127.0.0.1:{port}/", preexec_fn=closing(0))
        assert done.returncode == 0


@contextmanager
def running(arguments: list[str], end: int | None, state: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A node whose standard output and error are `end`, or closed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "formant_net", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=end,
        stderr=end,
        preexec_fn=closing(1, 2) if end is None else None,
        env={**os.environ, "FORMANT_STATE_DIR": str(state)},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
        return True
    return False


def synths(port: int) -> int:
    """How many are registered; 0 where no server listens yet."""
    with suppress(OSError), urlopen(f"http://127.0.0.1:{port}/healthz", timeout=PATIENCE_S) as answer:
        return int(json.load(answer)["synths"])
    return 0


async def come_and_go(port: int) -> None:
    async with connect(f"ws://127.0.0.1:{port}/ws") as client:
        await client.send(json.dumps({"type": "register", "client_id": "ctrl-guest"}))
        while json.loads(await client.recv())["type"] != "registered":
            pass
