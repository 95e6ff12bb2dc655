"""Signed tokens: what they open, when they end, and every usual way to cheat with one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
import pytest

from formant_net.protocol.errors import ProtocolError
from formant_net.server.access.tokens import (
    LEEWAY_S,
    SCOPES,
    KeySet,
    TokenKeyError,
    looks_like_token,
    make_key,
    public_half,
)

NOW = 1_800_000_000.0
AUDIENCE = {"exp": NOW + 3600, "scope": "controller"}


def random_bytes(seed: int) -> Any:
    return lambda count: hashlib.sha256(bytes([seed])).digest()[:count]


def jwks(*keys: dict[str, Any]) -> KeySet:
    return KeySet.parse(json.dumps({"keys": keys}))


HS = make_key("HS256", "hs-1", random_bytes(1))
ED = make_key("EdDSA", "ed-1", random_bytes(2))


def part(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def refused(keys: KeySet, token: str, wall: float = NOW) -> str:
    with pytest.raises(ProtocolError) as caught:
        keys.admit(token, wall)
    assert caught.value.fatal
    assert token not in caught.value.message
    return caught.value.code


@pytest.mark.parametrize("key", [HS, ED], ids=["HS256", "EdDSA"])
def test_a_token_opens_what_its_scope_says_until_it_ends(key: dict[str, str]) -> None:
    keys = jwks(key)
    token = keys.sign({**AUDIENCE, "sub": "touch-ctrl-*"})
    assert looks_like_token(token)
    assert len(token) < 500
    grant = keys.admit(token, NOW)
    assert (set(grant.roles), grant.ids, grant.settings, grant.token) == ({"controller"}, "touch-ctrl-*", False, True)
    assert grant.until == AUDIENCE["exp"] + LEEWAY_S  # type: ignore[operator]
    assert keys.admit(token, NOW + 3600 + LEEWAY_S) == grant
    assert refused(keys, token, NOW + 3600 + LEEWAY_S + 1) == "token-expired"


@pytest.mark.parametrize(
    ("kind", "roles", "settings"),
    [
        ("synth", {"synth"}, False),
        ("controller", {"controller"}, True),
        ("audience", {"controller"}, False),
        ("phone", {"synth"}, False),
        ("both", {"controller", "synth"}, False),
    ],
)
def test_each_kind_of_guest_has_its_scope(kind: str, roles: set[str], settings: bool) -> None:
    keys = jwks(HS)
    grant = keys.admit(keys.sign({"exp": NOW + 60, "scope": " ".join(SCOPES[kind])}), NOW)
    assert (set(grant.roles), grant.settings) == (roles, settings)
    assert grant.phone is (kind in ("phone", "both"))


def test_a_token_that_begins_later_is_told_so() -> None:
    keys = jwks(HS)
    token = keys.sign({**AUDIENCE, "nbf": NOW + 600})
    assert refused(keys, token) == "token-expired"
    assert keys.admit(token, NOW + 600).roles == {"controller"}


def test_keys_are_rotated_by_two_at_a_time_and_the_first_signs() -> None:
    new = make_key("EdDSA", "ed-2", random_bytes(3))
    old, both, only_new = jwks(ED), jwks(new, ED), jwks(new)
    before, after = old.sign(AUDIENCE), both.sign(AUDIENCE)
    assert jwt.get_unverified_header(after)["kid"] == "ed-2"
    assert both.admit(before, NOW) == both.admit(after, NOW) == only_new.admit(after, NOW)
    assert refused(only_new, before) == "bad-key"


def test_a_server_with_the_public_half_reads_and_cannot_sign() -> None:
    reader = jwks(public_half(ED))
    assert reader.admit(jwks(ED).sign(AUDIENCE), NOW).roles == {"controller"}
    with pytest.raises(TokenKeyError, match="only public keys"):
        reader.sign(AUDIENCE)
    with pytest.raises(TokenKeyError, match="shared secret"):
        public_half(HS)


# --- cheating --------------------------------------------------------------------------------------------------------


def test_every_single_changed_character_is_noticed() -> None:
    keys = jwks(ED)
    token = keys.sign(AUDIENCE)
    # The last character of a part may hold bits that mean nothing; all others count.
    for position in [n for n, one in enumerate(token) if one != "." and token[n + 1 : n + 2] not in (".", "")]:
        for other in "AQ":
            if token[position] != other:
                assert refused(keys, token[:position] + other + token[position + 1 :]) == "bad-key"


def test_no_algorithm_none() -> None:
    for alg in ("none", "None", "NONE", ""):
        head = part({"alg": alg, "kid": "hs-1", "typ": "JWT"})
        body = part({"aud": "formant-join", **AUDIENCE})
        assert refused(jwks(HS), f"{head}.{body}.") == "bad-key"
        assert refused(jwks(HS), f"{head}.{body}.AAAA") == "bad-key"


def test_the_public_key_is_not_taken_for_a_shared_secret() -> None:
    """The oldest trick: sign with HS256 and, as its secret, what everybody may know of an EdDSA key."""
    public = base64.urlsafe_b64decode(ED["x"] + "=")
    head, body = part({"alg": "HS256", "kid": "ed-1"}), part({"aud": "formant-join", **AUDIENCE})
    code = hmac.new(public, f"{head}.{body}".encode(), hashlib.sha256).digest()
    forged = f"{head}.{body}.{base64.urlsafe_b64encode(code).rstrip(b'=').decode()}"
    assert refused(jwks(public_half(ED)), forged) == "bad-key"


def test_a_key_inside_the_token_is_not_used() -> None:
    other = make_key("EdDSA", "ed-1", random_bytes(9))
    private = jwt.PyJWK(other, "EdDSA").key
    headers = {"kid": "ed-1", "jwk": public_half(other), "jku": "http://example.com/keys", "x5u": "http://example.com"}
    forged = jwt.encode({"aud": "formant-join", **AUDIENCE}, private, algorithm="EdDSA", headers=headers)
    assert refused(jwks(ED), forged) == "bad-key"


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another-service"},
        {"aud": ["formant-join", "another"]},
        {"aud": None},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": float("inf")},
        {"exp": True},
        {"scope": None},
        {"scope": ["synth"]},
        {"scope": "x" * 65},
        {"sub": "touch ctrl"},
        {"sub": "*"},
        {"sub": "a*b"},
        {"sub": 7},
        {"nbf": "yesterday"},
    ],
)
def test_well_signed_nonsense_opens_nothing(claims: dict[str, Any]) -> None:
    whole = {"aud": "formant-join", **AUDIENCE, **claims}
    whole = {name: value for name, value in whole.items() if value is not None}
    token = jwt.encode(whole, jwt.PyJWK(HS).key, algorithm="HS256", headers={"kid": "hs-1"})
    assert refused(jwks(HS), token) == "bad-key"


def test_an_unknown_word_in_the_scope_opens_nothing_by_itself() -> None:
    keys = jwks(HS)
    assert keys.admit(keys.sign({"exp": NOW + 60, "scope": "admin root"}), NOW).roles == set()


@pytest.mark.parametrize("kid", [None, "", "hs-2", "../hs-1", "x" * 500, 1])
def test_an_unknown_name_of_a_key_is_refused(kid: object) -> None:
    head = part({"alg": "HS256", **({} if kid is None else {"kid": kid})})
    assert refused(jwks(HS), f"{head}.{part(AUDIENCE)}.AAAA") == "bad-key"


@pytest.mark.parametrize(
    "token", ["..", "a.b.c", "a" * 600 + ".b.c", "e30.e30.e30", part([1]) + ".e30.AA", "W10.W10.W10"]
)
def test_what_is_no_token_is_refused(token: str) -> None:
    assert refused(jwks(HS), token) == "bad-key"


def test_a_token_longer_than_the_wire_allows_is_none() -> None:
    assert looks_like_token("a.b.c")
    assert not looks_like_token("a" * 2048 + ".b.c")
    assert not looks_like_token("a.b.c\n")
    assert not looks_like_token("abcd-efgh-jkmn")


# --- key files -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"keys": []}',
        '{"keys": {}}',
        "[" * 100_000,
        json.dumps({"keys": [HS] * 65}),
        json.dumps({"keys": [HS, HS]}),
        json.dumps({"keys": ["x"]}),
        json.dumps({"keys": [{**HS, "kid": ""}]}),
        json.dumps({"keys": [{name: value for name, value in HS.items() if name != "kid"}]}),
        json.dumps({"keys": [{**HS, "k": "c2hvcnQ"}]}),
        json.dumps({"keys": [{**HS, "alg": "HS512"}]}),
        json.dumps({"keys": [{**HS, "alg": "none"}]}),
        json.dumps({"keys": [{**ED, "crv": "Ed448"}]}),
        json.dumps({"keys": [{**ED, "alg": "HS256"}]}),
        json.dumps({"keys": [{**ED, "x": "AAAA"}]}),
        json.dumps({"keys": [{"kty": "RSA", "kid": "r", "n": "AQAB", "e": "AQAB"}]}),
    ],
)
def test_a_bad_key_file_is_refused_in_words_without_its_content(text: str) -> None:
    with pytest.raises(TokenKeyError) as caught:
        KeySet.parse(text)
    assert HS["k"] not in str(caught.value)
    assert ED["d"] not in str(caught.value)


def test_no_key_is_in_the_repr() -> None:
    assert repr(jwks(HS, ED)) == "KeySet(hs-1, ed-1)"
