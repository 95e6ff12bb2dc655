"""A rendered sound in a WAV or FLAC file, which is written completely or not at all.

The sound is written to a draft in the same folder, which replaces the file when it is complete. A full disk, an
interruption or a crash leaves the old file as it was.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from formant_files import shown

FORMATS = {".wav": "WAV", ".flac": "FLAC"}
"""Format of libsndfile by the ending of the name, in small letters."""
LARGEST_WAV_BYTES = (1 << 32) - 1024
"""Most bytes of sound in a WAV file. A larger one has to be RF64, which has sizes of 64 bits."""
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)

Block = np.ndarray[Any, np.dtype[np.float32]]


class SoundFileError(Exception):
    """A file that cannot be written. The text names the file and the reason."""


def write(
    path: Path,
    blocks: Iterable[Block],
    *,
    frames: int,
    sample_rate: int,
    channels: int,
    as_float: bool = False,
    written: Callable[[int], object] = lambda _frames: None,
) -> None:
    """Write a sound to a file.

    path          ends in .wav or .flac
    blocks        float32[n] or float32[n, channels] each
    frames        length of all blocks together
    sample_rate   Hz
    as_float      32-bit float instead of 24-bit samples (WAV only)
    written       called after each block with its length in frames
    error         SoundFileError; the file is as it was before, or still not there
    """
    draft: Path | None = None
    try:
        target = Path(os.path.realpath(path))  # fails for a relative path in a folder that has been removed
        # Named before it is made: a signal may end this process between the making and the next line.
        draft = name = target.with_name(f".render-{secrets.token_hex(8)}{target.suffix}")
        draft, descriptor = _open(target, name)
        try:
            _write(descriptor, path, blocks, frames, sample_rate, channels, as_float, written)
            _synchronise(descriptor)
        finally:
            os.close(descriptor)
        if draft is not None:
            with suppress(OSError):
                os.chmod(draft, stat.S_IMODE(target.stat().st_mode))
            os.replace(draft, target)
            draft = None
    except OSError as error:
        raise SoundFileError(f"cannot write {shown(path)}: {error.strerror or error}") from error
    finally:
        if draft is not None:
            with suppress(OSError):
                draft.unlink()


def _open(target: Path, draft: Path) -> tuple[Path | None, int]:
    """Make the draft: its path and descriptor. Without a draft (None) the sound goes into the target itself: a device,
    a pipe, or a file in a folder in which no file can be created."""
    if os.path.lexists(target) and not stat.S_ISREG(os.stat(target).st_mode):
        return None, os.open(target, os.O_WRONLY | getattr(os, "O_BINARY", 0))
    try:
        return draft, os.open(draft, _NEW, 0o666)
    except PermissionError:
        if not os.access(target, os.W_OK):
            raise
        return None, os.open(target, os.O_RDWR | os.O_TRUNC | getattr(os, "O_BINARY", 0))


def _write(
    descriptor: int,
    path: Path,
    blocks: Iterable[Block],
    frames: int,
    sample_rate: int,
    channels: int,
    as_float: bool,
    written: Callable[[int], object],
) -> None:
    import soundfile

    kind = FORMATS[path.suffix.lower()]
    if kind == "WAV" and frames * channels * (4 if as_float else 3) > LARGEST_WAV_BYTES:
        kind = "RF64"
    try:
        with soundfile.SoundFile(
            descriptor,
            "w",
            samplerate=sample_rate,
            channels=channels,
            subtype="FLOAT" if as_float else "PCM_24",
            format=kind,
            closefd=False,
        ) as file:
            for block in blocks:
                file.write(block)
                written(len(block))
            count = file.frames
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            _check_end(descriptor, count)
    except soundfile.LibsndfileError as error:
        _raise_reason(descriptor)
        raise SoundFileError(f"cannot write {shown(path)} at {sample_rate} Hz: {error}") from error


def _check_end(descriptor: int, frames: int) -> None:
    """Raise LibsndfileError if the last frames are missing. FLAC is completed by its close, which reports no error."""
    import soundfile

    os.lseek(descriptor, 0, os.SEEK_SET)
    with soundfile.SoundFile(descriptor, closefd=False) as file:
        if frames and (file.frames != frames or file.seek(-1, soundfile.SEEK_END) < 0 or len(file.read(1)) != 1):
            raise soundfile.LibsndfileError(0, "the end of the file is missing. ")


def _synchronise(descriptor: int) -> None:
    """Flush the file to the disk: some file systems report only then that they are full. Pipes and devices are left."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):
            raise


def _raise_reason(descriptor: int) -> None:
    """Raise the OSError that stopped libsndfile, which only reports "System error". Another write raises it again."""
    with suppress(OSError):
        os.lseek(descriptor, 0, os.SEEK_END)
    os.write(descriptor, bytes(1 << 16))
    os.fsync(descriptor)
