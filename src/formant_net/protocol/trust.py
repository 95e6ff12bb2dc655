"""How a client verifies a server over TLS: by the system's authorities, by given ones, or by a pinned public key.

A pin is the SHA-256 of a server's public key, not of its certificate. A self-signed certificate is made anew when it
expires or when the machine's addresses change. The key stays the same, so every client still recognises the server. A
client with the pin needs no authority and no name. So self-signed certificates on a LAN are safe, not only encrypted.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

_PIN = re.compile(r"sha256(?:-|/|//)([A-Za-z0-9_/+-]{43})=?")


class TrustError(ValueError):
    """Not a fingerprint; the text says what one looks like."""


@dataclass(frozen=True, slots=True)
class Trust:
    """pins   fingerprints of public keys, `sha256-…`, or paths of PEM files with the server's certificate. When there
              are any, one of them has to fit and nothing else counts
    ca     path of a PEM file of authorities that count instead of the system's, or None"""

    pins: tuple[str, ...] = ()
    ca: str | None = None

    @classmethod
    def make(cls, pins: Iterable[str] = (), ca: str | None = None) -> Trust:
        """Raises TrustError for what is neither a fingerprint nor looks like a file."""
        return cls(tuple(_pin(pin.strip()) for pin in pins), ca)

    def also(self, pin: str | None) -> Trust:
        """The same with the pin of a join URL. That pin is for one server, so it replaces all others."""
        return replace(self, pins=(pin,)) if pin else self


SYSTEM = Trust()
"""The authorities of the system."""


def pin_of(public_key: bytes) -> str:
    """The pin of a public key (DER of its SubjectPublicKeyInfo)."""
    return "sha256-" + base64.urlsafe_b64encode(hashlib.sha256(public_key).digest()).rstrip(b"=").decode()


def parse_pin(text: str) -> str:
    """`sha256-…` (base64url) or `sha256//…` as curl writes it, as `sha256-…`. Raises TrustError."""
    found = _PIN.fullmatch(text)
    if found is None:
        raise TrustError("a fingerprint is written sha256- and 43 characters, as `formant-node server` prints it")
    return "sha256-" + found[1].replace("+", "-").replace("/", "_")


def fits(pin: str, known: Iterable[str]) -> bool:
    """Whether a server's pin is one of those."""
    return any(hmac.compare_digest(pin, one) for one in known)


def _pin(text: str) -> str:
    if text.startswith("sha256"):
        return parse_pin(text)
    if text.endswith((".pem", ".crt", ".cert")) or "/" in text:
        return text
    return parse_pin(text)
