"""The join key that a server makes once and keeps, so that the boxes' key is still valid after a power cut.

The file is in the state folder, and only its owner can read it. All servers that share the folder share the key. Delete
the file to get another key; docs/install/box.md describes how to do it without a gap.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from formant_files import read_text
from formant_net.aio.atomic_files import create_private, write_private
from formant_net.protocol.messages import MAX_CREDENTIAL_CHARS

FILE = "server.key"
_MAX_BYTES = 4 * MAX_CREDENTIAL_CHARS


@dataclass(frozen=True, slots=True)
class OwnKey:
    """A join key. `warning` tells the operator what is wrong with its file; "" if nothing is."""

    key: str = field(repr=False)
    warning: str = ""


def own_key(folder: Path, make: Callable[[], str]) -> OwnKey:
    """The key in `folder`. If there is none, `make` makes one. A file without a key is replaced, with a warning."""
    path = folder / FILE
    warning = ""
    try:
        try:
            known = _read(path)
        except FileNotFoundError:
            with suppress(FileExistsError):  # another server has just made a key, and both use that one
                create_private(path, f"{make()}\n".encode())
            known = _read(path)
        if known is None:
            warning = f"{path} was damaged: there is a new join key, which every box needs"
            known = make()
            write_private(path, f"{known}\n".encode())
    except OSError as error:
        reason = f"{error.filename or path}: {error.strerror or error}"
        return OwnKey(
            make(),
            f"the join key cannot be kept ({reason}), so the next start makes another one: give --key (FORMANT_KEY), "
            "or let FORMANT_STATE_DIR name a folder that can be written",
        )
    return OwnKey(known, warning)


def _read(path: Path) -> str | None:
    """The key in a file, or None if it contains none. Raises OSError if the file cannot be read."""
    try:
        key = read_text(path, _MAX_BYTES).strip()
    except OSError as error:
        if error.errno in (errno.EILSEQ, errno.EFBIG):
            return None
        raise
    return key if key.isprintable() and 0 < len(key) <= MAX_CREDENTIAL_CHARS else None
