"""The version before the desk beside today's, as processes: `python -m fleet.neighbours` in tests/ (`make neighbours`).

It builds a wheel of the commit, or takes one with `--wheel`. In each case one part is of the older version: it is
played, and it is heard.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import sysconfig
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
from support.machine.processes import Process, processes

COMMIT = "707e670"
KEY = "cantabile"
PARTS = ("server", "synth", "controller")


def wheel_of(commit: str, folder: Path) -> Path:
    """The wheel of a commit of this repository. It takes minutes."""
    source = folder / "source"
    source.mkdir()
    root = Path(__file__).parents[2]  # in a folder below, git would archive that folder alone
    archive = subprocess.run(["git", "archive", commit], cwd=root, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "-C", str(source)], input=archive, check=True)
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", str(source), "-w", str(folder)]
    subprocess.run(pip, check=True)
    (wheel,) = folder.glob("formant_synth-*.whl")
    return wheel


def case(older: str, start: Callable[..., Process], prefix: list[str], folder: Path) -> str:
    """Play with one part of the older version. Returns what was seen; AssertionError if nobody is heard."""
    wav = folder / f"{older}.wav"
    state = {"FORMANT_KEY": KEY, "FORMANT_ANNOUNCE": "false", "FORMANT_STATE_DIR": str(folder / older)}

    def run(part: str, *arguments: str, stdin: bool = False) -> Process:
        options = {"prefix": prefix} if part == older else {}
        return start(part, *arguments, stdin=stdin, environment=state, **options)

    server = run("server", "--host", "127.0.0.1", "--port", "0")
    url = server.wait_for("Join:").split()[1]
    synth = run("synth", url, "--id", "synth-n", "--audio", f"wav:{wav}", "--voices", "2")
    synth.wait_for("Ready")
    hand = run("controller", url, "--id", "ctrl-n", stdin=True)
    hand.wait_for("Ready: 1 synth")
    hand.write('{"x": 0.5, "y": 0.0}\n')
    time.sleep(1.0)
    command = [sys.executable, "-m", "formant_net"]
    remote = subprocess.run(
        [*command, "remote", url, "--volume", "0.5"], capture_output=True, text=True, check=False, timeout=120
    )
    desk = subprocess.run(
        [*command, "desk", "show", "--url", url], capture_output=True, text=True, check=False, timeout=120
    )
    hand.write('{"active": false}\n')
    time.sleep(0.5)
    assert synth.stop() == 0, synth.output()
    sound, _ = soundfile.read(wav)
    level = float(np.abs(sound).max())
    assert level > 0.01, f"older {older}: nothing was heard"
    assert remote.returncode == 0, remote.stderr
    if older == "server":
        assert "older version" in remote.stderr, remote.stderr
        assert desk.returncode == 1, desk.stdout
        assert "older version" in desk.stderr, desk.stderr
    else:
        assert desk.returncode == 0, desk.stderr
        assert ("which no desk steers" in desk.stdout) == (older == "synth"), desk.stdout
    return f"older {older}: heard, peak {level:.2f}; remote: {remote.stderr.strip()}"


def main() -> None:
    """Every part of the older version in turn."""
    options = argparse.ArgumentParser()
    options.add_argument("--commit", default=COMMIT)
    options.add_argument("--wheel", type=Path)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as temporary, processes() as start:
        folder = Path(temporary)
        wheel = given.wheel or wheel_of(given.commit, folder)
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder / "older")
        site = sysconfig.get_path("purelib")
        launcher = Path(__file__).with_name("older.py")
        prefix = [sys.executable, "-S", str(launcher), str(folder / "older"), site]
        for older in PARTS:
            print(case(older, start, prefix, folder), flush=True)


if __name__ == "__main__":
    main()
