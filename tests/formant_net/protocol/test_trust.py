"""Fingerprints: written, read, compared."""

from __future__ import annotations

import base64
import hashlib

import pytest

from formant_net.protocol.trust import SYSTEM, Trust, TrustError, fits, parse_pin, pin_of

PIN = pin_of(b"a public key")


def test_a_pin_is_the_sha256_of_the_key_and_is_also_read_as_curl_writes_it() -> None:
    digest = hashlib.sha256(b"a public key").digest()
    assert base64.urlsafe_b64decode(PIN.removeprefix("sha256-") + "=") == digest
    assert parse_pin(PIN) == PIN
    assert parse_pin("sha256//" + base64.b64encode(digest).decode()) == PIN


@pytest.mark.parametrize("text", ["", "sha256-", "sha256-AAAA", "sha1-" + "A" * 43, "A" * 43, PIN + "AA", PIN + "\n"])
def test_anything_else_is_refused_in_words(text: str) -> None:
    with pytest.raises(TrustError, match="43 characters"):
        parse_pin(text)


def test_fingerprints_and_files_are_told_apart() -> None:
    assert Trust.make([PIN, "/etc/formant/cert.pem", "own.crt"]).pins == (PIN, "/etc/formant/cert.pem", "own.crt")
    with pytest.raises(TrustError):
        Trust.make(["neither"])


def test_the_pin_of_a_join_url_counts_before_others() -> None:
    other = pin_of(b"another key")
    assert Trust.make([other]).also(PIN).pins == (PIN,)
    assert Trust.make([other]).also(None).pins == (other,)
    assert SYSTEM.also(None) == SYSTEM


def test_one_of_several_fits() -> None:
    assert fits(PIN, [pin_of(b"x"), PIN])
    assert not fits(PIN, [pin_of(b"x")])
    assert not fits("", [PIN])
    assert not fits(PIN, [])
