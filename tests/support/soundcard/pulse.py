"""A sound card for tests: a private PulseAudio server with a null sink, and a recorder of what it plays."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray
from support.suite.patience import PATIENCE_S
from support.suite.require import require

RATE = 48000
_MODULES = """\
load-module module-native-protocol-unix socket={folder}/{socket} auth-anonymous=1
load-module module-null-sink sink_name=nullsink format=float32le rate=48000 {channels} norewinds=1
set-default-sink nullsink
set-default-source nullsink.monitor
"""
_ALSA = """\
</usr/share/alsa/alsa.conf>
pcm.!default {{ type pulse }}
ctl.!default {{ type pulse }}
"""


_PLACES = (
    *("front-left", "front-right", "rear-left", "rear-right", "front-center", "lfe"),
    *("side-left", "side-right"),
)


def _layout(channels: int, option: str) -> list[str]:
    """How many channels, and which is which."""
    names = {"channels": str(channels)} | ({"channel_map": ",".join(_PLACES)} if channels == 8 else {})
    dash = "-" if option.startswith("--") else "_"
    return [option.format(f"{name.replace('_', dash)}={value}") for name, value in names.items()]


class Pulse:
    """`with Pulse() as pulse:` — `pulse.env` makes a child process play into it, `pulse.recorder()` hears it.

    norewinds: without it a stream stalls for 1.5 s at its start. The sink is paced in real time.

    channels   of the sink; more than two stand as ALSA counts them
    realtime   the server as on a box that plays: its threads before all ordinary ones, where that is allowed
    """

    def __init__(self, *, realtime: bool = False, channels: int = 2) -> None:
        self._channels = channels
        self._realtime = realtime
        self._priority = [f"--{name}={'yes' if realtime else 'no'}" for name in ("realtime", "high-priority")]

    def __enter__(self) -> Pulse:
        require("pulseaudio", "parecord", "pactl")
        self._folder = tempfile.TemporaryDirectory(prefix="formant-pulse-")
        folder = Path(self._folder.name)
        (folder / "alsa.conf").write_text(_ALSA.format())
        self.env = {
            **os.environ,
            "PULSE_RUNTIME_PATH": str(folder),
            "PULSE_SERVER": f"unix:{folder}/native",
            "PULSE_COOKIE": str(folder / "cookie"),
            "ALSA_CONFIG_PATH": str(folder / "alsa.conf"),
        }
        self._start()
        return self

    def kill(self) -> None:
        """The server dies as by a crash."""
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        """It comes back under the same address."""
        self._start()

    def restart_recorded(self) -> Recorder:
        """It comes back, and is recorded before those find it who played into it."""
        folder = Path(self._folder.name)
        own = {**self.env, "PULSE_SERVER": f"unix:{folder}/shut"}
        self._start("shut", own)
        recorder = Recorder(own, self._channels).start()
        (folder / "native").symlink_to("shut")
        return recorder

    def _start(self, socket: str = "native", env: dict[str, str] | None = None) -> None:
        folder, env = Path(self._folder.name), env or self.env
        for left in ("native", "shut"):
            (folder / left).unlink(missing_ok=True)
        channels = " ".join(_layout(self._channels, "{}"))
        (folder / "modules.pa").write_text(_MODULES.format(folder=folder, socket=socket, channels=channels))
        self._process = subprocess.Popen(
            [
                "pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--disallow-exit=yes",
                *self._priority, f"--log-target=file:{folder}/log",
                "-F", str(folder / "modules.pa"),
            ],
            env=self.env,
        )  # fmt: skip
        deadline = time.monotonic() + PATIENCE_S
        while subprocess.run(["pactl", "info"], env=env, capture_output=True, check=False).returncode:
            if time.monotonic() > deadline:
                self.__exit__(None, None, None)
                raise RuntimeError(f"pulseaudio did not start:\n{(folder / 'log').read_text()}")
            time.sleep(0.05)
        if self._realtime:
            with contextlib.suppress(PermissionError):
                os.sched_setscheduler(self._process.pid, os.SCHED_FIFO, os.sched_param(5))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()

    def recorder(self) -> Recorder:
        return Recorder(self.env, self._channels)


def _loud(sound: NDArray[np.float64], level: float) -> float:
    """Seconds of it, by its stretches of 10 ms."""
    stretches = np.abs(sound[: len(sound) // 480 * 480]).reshape(-1, 480).max(axis=1, initial=0.0)
    return float(np.count_nonzero(stretches > level)) / 100.0


class Recorder:
    """Records the sink's monitor from `start` to `stop`, or to `stop_stereo`."""

    def __init__(self, env: dict[str, str], channels: int = 2) -> None:
        self._env = env
        self._channels = channels

    def start(self) -> Recorder:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 (closed by stop)
        self._process = subprocess.Popen(
            [
                "parecord", "--device=nullsink.monitor", "--raw", "--format=float32le", "--rate=48000",
                "--latency-msec=50", *_layout(self._channels, "--{}"),
            ],
            env=self._env,
            stdout=self._file,
        )  # fmt: skip
        deadline = time.monotonic() + PATIENCE_S
        while self._bytes == 0 and time.monotonic() < deadline:
            time.sleep(0.02)
        return self

    @property
    def seconds(self) -> float:
        """Length of what has been recorded so far."""
        return self._bytes / (4 * self._channels) / RATE

    def until(
        self, enough: Callable[[NDArray[np.float64]], object], what: str = "the sound that was waited for"
    ) -> NDArray[np.float64]:
        """Record on until what has been recorded so far, as `stop` gives it, is enough; and return that."""
        deadline = time.monotonic() + PATIENCE_S
        while not enough(sound := self._mono(self._so_far())):
            heard = f"heard {_loud(sound, 1e-3):.1f} s of sound in {len(sound) / RATE:.1f} s"
            assert time.monotonic() < deadline, f"{what} did not come: {heard}"
            time.sleep(0.1)
        return sound

    def hears(self, seconds: float, level: float = 1e-3) -> None:
        """Record on until so many seconds were louder than this, 1.0 is full scale."""
        self.until(lambda sound: _loud(sound, level) >= seconds)

    def stop(self) -> NDArray[np.float64]:
        """float64[frames], (left + right)/√2: what stands in the middle has its full level."""
        return self._mono(self.stop_stereo())

    def stop_stereo(self) -> NDArray[np.float64]:
        """float64[frames, channels of the sink]."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(PATIENCE_S)
        sound = self._so_far()
        self._file.close()
        return sound

    @staticmethod
    def _mono(sound: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(sound.sum(axis=1) * 0.5**0.5)

    @property
    def _bytes(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    def _so_far(self) -> NDArray[np.float64]:
        # The position in the file is that of the process that writes: it stays where it is.
        data = os.pread(self._file.fileno(), self._bytes, 0)
        whole = len(data) // (4 * self._channels) * 4 * self._channels
        return np.frombuffer(data[:whole], np.float32).reshape(-1, self._channels).astype(np.float64)
