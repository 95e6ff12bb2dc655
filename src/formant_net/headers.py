"""What every HTTP answer tells browsers: run this page's own files, talk to this server, nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable

_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}(?::[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](?::[0-9]{1,5})?")
HSTS_S = 180 * 24 * 3600

FIXED = {
    # The address of the page holds the key (behind the #): no other site is told where somebody came from.
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Browsers that do not know frame-ancestors.
    "X-Frame-Options": "DENY",
    # What the page asks for, and a list of what nobody may ask for in its name.
    "Permissions-Policy": (
        "screen-wake-lock=(self), fullscreen=(self), camera=(), microphone=(), geolocation=(), display-capture=(), "
        "payment=(), usb=(), serial=(), hid=()"
    ),
}


def content_policy(host: str | None, connect: Iterable[str] = ()) -> str:
    """The Content-Security-Policy of a page that was asked for at `host` (the Host header).

    connect    further origins the page may open WebSockets to (`wss://other.example`): other edges

    The WebSocket of the own host is named because older Safari does not count it as 'self'.
    """
    own = ["'self'"]
    if host is not None and _HOST.fullmatch(host):
        own += [f"ws://{host}", f"wss://{host}"]
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; manifest-src 'self'; "
        f"worker-src 'self'; connect-src {' '.join([*own, *connect])}; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types formant-worker"
    )


def security_headers(
    host: str | None, *, connect: Iterable[str] = (), secure: bool = False, hsts: bool = False
) -> dict[str, str]:
    """All of them. `secure`: over https. `hsts`: browsers use https only from now on, on every port of this host."""
    headers = {"Content-Security-Policy": content_policy(host, connect), **FIXED}
    if secure:  # browsers ignore it over http, and complain about it
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if hsts:
        headers["Strict-Transport-Security"] = f"max-age={HSTS_S}"
    return headers
