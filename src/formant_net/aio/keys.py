"""Join keys and signing keys from files, read again when they change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from formant_net.access import Access, read_keys
from formant_net.aio.state import readable_by_others
from formant_net.log import get_logger
from formant_net.messages import MAX_CREDENTIAL_CHARS
from formant_net.tokens import KeySet, TokenKeyError


class KeyFileError(Exception):
    """A key file cannot be used; the text says why, never what is in it."""


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """join     further join keys, one a line
    tokens   keys that sign tokens, a JWK Set"""

    join: Path | None = None
    tokens: Path | None = None

    def access(self, key: str | None) -> Access:
        """Who may come in by `key` and by these files. Raises KeyFileError."""
        more, tokens = self._read()
        for path in self.paths():
            if readable_by_others(path):
                get_logger().warning("others can read the keys: chmod 600 it", file=str(path))
        return Access(key, more or (), tokens)

    def paths(self) -> list[Path]:
        """The files there are."""
        return [path for path in (self.join, self.tokens) if path is not None]

    def refresh(self, access: Access, changed: Callable[[], None]) -> None:
        """Read them again into `access`; if one cannot be used all stays as it was, and the log says so."""
        try:
            more, tokens = self._read()
        except KeyFileError as error:
            get_logger().warning("keys not read again, the old ones stay", reason=str(error))
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
        return path.read_text("utf-8")
    except OSError as error:
        raise KeyFileError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise KeyFileError(f"{path} is not text (UTF-8)") from error
