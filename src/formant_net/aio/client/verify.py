"""How a client makes sure of its server over TLS."""

from __future__ import annotations

import ssl
from datetime import datetime

from formant_files import read_bytes, read_text
from formant_net.protocol.trust import Trust, fits
from formant_net.server.access.certificate import CertificateError, pin_of_der, pin_of_pem

MOST_BYTES = 4_000_000
"""Size limit of a file of certificates: fifteen times the file that systems come with."""
_UNTIMELY = (9, 10)
"""OpenSSL's codes for a certificate that is not yet valid, and for one that is not any more."""


class NotTrusted(Exception):
    """The server is not the expected one, or cannot be verified; the text says what to do."""


def client_context(trust: Trust) -> ssl.SSLContext:
    """A context for one connection. Raises NotTrusted when a file of `trust` cannot be used.

    With pins the handshake itself accepts every certificate, and `check_pin` has to be called before anything is said.
    """
    if trust.pins:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        try:
            authorities = read_text(trust.ca, MOST_BYTES) if trust.ca is not None else None
            context = ssl.create_default_context(cadata=authorities)
        except (OSError, ssl.SSLError, ValueError) as error:
            raise NotTrusted(f"{trust.ca} is not a file of certificates: give --tls-ca one in PEM form") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def check_pin(trust: Trust, der: bytes | None) -> None:
    """Raises NotTrusted unless the server's certificate (as it came in the handshake) is of a key that `trust` pins.

    That it also has the private key was shown by the handshake itself.
    """
    if not trust.pins:
        return
    try:
        pin = pin_of_der(der or b"")
    except CertificateError:
        pin = ""
    if not fits(pin, [_known(one) for one in trust.pins]):
        raise NotTrusted(
            f"this is another server than the one you want: its key is {pin or 'unknown'}. If the server was set up "
            "again, use the join URL that it prints now; otherwise another machine imitates it"
        )


def _known(pin: str) -> str:
    if pin.startswith("sha256-"):
        return pin
    try:
        return pin_of_pem(read_bytes(pin, MOST_BYTES))
    except (OSError, CertificateError) as error:
        raise NotTrusted(f"cannot read the certificate {pin}: {error}") from error


def unknown(error: ssl.SSLCertVerificationError) -> str:
    """Why a server's certificate is not accepted, and what to do."""
    advice = "take the whole join URL of the server, or give --tls-fingerprint or --tls-ca"
    if error.verify_code in _UNTIMELY:
        advice = f"the server needs a new one, or a clock is wrong (this machine has {datetime.now():%Y-%m-%d})"
    return f"its certificate is not known ({error.verify_message.lower()}): {advice}"
