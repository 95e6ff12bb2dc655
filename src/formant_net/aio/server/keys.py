"""Reads join keys and signing keys from files, again whenever these change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from formant_files import read_text
from formant_net.aio.atomic_files import readable_by_others
from formant_net.ops.log import get_logger
from formant_net.protocol.messages import MAX_CREDENTIAL_CHARS
from formant_net.server.access.join_keys import Access, read_keys
from formant_net.server.access.tokens import KeySet, TokenKeyError

MOST_BYTES = 1_000_000
"""Size limit of a key file: room for 10,000 keys."""


class KeyFileError(Exception):
    """A key file cannot be used. The message says why and never quotes its content."""


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """The key files of a server.

    join     further join keys, one on each line
    tokens   keys that sign tokens, as a JWK Set
    """

    join: Path | None = None
    tokens: Path | None = None

    def access(self, key: str | None) -> Access:
        """The access that `key` and these files give. Raises KeyFileError."""
        more, tokens = self._read()
        for path in self.paths():
            if readable_by_others(path):
                get_logger().warning("others can read the keys: chmod 600 it", file=str(path))
        return Access(key, more or (), tokens)

    def paths(self) -> list[Path]:
        """The files that were given."""
        return [path for path in (self.join, self.tokens) if path is not None]

    def refresh(self, access: Access, changed: Callable[[], None]) -> None:
        """Read the files again into `access`. If one cannot be used, the old keys stay and the fault is logged."""
        try:
            more, tokens = self._read()
        except KeyFileError as error:
            get_logger().warning("the keys could not be read again, the old ones stay valid", reason=str(error))
            return
        access.change(more=more, tokens=tokens)
        changed()

    def _read(self) -> tuple[list[str] | None, KeySet | None]:
        more = tokens = None
        if self.join is not None:
            more = read_keys(_text(self.join))
            if any(len(key) > MAX_CREDENTIAL_CHARS for key in more):
                raise KeyFileError(f"{self.join}: a key has at most {MAX_CREDENTIAL_CHARS} characters")
        if self.tokens is not None:
            try:
                tokens = KeySet.parse(_text(self.tokens))
            except TokenKeyError as error:
                raise KeyFileError(f"{self.tokens}: {error}") from error
        return more, tokens


def _text(path: Path) -> str:
    try:
        return read_text(path, MOST_BYTES)
    except OSError as error:
        raise KeyFileError(f"cannot read {path}: {error.strerror}") from error
