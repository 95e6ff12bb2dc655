"""Signed join tokens: JSON Web Tokens (RFC 7519) that say who may join as what, and until when.

A token is signed by a key of a JWK Set (RFC 7517): HS256 with a shared secret, or EdDSA, with which the server needs
only the public half and cannot make tokens itself. The library is PyJWT: small, maintained for ten years, on top of
`cryptography`, which WebRTC needs as well. joserfc and jwcrypto would also encrypt, which is not needed; PASETO has no
library that is as well maintained. Three rules close the known holes of JWTs. The key is chosen by its `kid` and brings
its own algorithm, so a token cannot choose one. `aud` and `exp` must be there. Only the claims below are read.

    aud     "formant-join", so that no token made for anything else opens an instrument
    exp     end, s since 1970; nbf, if there, the beginning
    scope   "synth", "controller", "phone" (a synth that is a browser) and "settings" (may change volume, power,
            preset), separated by spaces
    sub     optional: the only id it is good for; `kitchen-*` is every id that begins so
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.exceptions import PyJWTError
from msgspec import Meta, Struct

from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.messages import MAX_CREDENTIAL_CHARS, Role
from formant_net.server.access.grant import Grant

AUDIENCE = "formant-join"
Algorithm = Literal["HS256", "EdDSA"]
SCOPES: dict[str, tuple[str, ...]] = {
    "synth": ("synth",),
    "controller": ("controller", "settings"),
    "audience": ("controller",),
    "phone": ("phone",),
    "both": ("controller", "phone"),
}
"""What an operator calls a kind of guest, and the scope its token gets."""
LEEWAY_S = 60.0
"""Seconds by which the clocks of signer and reader may differ: a token is valid that much earlier and longer."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_MIN_SECRET_BYTES = 32
"""RFC 7518 section 3.2: a key of HS256 is as long as its hash, or longer."""
_MAX_KEYS = 64
_IDS = r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}\*?\Z"


class TokenKeyError(ValueError):
    """Not a file of signing keys; the text says what one looks like, never what was in it."""


class _Header(Struct, frozen=True):
    kid: Annotated[str, Meta(max_length=64)]
    alg: Annotated[str, Meta(max_length=16)]


class _Claims(Struct, frozen=True):
    aud: Literal["formant-join"]
    exp: Annotated[float, Meta(ge=0, le=1e11)]
    scope: Annotated[str, Meta(max_length=64)]
    sub: Annotated[str, Meta(pattern=_IDS)] | None = None
    nbf: Annotated[float, Meta(ge=0, le=1e11)] | None = None


@dataclass(frozen=True, slots=True)
class _Key:
    kid: str
    algorithm: str
    jwk: jwt.PyJWK = field(repr=False)
    signs: bool


def looks_like_token(text: str) -> bool:
    """Three parts of base64url with dots between: no join key that we make looks so."""
    return len(text) <= MAX_CREDENTIAL_CHARS and _TOKEN.fullmatch(text) is not None


class KeySet:
    """Keys that sign tokens, newest first."""

    def __init__(self, keys: Sequence[_Key]) -> None:
        self._keys = {key.kid: key for key in keys}

    def __repr__(self) -> str:
        return f"KeySet({', '.join(self._keys)})"

    @property
    def kids(self) -> tuple[str, ...]:
        """Names of the keys, newest first."""
        return tuple(self._keys)

    @classmethod
    def parse(cls, text: str | bytes) -> KeySet:
        """A JWK Set as JSON text. Raises TokenKeyError."""
        try:
            entries = json.loads(text)["keys"]
            if not isinstance(entries, list) or not 0 < len(entries) <= _MAX_KEYS:
                raise TypeError
        except (ValueError, KeyError, TypeError, RecursionError):
            raise TokenKeyError(
                f'not a JWK Set of 1 to {_MAX_KEYS} keys ({{"keys": [...]}}): `formant-node token key FILE` makes one'
            ) from None
        keys = [_read_key(position, entry) for position, entry in enumerate(entries, 1)]
        if len({key.kid for key in keys}) < len(keys):
            raise TokenKeyError("two keys have the same `kid`: remove one")
        return cls(keys)

    def sign(self, claims: dict[str, Any]) -> str:
        """A token with these claims, by the newest key that can sign. Raises TokenKeyError if there is none."""
        key = next((key for key in self._keys.values() if key.signs), None)
        if key is None:
            raise TokenKeyError("this file has only public keys: use the file with the private keys to sign")
        return jwt.encode({"aud": AUDIENCE, **claims}, key.jwk.key, algorithm=key.algorithm, headers={"kid": key.kid})

    def admit(self, token: str, wall: float) -> Grant:
        """What a token opens at `wall`, s since 1970. Raises ProtocolError "bad-key" or "token-expired", both fatal."""
        claims = self._verified(token)
        if wall > claims.exp + LEEWAY_S:
            raise ProtocolError(
                "token-expired",
                "your invitation has expired: ask for a new code or a new join URL",
                "register",
                fatal=True,
            )
        if claims.nbf is not None and wall < claims.nbf - LEEWAY_S:
            raise ProtocolError(
                "token-expired", "your invitation is not valid yet: come back when it begins", "register", fatal=True
            )
        scope = set(claims.scope.split())
        names: tuple[Role, ...] = ("synth", "controller")
        phone = "phone" in scope and "synth" not in scope
        return Grant(
            roles=frozenset(role for role in names if role in scope or (phone and role == "synth")),
            ids=claims.sub or "",
            settings="settings" in scope,
            until=claims.exp + LEEWAY_S,
            token=True,
            phone=phone,
        )

    def _verified(self, token: str) -> _Claims:
        refused = ProtocolError(
            "bad-key",
            "this token was not made for this server, or it is damaged: ask for a new join URL",
            "register",
            fatal=True,
        )
        try:
            header = msgspec.convert(jwt.get_unverified_header(token), _Header)
            key = self._keys.get(header.kid)
            if key is None:
                raise refused
            # Time is checked by `admit`, which is given it; everything else by the library.
            payload = jwt.decode(
                token,
                key.jwk.key,
                algorithms=[key.algorithm],
                audience=AUDIENCE,
                options={"require": ["exp", "aud"], "verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
            return msgspec.convert(payload, _Claims)
        except (PyJWTError, msgspec.ValidationError, ValueError, RecursionError):
            raise refused from None


def make_key(algorithm: Algorithm, kid: str, random: Callable[[int], bytes]) -> dict[str, str]:
    """A new key as a JWK. `random(n)` returns n random bytes (`secrets.token_bytes`)."""
    secret = random(32)
    if algorithm == "HS256":
        return {"kty": "oct", "kid": kid, "alg": "HS256", "use": "sig", "k": _b64(secret)}
    private = Ed25519PrivateKey.from_private_bytes(secret)
    public = private.public_key().public_bytes_raw()
    return {
        "kty": "OKP", "crv": "Ed25519", "kid": kid, "alg": "EdDSA", "use": "sig", "x": _b64(public), "d": _b64(secret),
    }  # fmt: skip


def public_half(jwk: dict[str, Any]) -> dict[str, Any]:
    """The same key without what signs. Raises TokenKeyError for a shared secret, which has no such half."""
    if jwk.get("kty") != "OKP":
        raise TokenKeyError(f"{jwk.get('kid')} is a shared secret: who reads its tokens can make them. Use EdDSA")
    return {name: value for name, value in jwk.items() if name != "d"}


def _read_key(position: int, entry: Any) -> _Key:
    try:
        kid, kty = str(entry["kid"]), entry["kty"]
        algorithm = {"oct": "HS256", "OKP": "EdDSA"}[kty]
        if not re.fullmatch(r"[A-Za-z0-9_.:-]{1,64}", kid) or entry.get("alg", algorithm) != algorithm:
            raise ValueError
        if kty == "OKP" and entry.get("crv") != "Ed25519":
            raise ValueError
        jwk = jwt.PyJWK(entry, algorithm)
        if kty == "oct" and len(jwk.key) < _MIN_SECRET_BYTES:
            raise ValueError
    except (PyJWTError, KeyError, TypeError, ValueError, AttributeError):
        raise TokenKeyError(
            f"key {position} cannot be used: wanted are `kid` and either an `oct` key of {_MIN_SECRET_BYTES} bytes "
            "(HS256) or an `OKP` key of Ed25519 (EdDSA)"
        ) from None
    return _Key(kid, algorithm, jwk, signs=kty == "oct" or "d" in entry)


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
