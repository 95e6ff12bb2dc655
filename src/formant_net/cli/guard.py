"""Options that keep strangers out of a server, and those by which a client knows its server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from formant_net.ice import IceServerError, IceServers
from formant_net.limits import LimitError, Limits
from formant_net.trust import Trust, TrustError

Function = TypeVar("Function", bound=Callable[..., Any])
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

SERVER_OPTIONS = (
    click.option("--key-file", type=_FILE, help="Further join keys, one a line; read again when it changes."),
    click.option("--token-keys", type=_FILE, help="Keys that sign join tokens (`formant-node token key` makes them)."),
    click.option("--tls", type=click.Choice(["off", "self-signed"]), default="off", show_default=True, help="https."),
    click.option("--tls-cert", type=_FILE, help="https with this certificate and its chain (PEM)."),
    click.option("--tls-key", type=_FILE, help="Its key (PEM); may be in the same file."),
    click.option("--hsts", is_flag=True, help="Browsers are to use https only, for every port of this host."),
    click.option(
        "--allow-origin",
        "allow_origins",
        multiple=True,
        metavar="ORIGIN",
        envvar="FORMANT_ALLOW_ORIGIN",
        help="Pages of https://HOST may connect, too; may be repeated; * is all.",
    ),
    click.option(
        "--trust-proxy",
        "trust_proxies",
        multiple=True,
        metavar="NETWORK",
        envvar="FORMANT_TRUST_PROXY",
        help="A proxy whose X-Forwarded-For and -Proto count, such as 127.0.0.1; may be repeated.",
    ),
    click.option("--turn-secret", metavar="SECRET", help="Shared with the relays (better: FORMANT_TURN_SECRET)."),
    click.option(
        "--turn-ttl", type=click.IntRange(60, 604800), default=3600, show_default=True, help="A relay's password, s."
    ),
    click.option(
        "--limit",
        "limits",
        multiple=True,
        metavar="NAME=VALUE",
        envvar="FORMANT_LIMIT",
        help="One of the limits of docs/security.md, such as clients=500; may be repeated.",
    ),
)

CLIENT_OPTIONS = (
    click.option("--tls-ca", metavar="FILE", type=_FILE, help="Authorities that sign the server's certificate (PEM)."),
    click.option(
        "--tls-fingerprint",
        "tls_fingerprints",
        multiple=True,
        metavar="SHA256",
        envvar="FORMANT_TLS_FINGERPRINT",
        help="The server's key, as it prints it, or a PEM file of its certificate. A join URL brings its own.",
    ),
)


def client_options(function: Function) -> Function:
    """Adds the options by which a client knows its server."""
    for option in reversed(CLIENT_OPTIONS):
        function = option(function)
    return function


def trust_of(ca: Path | None, fingerprints: tuple[str, ...]) -> Trust:
    """What the client options say. click.BadParameter in words."""
    if ca is not None and fingerprints:
        raise click.UsageError("--tls-fingerprint names one key and --tls-ca authorities: give one of them")
    try:
        return Trust.make(fingerprints, str(ca) if ca is not None else None)
    except TrustError as error:
        raise click.BadParameter(str(error), param_hint="--tls-fingerprint") from error


def guard_fields(
    ice_servers: tuple[dict[str, Any], ...],
    *,
    open_: bool,
    key_file: Path | None,
    token_keys: Path | None,
    tls: str,
    tls_cert: Path | None,
    tls_key: Path | None,
    hsts: bool,
    allow_origins: tuple[str, ...],
    trust_proxies: tuple[str, ...],
    turn_secret: str | None,
    turn_ttl: int,
    limits: tuple[str, ...],
) -> dict[str, Any]:
    """The fields of `EdgeOptions` that these options decide. click.UsageError in words."""
    from formant_net.aio.gate import Proxies, ProxyError
    from formant_net.aio.keys import KeyFiles
    from formant_net.aio.tls import TlsOptions
    from formant_net.origin import OriginError, Origins

    if open_ and (key_file or token_keys):
        raise click.UsageError("--open lets everybody in: leave it out, or --key-file and --token-keys")
    if tls_key is not None and tls_cert is None:
        raise click.UsageError("--tls-key belongs to --tls-cert: give both")
    if tls == "self-signed" and tls_cert is not None:
        raise click.UsageError("--tls self-signed makes a certificate and --tls-cert brings one: give one of them")
    secure = tls == "self-signed" or tls_cert is not None
    if hsts and tls_cert is None:
        raise click.UsageError("--hsts needs --tls-cert: a self-signed certificate could then not be accepted any more")
    try:
        Origins.make(allow_origins)
        return {
            "ice_servers": IceServers.make(ice_servers, turn_secret, float(turn_ttl)),
            "limits": Limits.parse(limits),
            "allow_origins": allow_origins,
            "proxies": Proxies.make(trust_proxies),
            "key_files": KeyFiles(key_file, token_keys),
            "tls": TlsOptions(tls_cert, tls_key) if secure else None,
            "hsts": hsts,
        }
    except OriginError as error:
        raise click.BadParameter(str(error), param_hint="--allow-origin") from error
    except ProxyError as error:
        raise click.BadParameter(str(error), param_hint="--trust-proxy") from error
    except IceServerError as error:
        raise click.BadParameter(str(error), param_hint="--ice-server") from error
    except LimitError as error:
        raise click.BadParameter(str(error), param_hint="--limit") from error
