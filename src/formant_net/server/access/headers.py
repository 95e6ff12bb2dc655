"""The security headers of every HTTP answer: a page may run only its own files and connect only to its servers."""

from __future__ import annotations

import re
from collections.abc import Iterable

_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}(?::[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](?::[0-9]{1,5})?")
HSTS_S = 180 * 24 * 3600

FIXED = {
    # The page's address contains the key (after the #), so no other site gets the address.
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    # For browsers that do not support frame-ancestors.
    "X-Frame-Options": "DENY",
    # The features that the page uses, and features that are off for it.
    "Permissions-Policy": (
        "screen-wake-lock=(self), fullscreen=(self), midi=(self), camera=(), microphone=(), geolocation=(), "
        "display-capture=(), payment=(), usb=(), serial=(), hid=()"
    ),
}


def content_policy(host: str | None, connect: Iterable[str] = ()) -> str:
    """The Content-Security-Policy of a page that was requested at `host` (the Host header).

    connect    further origins to which the page may open WebSockets (`wss://other.example`): other edges

    The policy names the WebSocket of the own host because older Safari does not count it as 'self'. With
    'wasm-unsafe-eval' the page may compile bank.wasm, and still no text as JavaScript.
    """
    own = ["'self'"]
    if host is not None and _HOST.fullmatch(host):
        own += [f"ws://{host}", f"wss://{host}"]
    return (
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; "
        f"manifest-src 'self'; worker-src 'self'; connect-src {' '.join([*own, *connect])}; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types formant-worker"
    )


def security_headers(
    host: str | None, *, connect: Iterable[str] = (), secure: bool = False, hsts: bool = False
) -> dict[str, str]:
    """All security headers.

    secure   the answer goes over https
    hsts     browsers must use only https from now on, on every port of this host
    """
    headers = {"Content-Security-Policy": content_policy(host, connect), **FIXED}
    if secure:  # over http, browsers ignore this header and log a warning
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if hsts:
        headers["Strict-Transport-Security"] = f"max-age={HSTS_S}"
    return headers
