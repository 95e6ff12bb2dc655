"""A WAV file that grows: it is readable at any time, may have any length, and never replaces an existing file.

It starts as plain RIFF/WAVE with a chunk of padding. When it exceeds the 4 GiB of RIFF, the padding becomes the `ds64`
chunk of RF64 in place (EBU Tech 3306), and the sound continues in the same file.

libsndfile is not used here: it hides why a write failed, and its RF64 has a header that simple readers do not know.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

HEADER_BYTES = 80
BYTES_A_SAMPLE = 3
_LARGEST = 0xFFFFFFFF
_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)

Samples = np.ndarray[Any, np.dtype[np.float32]]


class WavFile:
    """A file of 24-bit samples. Its `path` is the requested one, or one with a number if that file exists.

    `descriptor` is that of the open file.

    error   OSError when the file cannot be made; no file is left behind then
    """

    def __init__(self, path: str | os.PathLike[str], channels: int, sample_rate: int) -> None:
        self.channels, self.sample_rate = channels, sample_rate
        self.path, self.descriptor = _new(Path(path))
        self._bytes = 0
        try:
            self.update_header()
            os.lseek(self.descriptor, HEADER_BYTES, os.SEEK_SET)
        except OSError:
            os.close(self.descriptor)
            if stat.S_ISREG(self.path.lstat().st_mode):
                self.path.unlink()
            raise

    @property
    def frames(self) -> int:
        """Number of whole frames that were written."""
        return self._bytes // (BYTES_A_SAMPLE * self.channels)

    def append(self, block: Samples) -> None:
        """Write float32[frames, channels], clipped to ±1. OSError if not all was written; `frames` says how much."""
        left = memoryview(_pcm24(block))
        while left:
            written = os.write(self.descriptor, left)
            self._bytes += written
            left = left[written:]

    def update_header(self) -> None:
        """Write the current length into the header. It needs no room on the disk. OSError if it fails."""
        _write_at_start(self.descriptor, self._header())

    def close(self) -> None:
        """Complete and close the file; a frame that was written in part is cut off. Never raises."""
        whole = self.frames * BYTES_A_SAMPLE * self.channels
        with suppress(OSError):
            if whole != self._bytes:
                self._bytes = whole
                os.ftruncate(self.descriptor, HEADER_BYTES + whole)
                os.lseek(self.descriptor, 0, os.SEEK_END)
        with suppress(OSError):
            self.update_header()
        with suppress(OSError):
            if self._bytes % 2:  # a chunk of odd length is followed by one byte that does not count
                os.write(self.descriptor, b"\0")
        with suppress(OSError):
            os.close(self.descriptor)

    def _header(self) -> bytes:
        frame_bytes = BYTES_A_SAMPLE * self.channels
        data_bytes = self.frames * frame_bytes
        riff_bytes = HEADER_BYTES - 8 + data_bytes + data_bytes % 2
        if riff_bytes <= _LARGEST:
            head = struct.pack("<4sI4s4sI28x", b"RIFF", riff_bytes, b"WAVE", b"JUNK", 28)
        else:
            sizes = struct.pack("<QQQI", riff_bytes, data_bytes, self.frames, 0)
            head = struct.pack("<4sI4s4sI28s", b"RF64", _LARGEST, b"WAVE", b"ds64", 28, sizes)
        rate = self.sample_rate
        fmt = struct.pack(
            "<4sIHHIIHH",
            *(b"fmt ", 16, 1, self.channels, rate, rate * frame_bytes, frame_bytes, 8 * BYTES_A_SAMPLE),
        )
        return head + fmt + struct.pack("<4sI", b"data", min(data_bytes, _LARGEST))


def _new(path: Path) -> tuple[Path, int]:
    """Create a new file: its path and descriptor. A character device is opened as it is.

    error   OSError for a pipe or a folder
    """
    with suppress(FileNotFoundError):
        mode = path.stat().st_mode
        if stat.S_ISCHR(mode):
            return path, os.open(path, os.O_WRONLY)
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "it is not a file", str(path))
    for each in _names(path):
        with suppress(FileExistsError):
            return each, os.open(each, _CREATE, 0o666)
    raise AssertionError("names do not end")


def _names(path: Path) -> Iterator[Path]:
    """`take.wav`, `take-2.wav`, `take-3.wav` …"""
    yield path
    for number in count(2):
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")


def _write_at_start(descriptor: int, data: bytes) -> None:
    """Write at the start of the file and keep the position at which sound is appended."""
    if hasattr(os, "pwrite"):
        try:
            os.pwrite(descriptor, data, 0)
        except OSError as error:
            if error.errno != errno.ESPIPE:
                raise
        return
    position = os.lseek(descriptor, 0, os.SEEK_CUR)
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, data)
    os.lseek(descriptor, position, os.SEEK_SET)


def _pcm24(block: Samples) -> bytes:
    """Samples as little-endian 24-bit integers, rounded and clipped."""
    whole = np.rint(np.clip(block, -1.0, 1.0).astype(np.float64) * 8388607.0).astype("<i4")
    return whole.view(np.uint8).reshape(-1, 4)[:, :BYTES_A_SAMPLE].tobytes()
