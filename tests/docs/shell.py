"""A shell for the commands of one page: its own folder and home, and this Python's `formant-node` first in the path.

The folder holds links to the files and folders of the project, so that `python examples/canon.py` is found. What the
commands write stays in it. `'URL'`, or `"URL"` in Python, is the join URL that the last server printed.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from docs.blocks import ROOT, Block, commands_of
from support.suite.patience import PATIENCE_S

HIDDEN = {".git", ".venv", "build", "dist"}


class Shell:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = ""
        self._running: list[subprocess.Popen[str]] = []
        for entry in ROOT.iterdir():
            if entry.name not in HIDDEN:
                (folder / entry.name).symlink_to(entry)
        home = folder / ".home"
        home.mkdir()
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("FORMANT_", "XDG_"))}
        self._environment = {
            **clean,
            "HOME": str(home),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONUNBUFFERED": "1",
            "FORMANT_PORT": "0",
            "FORMANT_SYNTH_AUDIO": "none",
            "FORMANT_UP_AUDIO": "none",
        }

    def run(self, block: Block) -> None:
        """The whole block; AssertionError with what it said unless it ends with 0."""
        program = [sys.executable, "-"] if block.language == "python" else ["bash", "-e", "-o", "pipefail", "-s"]
        done = subprocess.run(
            program,
            input=self._filled(block.text),
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=self._environment,
            timeout=PATIENCE_S,
        )
        assert done.returncode == 0, f"{block.where}: exit code {done.returncode}\n{done.stdout}{done.stderr}"

    def start(self, block: Block) -> None:
        """Commands that go on: each has to print `runs_until`."""
        for line in commands_of(block):
            process = subprocess.Popen(
                ["bash", "-c", f"exec {self._filled(line)}"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                cwd=self.folder,
                env=self._environment,
            )
            self._running.append(process)
            said = _wait_for(process, block.runs_until)
            assert block.runs_until in said, f"{block.where}: {block.runs_until!r} did not come\n{said}"
            if found := re.search(r"https?://\S+#key=\S+", said):
                self.url = found[0]

    def _filled(self, text: str) -> str:
        if not self.url:
            return text
        return text.replace("'URL'", shlex.quote(self.url)).replace('"URL"', f'"{self.url}"')

    def close(self) -> None:
        for process in reversed(self._running):
            process.send_signal(signal.SIGTERM)
        for process in self._running:
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(process: subprocess.Popen[str], words: str) -> str:
    """All that a process has said until `words` came, it ended, or the time was over."""
    assert process.stdout is not None
    said: list[str] = []
    came = threading.Event()

    def read(lines: Iterator[str]) -> None:
        for line in lines:  # to the end, so that the process never stands still on a full pipe
            said.append(line)
            if words in line:
                came.set()
        came.set()

    threading.Thread(target=read, args=(iter(process.stdout),), daemon=True).start()
    came.wait(PATIENCE_S)
    return "".join(said)


@contextmanager
def shell(folder: Path) -> Iterator[Shell]:
    """A shell whose processes are gone at the end."""
    opened = Shell(folder)
    try:
        yield opened
    finally:
        opened.close()
