"""TLS of a server: a certificate from files or of its own, exchanged without a restart when it changes."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from formant_net.aio.state import state_dir, write_private
from formant_net.certificate import (
    CertificateError,
    due,
    from_pem,
    make_certificate,
    make_private_key,
    pin_of_pem,
    to_pem,
)
from formant_net.log import get_logger

SELF_SIGNED = "tls/self-signed.pem"
"""In the state directory: key and certificate in one file."""


class TlsError(Exception):
    """TLS cannot be had; the text says what to do."""


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """A certificate (with its chain) and its key from files, or neither: one of our own."""

    certificate: Path | None = None
    key: Path | None = None

    @property
    def self_signed(self) -> bool:
        """True when the server makes its own."""
        return self.certificate is None


class Names(Protocol):
    """Gives the names and addresses under which this machine is reached now."""

    def __call__(self) -> Sequence[str]: ...


class ServerTls:
    """The context that connections are made with. `refresh` changes it for all that come after.

    Raises TlsError at the start; later a fault is logged and the old certificate stays.
    """

    def __init__(self, options: TlsOptions, names: Names) -> None:
        self._options = options
        self._names = names
        self._log = get_logger()
        self._loaded = b""
        self.path = options.certificate or state_dir() / SELF_SIGNED
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.set_alpn_protocols(["http/1.1"])
        self.context.options |= ssl.OP_NO_RENEGOTIATION
        self._load()

    @property
    def pin(self) -> str:
        """The fingerprint of the key in use."""
        return pin_of_pem(self.path.read_bytes())

    @property
    def self_signed(self) -> bool:
        """True when the certificate is our own."""
        return self._options.self_signed

    def files(self) -> list[Path]:
        """What to watch for changes."""
        return [path for path in (self._options.certificate, self._options.key) if path is not None]

    def refresh(self) -> None:
        """The files, the time or the addresses may have changed."""
        try:
            if self._load():
                self._log.info("certificate exchanged", file=str(self.path))
        except TlsError as error:
            self._log.warning("the new certificate cannot be used, the old one stays", reason=str(error))

    def _load(self) -> bool:
        """Returns whether there was anything new."""
        if self.self_signed:
            self._make_if_due()
        try:
            now = self.path.read_bytes() + (self._options.key.read_bytes() if self._options.key else b"")
        except OSError as error:
            raise TlsError(f"cannot read {error.filename}: {error.strerror}") from error
        if now == self._loaded:
            return False
        try:
            # On a context of its own first: one that fails half-way would leave ours without a key.
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.path, self._options.key, _no_password)
            self.context.load_cert_chain(self.path, self._options.key, _no_password)
        except (ssl.SSLError, OSError, ValueError) as error:
            raise TlsError(
                f"{self.path} and its key do not make a certificate ({_reason(error)}): give --tls-cert the PEM file "
                "of the certificate and its chain, and --tls-key the one of its key, without a password"
            ) from error
        self._loaded = now
        return True

    def _make_if_due(self) -> None:
        names, now = self._names(), datetime.now(UTC)
        key = None
        with suppress(OSError, CertificateError):
            key, certificate = from_pem(self.path.read_bytes())
            if not due(certificate, names, now):
                return
        key = key or make_private_key()
        try:
            write_private(self.path, to_pem(key, make_certificate(key, names, now)))
        except OSError as error:
            raise TlsError(
                f"cannot write {self.path} ({error.strerror}): let FORMANT_STATE_DIR name a folder that can be written"
            ) from error
        self._log.info("made a certificate", file=str(self.path), names=",".join(names))


def _no_password() -> str:
    raise ValueError("the key has a password")


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", None) or error).lower().replace("_", " ")
