"""The options of a server that decide who is admitted, and their values for `EdgeOptions`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from formant_net.protocol.ice import IceServerError, IceServers
from formant_net.protocol.messages import MAX_CREDENTIAL_CHARS
from formant_net.protocol.settings import SettingError
from formant_net.server.access.limits import Limits

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

SERVER_OPTIONS = (
    click.option("--key-file", type=_FILE, help="File of more join keys, one a line. Read again when it changes."),
    click.option("--token-keys", type=_FILE, help="Keys of join tokens, made by `formant-node token key`."),
    click.option(
        "--tls",
        type=click.Choice(["off", "self-signed"]),
        default="off",
        show_default=True,
        help="Make a certificate for https.",
    ),
    click.option("--tls-cert", type=_FILE, help="Serve https with this certificate and its chain (PEM)."),
    click.option("--tls-key", type=_FILE, help="Its key (PEM), if that is in another file."),
    click.option("--hsts", is_flag=True, help="Make browsers use https only on this host."),
    click.option(
        "--allow-origin",
        "allow_origins",
        multiple=True,
        metavar="ORIGIN",
        envvar="FORMANT_ALLOW_ORIGIN",
        help="Let pages of this origin connect, too, such as https://HOST; * is all. May be repeated.",
    ),
    click.option(
        "--trust-proxy",
        "trust_proxies",
        multiple=True,
        metavar="NETWORK",
        envvar="FORMANT_TRUST_PROXY",
        help="Trust X-Forwarded-For and -Proto of this proxy, such as 127.0.0.1. May be repeated.",
    ),
    click.option("--metrics", is_flag=True, help="Answer GET /metrics for Prometheus, with the key of the ensemble."),
    click.option(
        "--metrics-token",
        metavar="TOKEN",
        help="Let Prometheus ask with this token as well (better: FORMANT_METRICS_TOKEN). Means --metrics.",
    ),
    click.option("--turn-secret", metavar="SECRET", help="Secret of the TURN relays (better: FORMANT_TURN_SECRET)."),
    click.option(
        "--turn-ttl",
        type=click.IntRange(60, 604800),
        default=3600,
        show_default=True,
        help="Seconds that a relay's password is valid.",
    ),
    click.option(
        "--limit",
        "limits",
        multiple=True,
        metavar="NAME=VALUE",
        envvar="FORMANT_LIMIT",
        help="Change a limit, such as clients=500 (docs/install/security.md). May be repeated.",
    ),
)


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
    metrics: bool,
    metrics_token: str | None,
    turn_secret: str | None,
    turn_ttl: int,
    limits: tuple[str, ...],
) -> dict[str, Any]:
    """The fields of `EdgeOptions` that these options set. Raises click.UsageError."""
    from formant_net.aio.server.gate import Proxies, ProxyError
    from formant_net.aio.server.keys import KeyFiles
    from formant_net.aio.server.server import Metrics
    from formant_net.aio.server.tls import TlsOptions
    from formant_net.server.access.origin import OriginError, Origins

    if open_ and (key_file or token_keys):
        raise click.UsageError("--open needs no keys: give --open, or --key-file and --token-keys, not both")
    if tls_key is not None and tls_cert is None:
        raise click.UsageError("--tls-key needs --tls-cert: give both")
    if tls == "self-signed" and tls_cert is not None:
        raise click.UsageError("give --tls self-signed or --tls-cert, not both")
    secure = tls == "self-signed" or tls_cert is not None
    if hsts and tls_cert is None:
        raise click.UsageError(
            "--hsts needs --tls-cert: with HSTS browsers do not let people accept a self-signed certificate"
        )
    if metrics_token is not None and not (metrics_token.isascii() and 16 <= len(metrics_token) <= MAX_CREDENTIAL_CHARS):
        text = "--metrics-token takes 16 or more letters and digits: openssl rand -hex 16 makes some"
        raise click.UsageError(text)
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
            "metrics": Metrics(metrics_token) if metrics or metrics_token else None,
        }
    except OriginError as error:
        raise click.BadParameter(str(error), param_hint="--allow-origin") from error
    except ProxyError as error:
        raise click.BadParameter(str(error), param_hint="--trust-proxy") from error
    except IceServerError as error:
        raise click.BadParameter(str(error), param_hint="--ice-server") from error
    except SettingError as error:
        raise click.BadParameter(str(error), param_hint="--limit") from error
