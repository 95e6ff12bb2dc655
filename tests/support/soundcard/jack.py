"""A sound card for tests: a private JACK server on the dummy driver, in real time, with one callback a period."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO

import numpy as np
import soundfile
from numpy.typing import NDArray
from support.suite.patience import PATIENCE_S
from support.suite.require import require

MOST_SERVERS = 7


class Jack:
    """`with Jack() as jack:` — `jack.env` makes a child play into it as device `system`, `jack.recorder()` hears it.

    realtime     the server's own threads; needs the right to
    synchronous  nothing that clients say is lost when the machine is busy: for MIDI
    """

    DEVICE = "system"

    def __init__(
        self, *, realtime: bool = False, synchronous: bool = False, period: int = 256, rate: int = 48000
    ) -> None:
        self._arguments = [
            *(["-S"] if synchronous else []),
            *(["-R", "-P", "60"] if realtime else ["-r"]),
        ]
        self._driver = ["-d", "dummy", "-r", str(rate), "-p", str(period), "-C", "2", "-P", "2"]

    def __enter__(self) -> Jack:
        require("jackd", "jack_lsp", "jack_rec")
        self.name, self._held = _free_name()
        self.env = {
            **os.environ,
            "JACK_DEFAULT_SERVER": self.name,
            "JACK_NO_AUDIO_RESERVATION": "1",
            "JACK_NO_START_SERVER": "1",
        }
        self._log = tempfile.TemporaryFile()
        self._start()
        return self

    def tell(self, number: signal.Signals) -> None:
        """A signal to the server: SIGSTOP hangs it, SIGCONT lets it go on."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """The server dies as by a crash."""
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        """It comes back under the same name."""
        self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            ["jackd", *self._arguments, "-n", self.name, *self._driver],
            env=self.env, stdout=self._log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        deadline = time.monotonic() + PATIENCE_S
        while "system:playback_1" not in self.ports():
            if time.monotonic() > deadline or self._process.poll() is not None:
                self._log.seek(0)
                said = self._log.read().decode()
                self.__exit__(None, None, None)
                raise RuntimeError(f"jackd did not start:\n{said}")
            time.sleep(0.05)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
        self._held.close()

    def ports(self) -> list[str]:
        """All ports there are, `client:port`."""
        done = subprocess.run(["jack_lsp"], env=self.env, capture_output=True, text=True, check=False)
        return [line for line in done.stdout.splitlines() if ":" in line] if done.returncode == 0 else []

    def recorder(self, seconds: float) -> JackRecorder:
        """What a client plays, for a length known before."""
        return JackRecorder(self, seconds)


def _free_name() -> tuple[str, IO[str]]:
    """A name that no other test has now, and the lock that holds it.

    A name whose server has outlived its test is left out. Names come again: JACK keeps eight for a machine, and that of
    a server that was killed until it is used once more.
    """
    for k in range(MOST_SERVERS):
        lock = (Path(tempfile.gettempdir()) / f"formant-jack-{os.getuid()}-{k}.lock").open("w", encoding="ascii")
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not _answers(f"formant-{k}"):
                return f"formant-{k}", lock
        lock.close()
    raise RuntimeError(f"{MOST_SERVERS} tests have a JACK server already")


def _answers(name: str) -> bool:
    """Whether a server of this name runs, although no test has it: one that outlived its test."""
    env = {**os.environ, "JACK_DEFAULT_SERVER": name, "JACK_NO_START_SERVER": "1"}
    try:
        return subprocess.run(["jack_lsp"], env=env, capture_output=True, check=False, timeout=10).returncode == 0
    except subprocess.TimeoutExpired:
        return True  # it hangs, and has the name


class JackRecorder:
    """Records the first output of the one client beside the system: float64[frames]."""

    def __init__(self, jack: Jack, seconds: float) -> None:
        self._jack, self._seconds = jack, seconds

    def start(self) -> JackRecorder:
        """Once the client has its ports."""
        deadline = time.monotonic() + PATIENCE_S
        while not (ports := [port for port in self._jack.ports() if not port.startswith("system:")]):
            if time.monotonic() > deadline:
                raise RuntimeError("no JACK client came")
            time.sleep(0.05)
        self._folder = tempfile.TemporaryDirectory(prefix="formant-jack-")
        self._path = Path(self._folder.name) / "take.wav"
        self._process = subprocess.Popen(
            [
                *("jack_rec", "-f", str(self._path), "-d", str(int(self._seconds + 1))),
                *("-b", "32", "-B", "262144", ports[0]),
            ],
            env=self._jack.env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        while not any(port.startswith("jackrec:") for port in self._jack.ports()):
            if time.monotonic() > deadline:
                raise RuntimeError("jack_rec did not start")
            time.sleep(0.02)
        return self

    def stop(self) -> NDArray[np.float64]:
        """Waits until the length is reached."""
        _, said = self._process.communicate(timeout=self._seconds + PATIENCE_S)
        if "overrun" in said.lower():
            raise RuntimeError(f"the recorder itself lost sound: {said}")
        sound, _ = soundfile.read(self._path, dtype="float64")
        self._folder.cleanup()
        return np.asarray(sound, np.float64)
