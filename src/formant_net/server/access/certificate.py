"""A self-signed certificate for the names and addresses under which a LAN reaches a server.

Browsers give a page all functions (wake lock, AudioWorklet, motion) over https only. No authority issues a certificate
for `192.168.1.20`. A self-signed one must be accepted once on each phone.

A new certificate keeps the key, so clients that know the key's fingerprint still trust the server. The key is P-256,
which every phone supports. A certificate is valid for 397 days, within every browser's limit (Apple's for a self-signed
one is 825). It is not an authority: whoever accepts it accepts this server and nothing else.
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

from formant_net.protocol.trust import pin_of

LASTS = timedelta(days=397)
RENEW_BEFORE = timedelta(days=30)
_EARLIER = timedelta(days=1)
"""How far before `now` a certificate becomes valid, because the clocks of two devices may differ."""


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
    """A text is not a certificate with its key. The message says what is wrong."""


def make_private_key() -> ec.EllipticCurvePrivateKey:
    """A new private key on the curve P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def make_certificate(key: ec.EllipticCurvePrivateKey, names: Iterable[str], now: datetime) -> x509.Certificate:
    """A certificate of `key` for these host names and IP addresses, valid from one day before `now` (UTC)."""
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
    """Whether a new certificate is needed: this one expires soon, is not valid yet, or lacks one of these names."""
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return not begins <= now <= ends - RENEW_BEFORE or not set(names) <= names_of(certificate)


def names_of(certificate: x509.Certificate) -> set[str]:
    """The host names and IP addresses of a certificate."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return set()
    names = {str(name) for name in extension.value.get_values_for_type(x509.DNSName)}
    return names | {str(address) for address in extension.value.get_values_for_type(x509.IPAddress)}


def to_pem(key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> bytes:
    """The content of a PEM file with the key first, then the certificate."""
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)


def from_pem(pem: bytes) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """The key and the certificate that `to_pem` wrote. Raises CertificateError."""
    try:
        key = serialization.load_pem_private_key(pem, None)
        certificate = x509.load_pem_x509_certificate(pem)
    except (ValueError, TypeError) as error:
        raise CertificateError("no certificate with its key") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or pin_of_key(key.public_key()) != pin_of_pem(pem):
        raise CertificateError("the certificate does not belong to this key")
    return key, certificate


def pin_of_pem(pem: bytes) -> str:
    """The pin of the first certificate in a PEM file. Raises CertificateError."""
    try:
        return _pin_of(x509.load_pem_x509_certificate(pem))
    except ValueError as error:
        raise CertificateError("no certificate in PEM form") from error


def pin_of_der(der: bytes) -> str:
    """The pin of a certificate in DER, the form that TLS gives. Raises CertificateError."""
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
