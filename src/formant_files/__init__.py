"""The reader of small files: settings, keys, ids, presets. It returns soon, whatever is at the path.

People and other programs write these files, and power cuts damage them. Reading a pipe or a device might never end, and
a huge file would fill the memory. So this reads only regular files of a limited size.

Both packages import this one; it imports neither. Out of scope: gestures and sound, which are streams of any length.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

__all__ = ["read_bytes", "read_text", "shown"]

_OPEN = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
"""Flags that open a pipe without waiting for its writer, because a pipe may replace the file after the first check."""
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)


def read_bytes(path: str | os.PathLike[str], at_most: int) -> bytes:
    """All bytes of a regular file of at most `at_most` bytes. The null device counts as an empty file.

    error   OSError of the system, or an OSError whose `strerror` is our text (a pipe, a device, too large)
    """
    path = Path(path)
    if str(path) == os.devnull:  # `--config /dev/null` means: no file
        return b""
    _check(path, path.stat(), at_most)  # before the opening, because opening a device can have an effect
    descriptor = os.open(path, _OPEN)
    with os.fdopen(descriptor, "rb") as file:
        _check(path, os.fstat(descriptor), at_most)
        content = file.read(at_most + 1)
    if content is None:  # a file of the kernel that gives something only when something happens, as /proc/kmsg
        raise _refused(errno.EINVAL, path, "it is a stream, not a file")
    if len(content) > at_most:  # files of the kernel have a size of 0
        raise _refused(errno.EFBIG, path, f"it is larger than {_size(at_most)}")
    return content


def read_text(path: str | os.PathLike[str], at_most: int) -> str:
    """The text of a UTF-8 file of at most `at_most` bytes, without the byte order mark that some editors write.

    error   OSError as in `read_bytes`, and for bytes that are not UTF-8
    """
    content = read_bytes(path, at_most)
    if content.startswith(_UTF16):
        raise _refused(errno.EILSEQ, Path(path), "it is UTF-16, not UTF-8: save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        where = f"byte 0x{content[error.start]:02x} in line {line}"
        raise _refused(errno.EILSEQ, Path(path), f"it is not UTF-8 text ({where}): save it as UTF-8") from None


def shown(name: str | os.PathLike[str]) -> str:
    """A name of a file or host from the system, as text that can be encoded: U+FFFD replaces bytes that are not UTF-8.

    Python keeps such bytes as lone surrogates, which no encoder accepts.
    """
    return os.fspath(name).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _check(path: Path, status: os.stat_result, at_most: int) -> None:
    for is_kind, name in _KINDS:
        if is_kind(status.st_mode):
            raise _refused(errno.EINVAL, path, f"it is {name}, not a file")
    if status.st_size > at_most:
        raise _refused(errno.EFBIG, path, f"it has {_size(status.st_size)}, more than {_size(at_most)}")


def _refused(number: int, path: Path, why: str) -> OSError:
    return OSError(number, why, str(path))


def _size(size: int) -> str:
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= factor:
            return f"{size / factor:.3g} {unit}"
    return f"{size} bytes"
