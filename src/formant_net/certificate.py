"""A certificate that a server makes for itself: for the names and addresses under which a LAN reaches it.

Browsers give a page its full rights (wake lock, AudioWorklet, motion) over https only. On a LAN nobody can get a
certificate from an authority for `192.168.1.20`; a self-made one has to be accepted once on each phone.

The key stays the same when the certificate is made anew, so that clients that know the key go on knowing the server.
P-256, because every phone has it. 397 days, the most that browsers take (and Apple's limit for self-made ones is 825).
Not an authority: whoever accepts it, accepts this server and nothing else.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from formant_net.trust import pin_of

LASTS = timedelta(days=397)
RENEW_BEFORE = timedelta(days=30)
_EARLIER = timedelta(days=1)
"""A Raspberry Pi without a clock may believe it is yesterday when it makes one; a phone does not."""


_SIGNS_HANDSHAKES = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


class CertificateError(ValueError):
    """Not a certificate with its key; the text says what is wrong."""


def make_private_key() -> ec.EllipticCurvePrivateKey:
    """A new key."""
    return ec.generate_private_key(ec.SECP256R1())


def make_certificate(key: ec.EllipticCurvePrivateKey, names: Iterable[str], now: datetime) -> x509.Certificate:
    """A certificate of `key` for these host names and IP addresses, valid from `now` (UTC) on."""
    wanted = sorted(set(names))
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Formant")])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + LASTS)
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in wanted]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_SIGNS_HANDSHAKES, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def due(certificate: x509.Certificate, names: Iterable[str], now: datetime) -> bool:
    """Whether it is time for a new one: it runs out, it is not valid yet, or it lacks one of these names."""
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return not begins <= now <= ends - RENEW_BEFORE or not set(names) <= names_of(certificate)


def names_of(certificate: x509.Certificate) -> set[str]:
    """The host names and IP addresses it is for."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return set()
    names = {str(name) for name in extension.value.get_values_for_type(x509.DNSName)}
    return names | {str(address) for address in extension.value.get_values_for_type(x509.IPAddress)}


def to_pem(key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> bytes:
    """Both in one file, the key first."""
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)


def from_pem(pem: bytes) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """What `to_pem` wrote. Raises CertificateError."""
    try:
        key = serialization.load_pem_private_key(pem, None)
        certificate = x509.load_pem_x509_certificate(pem)
    except (ValueError, TypeError) as error:
        raise CertificateError("no certificate with its key") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or pin_of_key(key.public_key()) != pin_of_pem(pem):
        raise CertificateError("the certificate is not of this key")
    return key, certificate


def pin_of_pem(pem: bytes) -> str:
    """The pin of the first certificate in a PEM file. Raises CertificateError."""
    try:
        return _pin_of(x509.load_pem_x509_certificate(pem))
    except ValueError as error:
        raise CertificateError("no certificate in PEM form") from error


def pin_of_der(der: bytes) -> str:
    """The pin of a certificate as TLS hands it over. Raises CertificateError."""
    try:
        return _pin_of(x509.load_der_x509_certificate(der))
    except ValueError as error:
        raise CertificateError("no certificate") from error


def pin_of_key(key: ec.EllipticCurvePublicKey) -> str:
    """The pin of a public key."""
    return pin_of(key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))


def _pin_of(certificate: x509.Certificate) -> str:
    return pin_of_key(cast(ec.EllipticCurvePublicKey, certificate.public_key()))  # any kind of key has public_bytes


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
