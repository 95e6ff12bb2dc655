"""`formant-node token`: makes signed join tokens, and the keys that sign them."""

from __future__ import annotations

import json
import os
import secrets
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from formant_files import read_text
from formant_net.cli.options.durations import Duration
from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.join import JoinUrl, JoinUrlError
from formant_net.server.access.tokens import SCOPES, Algorithm, KeySet, TokenKeyError, make_key, public_half

MOST_BYTES = 1_000_000
_KEYS_ENV = ("FORMANT_TOKEN_KEYS",)


@click.group("token", short_help="Make signed join tokens, and the keys that sign them.")
def command() -> None:
    """Join tokens for public servers. A token says who may join, in which role, and until when.

    \b
    formant-node token key keys.json                          # once: make a key that signs
    formant-node server --token-keys keys.json                # the server takes its tokens
    formant-node token make --keys keys.json --url JOIN_URL   # a join URL for the audience
    formant-node token make --keys keys.json --url JOIN_URL --for phone   # for phones that sing
    """


@command.command("key")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--algorithm",
    type=click.Choice(["HS256", "EdDSA"]),
    default="HS256",
    show_default=True,
    help="HS256: one secret key; the server could make tokens, too. EdDSA: the server needs only the public key.",
)
@click.option("--retire", metavar="KID", help="Remove this key instead of adding one. Its tokens are invalid then.")
@click.option(
    "--public", type=click.Path(dir_okay=False, path_type=Path), help="Write the public keys to this file (EdDSA)."
)
def key(file: Path, algorithm: Algorithm, retire: str | None, public: Path | None) -> None:
    """Add a new key to FILE. It signs from now on; the other keys stay valid until they are retired.

    A running server reads the file again within two seconds, or at once on SIGHUP.
    """
    from formant_net.aio.atomic_files import write_private

    entries: list[dict[str, Any]] = json.loads(_read(file))["keys"] if os.path.lexists(file) else []
    if retire is not None:
        kept = [entry for entry in entries if entry["kid"] != retire]
        if len(kept) == len(entries):
            raise click.BadParameter(f"{file} has no key {retire}", param_hint="--retire")
        if not kept:
            raise click.UsageError(f"{retire} is the only key in {file}: add another before it is retired")
        entries = kept
    elif public is None or not entries:
        kid = f"{datetime.now(UTC):%Y-%m-%d}-{secrets.token_hex(2)}"
        entries.insert(0, make_key(algorithm, kid, secrets.token_bytes))
    try:
        halves = [] if public is None else [public_half(entry) for entry in entries]
        write_private(file, _text(entries), named=True)
        if public is not None:
            write_private(public, _text(halves), named=True)
    except TokenKeyError as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"cannot write {error.filename or file}: {error.strerror}") from error
    names = [f"{entry['kid']} ({entry['alg']})" for entry in entries]
    click.echo(f"{file} signs with {names[0]}" + (f"; also valid: {', '.join(names[1:])}" if names[1:] else "") + ".")


_keys_option = click.option(
    "--keys",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    envvar=_KEYS_ENV,
    help="File of the keys.",
)


@command.command("make")
@_keys_option
@click.option(
    "--for",
    "guest",
    type=click.Choice(list(SCOPES)),
    default="audience",
    show_default=True,
    help="audience: plays only. controller: also sets volume, power and preset. synth: sings. "
    "phone: sings, in a browser only. both: plays, and sings in a browser.",
)
@click.option(
    "--lasts", type=Duration(), default="12h", show_default=True, metavar="90s|15m|12h|7d", help="How long it is valid."
)
@click.option("--id", "ids", metavar="ID", help="Only for this id; ID* allows every id that begins with ID.")
@click.option("--url", metavar="URL", help="Join URL of the server: print it with the token in it.")
@click.option("--qr", is_flag=True, help="Also print that URL as a QR code.")
def make(keys: Path, guest: str, lasts: float, ids: str | None, url: str | None, qr: bool) -> None:
    """Print a token, or with --url a complete join URL."""
    claims: dict[str, Any] = {"scope": " ".join(SCOPES[guest]), "exp": int(time.time() + lasts)}
    if ids is not None:
        claims["sub"] = ids
    try:
        signer = KeySet.parse(_read(keys))
        token = signer.sign(claims)
        signer.admit(token, time.time())  # a token that a server would refuse is refused here
    except TokenKeyError as error:
        raise click.BadParameter(f"{keys}: {error}", param_hint="--keys") from error
    except ProtocolError as error:
        raise click.BadParameter(
            f"{ids!r}: use up to 64 letters, digits and _ . : -, with * at the end if you like", param_hint="--id"
        ) from error
    if url is None:
        if qr:
            raise click.UsageError("--qr needs --url: it prints a join URL")
        click.echo(token)
        return
    try:
        place = replace(JoinUrl.parse(url), key=token)
        joined = place.sing if guest == "phone" else str(place)
    except JoinUrlError as error:
        raise click.BadParameter(str(error), param_hint="--url") from error
    click.echo(joined)
    if qr:
        from formant_net.cli.options.invitation import qr_code

        click.echo(qr_code(joined))


@command.command("read")
@click.argument("token")
@_keys_option
def read(token: str, keys: Path) -> None:
    """Show what a token, or a join URL that contains one, allows at a server with these keys."""
    if "://" in token:
        try:
            token = JoinUrl.parse(token).key or ""
        except JoinUrlError as error:
            raise click.BadParameter(str(error), param_hint="TOKEN") from error
    try:
        grant = KeySet.parse(_read(keys)).admit(token, time.time())
    except TokenKeyError as error:
        raise click.BadParameter(f"{keys}: {error}", param_hint="--keys") from error
    except ProtocolError as error:
        raise click.ClickException(error.message) from error
    until = datetime.fromtimestamp(grant.until or 0.0, UTC)
    if grant.phone:
        click.echo("sings in a browser only, at /sing")
    click.echo(f"registers as {' or '.join(sorted(grant.roles)) or 'nothing'}, id {grant.ids or 'any'}")
    click.echo("may change volume, power and preset" if grant.settings else "may not change volume, power or preset")
    click.echo(f"until {until:%Y-%m-%d %H:%M} UTC")


def _read(path: Path) -> str:
    """The text of a usable key file. Raises click.BadParameter."""
    try:
        text = read_text(path, MOST_BYTES)
        KeySet.parse(text)
    except OSError as error:
        raise click.BadParameter(f"cannot read {path}: {error.strerror}") from error
    except TokenKeyError as error:
        raise click.BadParameter(f"{path}: {error}") from error
    return text


def _text(entries: list[dict[str, Any]]) -> bytes:
    return (json.dumps({"keys": entries}, indent=2) + "\n").encode()
