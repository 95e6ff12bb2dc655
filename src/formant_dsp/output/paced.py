"""Sinks without a device: silence in real time, and a recording in a WAV file."""

from __future__ import annotations

import errno
import threading
import time
from typing import Any

import numpy as np

from formant_dsp.bank.bank import Bank
from formant_dsp.output.callback import StreamState
from formant_dsp.output.durable import Durable
from formant_dsp.output.sink import FADE_S, SinkError
from formant_dsp.output.wav_file import WavFile
from formant_files import shown

PACE_FRAMES = 480
"""Frames of a block of a sink without a device: 10 ms at 48 kHz."""
HEADER_BLOCKS = 20
"""Blocks between two updates of a recording's header: a killed process loses at most these, 0.2 s."""
FULL = (errno.ENOSPC, errno.EDQUOT) if hasattr(errno, "EDQUOT") else (errno.ENOSPC,)
"""Errors of a full disk, which may have room again later."""
GIVE_UP_S = 0.5
"""Seconds of lateness after which a paced sink continues from now and does not catch up, as after a suspend."""


class PacedSink:
    """A sink without a device: a thread renders the bank in real time and drops each block; WavSink records it."""

    audible = False

    def __init__(self, bank: Bank) -> None:
        self.channels = bank.channels
        self.sample_rate = bank.sample_rate
        self._bank = bank
        self._state = StreamState(bank, self.channels)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="formant-paced-sink", daemon=True)

    def start(self) -> None:
        self._bank.fade(True)
        self._thread.start()

    def stop(self) -> None:
        if self._stopping.is_set():
            return
        if self._thread.is_alive():
            self._bank.fade(False)
            time.sleep(FADE_S)
            self._stopping.set()
            self._thread.join()
        self._stopping.set()
        self._state.release()

    def _run(self) -> None:
        block = np.zeros((PACE_FRAMES, self.channels), np.float32)
        period = PACE_FRAMES / self.sample_rate
        deadline = time.monotonic()
        while not self._stopping.is_set():
            self._state.render_into(block)
            self._take(block)
            deadline += period
            behind = time.monotonic() - deadline
            if behind > GIVE_UP_S:
                deadline += behind
            elif behind < 0.0:
                time.sleep(-behind)

    def _take(self, block: np.ndarray[Any, np.dtype[np.float32]]) -> None:
        """Take one block, float32[frames, channels], after it was rendered."""

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    @property
    def latency_s(self) -> float:
        return (PACE_FRAMES + self._bank.latency_frames) / self.sample_rate

    def frame_in(self, seconds: float) -> int | None:
        """The frame of the bank's clock that would be heard after `seconds`; None before the first block."""
        return self._state.frame_in(seconds - self.latency_s)

    def describe(self) -> str:
        return f"no sound device (rendering in real time, {self.sample_rate} Hz)"

    def counters(self) -> dict[str, Any]:
        return self._state.counters()

    def peak(self) -> float | None:
        return self._state.peak()

    def stop_measuring(self) -> None:
        self._state.stop_measuring()


class WavSink(PacedSink):
    """Records the sound in real time in a WavFile, which is readable even after the process was killed or a power cut.

    An existing file is never overwritten: the recording gets another name (`take-2.wav`). A full disk ends the
    recording but not the bank. When the file system refuses a larger file, the recording continues in another file.

    error   SinkError for a path that cannot be written
    """

    def __init__(self, bank: Bank, path: str) -> None:
        self._wanted = path
        self._file: WavFile | None = None
        self._disk: Durable | None = None
        self._recorded_s = 0.0
        self.ended = ""
        """A line of text that says why the recording has ended; empty while it goes on."""
        self._path = shown(path)
        try:
            self._path = self._open(bank)
        except OSError as error:
            if error.errno not in FULL:
                raise SinkError(
                    f"cannot write {shown(path)!r}: {error.strerror or error}; choose another path with "
                    "--audio wav:PATH"
                ) from error
            self.ended = f"nothing is recorded to {shown(path)}: {error.strerror}"
        self._blocks = 0
        self.audible = self._file is not None
        super().__init__(bank)

    def _take(self, block: np.ndarray[Any, np.dtype[np.float32]]) -> None:
        if self._file is None or self._disk is None:
            return
        before = self._file.frames
        try:
            self._file.append(block)
            self._blocks += 1
            if self._blocks % HEADER_BLOCKS == 0:
                self._file.update_header()
                if self._disk.error is not None:
                    raise self._disk.error
        except OSError as error:
            done = self._file.frames - before
            lost = self._disk.error is not None
            self._close()
            if error.errno == errno.EFBIG and self._begin_next():
                self._take(block[done:])
            else:
                self.audible = False
                self.ended = (
                    f"the recording has ended after {self._recorded_s:.1f} s: {error.strerror or error}; "
                    f"{self._path} {'may lack its end' if lost else 'is complete until there'}"
                )

    def _begin_next(self) -> bool:
        """Continue in another file. False when the last file took nothing, because the next one would not either."""
        if not self._blocks:
            return False
        try:
            self._path = self._open(self._bank)
        except OSError:
            return False
        self._blocks = 0
        return True

    def _open(self, bank: Bank) -> str:
        """Begin a file; its name. OSError when it cannot be made."""
        self._file = WavFile(self._wanted, bank.channels, bank.sample_rate)
        self._disk = Durable(self._file.descriptor, self._file.path)
        return shown(self._file.path)

    def _close(self) -> None:
        """Complete the file. This thread makes the sound: it does not wait until the disk has all of it."""
        if self._file is not None and self._disk is not None:
            self._file.close()
            self._disk.end()
            self._recorded_s += self._file.frames / self.sample_rate
            self._file = None

    def stop(self) -> None:
        super().stop()
        self._close()
        if self._disk is not None:
            self._disk.wait()
            self._disk = None

    def describe(self) -> str:
        return self.ended or f"recording to {self._path}, {self.sample_rate} Hz"
