"""Sinks without a device: silence in real time, and a WAV file of what would be heard."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np

from formant_dsp.bank import Bank
from formant_dsp.callback import StreamState
from formant_dsp.sink import FADE_S, SinkError

PACE_FRAMES = 480
"""Block of a sink without a device: 10 ms at 48 kHz."""
GIVE_UP_S = 0.5
"""A paced sink that is later than this (a suspended machine) goes on from now instead of catching up."""


class PacedSink:
    """No device: a thread renders the bank in real time and hands each block on."""

    audible = False

    def __init__(self, bank: Bank) -> None:
        self.channels = bank.channels
        self.sample_rate = bank.sample_rate
        self._bank = bank
        self._state = StreamState(bank, self.channels)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="formant-paced-sink", daemon=True)
        self._failed: OSError | None = None

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
            try:
                self._take(block)
            except OSError as error:  # a full disk ends the recording, not the node
                self._failed = error
                self._take = lambda block: None  # type: ignore[method-assign]
            deadline += period
            behind = time.monotonic() - deadline
            if behind > GIVE_UP_S:
                deadline += behind
            elif behind < 0.0:
                time.sleep(-behind)

    def _take(self, block: np.ndarray[Any, np.dtype[np.float32]]) -> None:
        """One block has been made."""

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    @property
    def latency_s(self) -> float:
        return (PACE_FRAMES + self._bank.latency_frames) / self.sample_rate

    def frame_in(self, seconds: float) -> int | None:
        """The frame of the bank's clock that would be heard in so many seconds; None before the first block."""
        return self._state.frame_in(seconds - self.latency_s)

    def describe(self) -> str:
        return f"no sound device (rendering in real time, {self.sample_rate} Hz)"

    def counters(self) -> dict[str, Any]:
        return self._state.counters()


class WavSink(PacedSink):
    """Records what would be heard: 24-bit WAV, in real time, readable even when the process is killed."""

    audible = True

    def __init__(self, bank: Bank, path: str) -> None:
        import soundfile

        try:
            self._file = soundfile.SoundFile(
                path, "w", samplerate=bank.sample_rate, channels=bank.channels, subtype="PCM_24", format="WAV"
            )
        except (soundfile.LibsndfileError, OSError) as error:
            raise SinkError(f"cannot write {path!r}: {error}; choose another path with --audio wav:PATH") from error
        self._path = path
        self._blocks = 0
        super().__init__(bank)

    def _take(self, block: np.ndarray[Any, np.dtype[np.float32]]) -> None:
        self._file.write(block)
        self._blocks += 1
        if self._blocks % 20 == 0:
            update_wav_header(self._file)
            self._file.flush()

    def stop(self) -> None:
        super().stop()
        self._file.close()

    def describe(self) -> str:
        trouble = f"; stopped: {self._failed}" if self._failed else ""
        return f"recording to {self._path}, {self.sample_rate} Hz{trouble}"


def update_wav_header(file: Any) -> None:
    """Write the length into the header of an open soundfile.SoundFile now, not only at its end."""
    import soundfile

    SFC_UPDATE_HEADER_NOW = 0x1060
    soundfile._snd.sf_command(file._file, SFC_UPDATE_HEADER_NOW, soundfile._ffi.NULL, 0)
