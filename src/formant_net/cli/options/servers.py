"""The options that every client command shares: the servers that it joins, how it trusts them, and its id."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from formant_net.aio.host import make_id
from formant_net.cli.options.refused import under_a_service_manager
from formant_net.client.servers import Server
from formant_net.protocol.join import JoinUrlError
from formant_net.protocol.trust import SYSTEM, Trust, TrustError

if TYPE_CHECKING:
    from formant_net.aio.client.find import Search
    from formant_net.aio.client.shell import SentAway

Function = TypeVar("Function", bound=Callable[..., Any])
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

CLIENT_OPTIONS = (
    click.option(
        "--tls-ca", metavar="FILE", type=_FILE, help="Authorities that sign the certificate of the server (PEM)."
    ),
    click.option(
        "--tls-fingerprint",
        "tls_fingerprints",
        multiple=True,
        metavar="SHA256",
        envvar="FORMANT_TLS_FINGERPRINT",
        help="Fingerprint of the server's key, or its certificate (PEM). A join URL contains it.",
    ),
)


urls_argument = click.argument("urls", nargs=-1, metavar="[URL]...")
"""The servers that a client may join; none: it searches."""
key_option = click.option("--key", metavar="KEY", help="Join key, if the URL has none (better: FORMANT_KEY).")


def client_options(function: Function) -> Function:
    """Add the options by which a client trusts its server."""
    for option in reversed(CLIENT_OPTIONS):
        function = option(function)
    return function


def trust_of(ca: Path | None, fingerprints: tuple[str, ...]) -> Trust:
    """The trust that the client options describe. Raises click.BadParameter."""
    if ca is not None and fingerprints:
        raise click.UsageError("give --tls-fingerprint or --tls-ca, not both")
    try:
        return Trust.make(fingerprints, str(ca) if ca is not None else None)
    except TrustError as error:
        raise click.BadParameter(str(error), param_hint="--tls-fingerprint") from error


def servers_of(urls: tuple[str, ...], key: str | None, trust: Trust = SYSTEM) -> list[Server]:
    """The servers to try, in order. A key in a URL overrides `key`, and a fingerprint in it overrides `trust`."""
    from formant_net.aio.client import join

    try:
        return join.servers_of(urls, key, trust)
    except JoinUrlError as error:
        raise click.BadParameter(str(error), param_hint="URL") from error
    except TrustError as error:
        raise click.UsageError(f"--tls-ca and --tls-fingerprint: {error}") from error


def search_of(urls: tuple[str, ...], key: str | None, trust: Trust = SYSTEM) -> Search | None:
    """How to find the server if no URL names one, else None.

    A service does not search for a server on its own machine: a service that should use one gets its URL.
    """
    if urls:
        return None
    from formant_net.aio.client.join import search_for

    return search_for(key, trust, local=not under_a_service_manager())


def check_id(value: str | None, prefixes: tuple[str, ...]) -> str:
    """Check that every server accepts this id for the role that its prefix names. A missing id is made."""
    if value is None:
        return make_id(prefixes[0])
    if not value.startswith(prefixes):
        value = prefixes[0] + value
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}", value):
        raise click.BadParameter(f"{value!r}: use up to 64 letters, digits and _ . : -", param_hint="--id")
    return value


def fail_if_refused(error: SentAway) -> None:
    """Raise a usage error if the server refused the client: a restart would not help. Else only print the reason."""
    if error.stop.refused:
        raise click.UsageError(str(error)) from error
    click.echo(str(error), err=True)
