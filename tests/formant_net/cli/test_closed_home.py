"""A home or a state folder that may not be entered: every command says what it cannot keep, and none ends by it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.machine.closed_folder import closed_folder
from support.suite.cases import some
from support.suite.patience import PATIENCE_S

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="permissions as POSIX has them")

ENDING = {
    "help": ["--help"],
    "presets": ["presets"],
    "devices": ["devices", "--json"],
    "doctor": ["doctor"],
    "render": ["render", "-o", "x.wav", "--seconds", "0.2"],
    "a key for tokens": ["token", "key", "keys.json"],
    "a unit": ["install-service", "--user", "--print", "synth", "http://box.local:8080/"],
    "its configuration": ["--config", "{closed}/node.toml", "presets"],
    "its presets": ["synth", "--audio", "none", "--presets", "{closed}/presets", "--preset", "nobody"],
    "its output": ["render", "-o", "{closed}/x.wav", "--seconds", "0.2"],
    "its keys": ["token", "key", "{closed}/keys.json"],
}
WORKS = {"help", "presets", "render", "a key for tokens", "a unit"}


BOTH = [(what, "HOME") for what in ENDING] + [(what, "FORMANT_STATE_DIR") for what in some(list(ENDING), 4)]


@pytest.mark.parametrize(("what", "name"), BOTH)
def test_a_command_that_ends_has_no_traceback(what: str, name: str, tmp_path: Path) -> None:
    closed, before = closed_folder(tmp_path / "closed")
    work = tmp_path / "work"
    work.mkdir()
    done = subprocess.run(
        [*before, sys.executable, "-m", "formant_net", *(word.format(closed=closed) for word in ENDING[what])],
        env=environment(closed, name),
        cwd=work,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "Traceback" not in done.stderr
    if what in WORKS:
        assert (done.returncode, done.stderr if what != "render" else "") == (0, "")
    elif what.startswith("its"):
        assert done.returncode in (1, 2)
        assert str(closed) in done.stderr


@pytest.mark.parametrize("name", ["HOME", pytest.param("FORMANT_STATE_DIR", marks=pytest.mark.long)])
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["synth", "--audio", "none", "http://127.0.0.1:9/"], "cannot be kept"),
        (["server", "--host", "127.0.0.1", "--port", "0"], "cannot be kept"),
        (["server", "--host", "127.0.0.1", "--port", "0", "--open"], "Join:"),
    ],
    ids=["synth", "server", "open server"],
)
def test_a_node_runs_and_says_what_it_cannot_keep(arguments: list[str], words: str, name: str, tmp_path: Path) -> None:
    closed, before = closed_folder(tmp_path / "closed")
    output = tmp_path / "output"
    with output.open("wb") as file:
        node = subprocess.Popen(
            [*before, sys.executable, "-m", "formant_net", *arguments],
            env=environment(closed, name),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
    try:
        deadline = time.monotonic() + PATIENCE_S
        runs = "Formant synth" if "synth" in arguments else "Join:"
        while not all(each in output.read_text(encoding="utf-8") for each in (words, runs)):
            assert node.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        node.send_signal(signal.SIGTERM)
        assert node.wait(PATIENCE_S) == 0
    finally:
        node.kill()
        node.wait()
    assert "Traceback" not in output.read_text(encoding="utf-8")


def test_self_signed_needs_a_state_folder_and_says_so(tmp_path: Path) -> None:
    closed, before = closed_folder(tmp_path / "closed")
    done = subprocess.run(
        [
            *(*before, sys.executable, "-m", "formant_net", "server", "--open", "--tls", "self-signed"),
            *("--host", "127.0.0.1", "--port", "0"),
        ],
        env=environment(closed, "FORMANT_STATE_DIR"),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 2
    assert "FORMANT_STATE_DIR" in done.stderr
    assert "Traceback" not in done.stderr


def environment(closed: Path, name: str) -> dict[str, str]:
    left_out = ("FORMANT_", "XDG_")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(left_out)}
    return {**clean, name: str(closed / "x" if name == "FORMANT_STATE_DIR" else closed)}
