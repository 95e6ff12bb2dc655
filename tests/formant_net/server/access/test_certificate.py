"""The certificate a server makes for itself: names, length, renewal with the same key."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from formant_net.server.access.certificate import (
    LASTS,
    RENEW_BEFORE,
    CertificateError,
    due,
    from_pem,
    make_certificate,
    make_private_key,
    names_of,
    pin_of_der,
    pin_of_key,
    pin_of_pem,
    to_pem,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NAMES = ["attic.local", "localhost", "192.168.1.20", "fd00::2"]
KEY = make_private_key()


def test_it_is_for_these_names_and_is_no_authority() -> None:
    made = make_certificate(KEY, NAMES, NOW)
    assert names_of(made) == set(NAMES)
    assert made.not_valid_before_utc <= NOW - timedelta(hours=23)
    assert made.not_valid_after_utc - NOW == LASTS
    assert LASTS.days <= 397
    basic = made.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (basic.critical, basic.value.ca) == (True, False)
    usage = made.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert not usage.key_cert_sign


def test_openssl_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "one.pem"
    file.write_bytes(to_pem(KEY, make_certificate(KEY, NAMES, NOW)))
    text = subprocess.run(
        ["openssl", "x509", "-in", str(file), "-noout", "-text"], capture_output=True, text=True, check=True
    ).stdout
    assert "DNS:attic.local" in text
    assert "IP Address:192.168.1.20" in text
    assert "TLS Web Server Authentication" in text
    assert "CA:FALSE" in text


def test_it_is_due_before_it_runs_out_and_when_a_name_is_missing() -> None:
    made = make_certificate(KEY, NAMES, NOW)
    assert not due(made, NAMES, NOW)
    assert not due(made, NAMES[:2], NOW + LASTS - RENEW_BEFORE)
    assert due(made, NAMES, NOW + LASTS - RENEW_BEFORE + timedelta(seconds=1))
    assert due(made, NAMES, NOW - timedelta(days=2)), "the clock was wrong when it was made"
    assert due(made, [*NAMES, "192.168.1.21"], NOW)


def test_the_pin_stays_when_it_is_made_anew() -> None:
    first, second = (make_certificate(KEY, names, NOW) for names in (NAMES, NAMES[:1]))
    assert first != second
    for one in (first, second):
        assert pin_of_der(one.public_bytes(serialization.Encoding.DER)) == pin_of_key(KEY.public_key())
        assert pin_of_pem(to_pem(KEY, one)) == pin_of_key(KEY.public_key())
    assert pin_of_key(make_private_key().public_key()) != pin_of_key(KEY.public_key())


def test_what_was_written_is_read_and_anything_else_refused() -> None:
    made = make_certificate(KEY, NAMES, NOW)
    _, read = from_pem(to_pem(KEY, made))
    assert read == made
    stranger = to_pem(make_private_key(), made)
    for pem in (b"", b"nonsense", made.public_bytes(serialization.Encoding.PEM), stranger):
        with pytest.raises(CertificateError):
            from_pem(pem)
    with pytest.raises(CertificateError):
        pin_of_der(b"\x30\x00")
