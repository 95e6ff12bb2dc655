"""TLS of a server: a certificate from files or a self-signed one, replaced without a restart when it changes."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from formant_files import read_bytes
from formant_net.aio.atomic_files import write_private
from formant_net.aio.state_folder import state_dir
from formant_net.ops.log import get_logger
from formant_net.server.access.certificate import (
    CertificateError,
    due,
    from_pem,
    make_certificate,
    make_private_key,
    pin_of_pem,
    to_pem,
)

MOST_BYTES = 1_000_000
SELF_SIGNED = "tls/self-signed.pem"
"""File in the state folder that holds key and certificate."""


class TlsError(Exception):
    """TLS cannot be used. The message says what to do."""


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """The files of a certificate (with its chain) and of its key. Without them the server makes a self-signed one."""

    certificate: Path | None = None
    key: Path | None = None

    @property
    def self_signed(self) -> bool:
        """True if the server makes its own certificate."""
        return self.certificate is None


class Names(Protocol):
    """Gives the names and addresses under which others reach this machine now."""

    def __call__(self) -> Sequence[str]: ...


class ServerTls:
    """The TLS context of new connections. `refresh` changes it for later ones.

    Raises TlsError at the start. A later fault is logged, and the old certificate stays in use.
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
        return pin_of_pem(read_bytes(self.path, MOST_BYTES))

    @property
    def self_signed(self) -> bool:
        """True if the server made the certificate."""
        return self._options.self_signed

    def files(self) -> list[Path]:
        """The files to watch for changes."""
        return [path for path in (self._options.certificate, self._options.key) if path is not None]

    def refresh(self) -> None:
        """Load or make the certificate again if the files, the time or the addresses call for it."""
        try:
            if self._load():
                self._log.info("certificate exchanged", file=str(self.path))
        except TlsError as error:
            self._log.warning("the new certificate cannot be used, the old one stays", reason=str(error))

    def _load(self) -> bool:
        """Load the certificate. Returns whether it was new."""
        if self.self_signed:
            self._make_if_due()
        try:
            now = b"".join(read_bytes(path, MOST_BYTES) for path in (self.path, self._options.key) if path)
        except OSError as error:
            raise TlsError(f"cannot read {error.filename}: {error.strerror}") from error
        if now == self._loaded:
            return False
        try:
            # Try it on another context first: a load that fails half-way would leave ours without a key.
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
            key, certificate = from_pem(read_bytes(self.path, MOST_BYTES))
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
