"""`formant-node token`: makes signed join tokens, and the keys that sign them."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from formant_net.cli.durations import Duration
from formant_net.errors import ProtocolError
from formant_net.join import JoinUrl, JoinUrlError
from formant_net.tokens import SCOPES, Algorithm, KeySet, TokenKeyError, make_key, public_half

_KEYS_ENV = ("FORMANT_TOKEN_KEYS",)


@click.group("token", short_help="Makes signed join tokens, and the keys that sign them.")
def command() -> None:
    """Join tokens for servers that strangers may come to: each says who may join as what, and until when.

    \b
    formant-node token key keys.json                          # once: a key that signs
    formant-node server --token-keys keys.json                # the server takes its tokens
    formant-node token make --keys keys.json --url JOIN_URL   # a join URL for the audience
    """


@command.command("key")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--algorithm",
    type=click.Choice(["HS256", "EdDSA"]),
    default="HS256",
    show_default=True,
    help="HS256: whoever reads tokens can make them. EdDSA: the server needs only the public half.",
)
@click.option("--retire", metavar="KID", help="Remove this key instead of adding one; its tokens are worthless then.")
@click.option("--public", type=click.Path(dir_okay=False, path_type=Path), help="Write the public halves here (EdDSA).")
def key(file: Path, algorithm: Algorithm, retire: str | None, public: Path | None) -> None:
    """Add a new key to FILE, which then signs; the others go on being valid until they are retired.

    A running server reads its file again within two seconds, or at once at SIGHUP.
    """
    from formant_net.aio.state import write_private

    entries: list[dict[str, Any]] = json.loads(_read(file))["keys"] if file.exists() else []
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
        write_private(file, _text(entries))
        if public is not None:
            write_private(public, _text(halves))
    except TokenKeyError as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"cannot write {error.filename or file}: {error.strerror}") from error
    names = [f"{entry['kid']} ({entry['alg']})" for entry in entries]
    click.echo(f"{file} signs with {names[0]}" + (f"; also valid: {', '.join(names[1:])}" if names[1:] else "") + ".")


@command.command("make")
@click.option("--keys", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True, envvar=_KEYS_ENV)
@click.option(
    "--for",
    "guest",
    type=click.Choice(list(SCOPES)),
    default="audience",
    show_default=True,
    help="audience: plays, and changes nothing for others. controller: also volume, power, preset. synth: sings.",
)
@click.option("--lasts", type=Duration(), default="12h", show_default=True, metavar="90s|15m|12h|7d")
@click.option("--id", "ids", metavar="ID", help="The only id it is good for; ID* is every id that begins so.")
@click.option("--url", metavar="URL", help="A join URL of the server: print one with this token in it.")
@click.option("--qr", is_flag=True, help="Print that URL as a QR code as well.")
def make(keys: Path, guest: str, lasts: float, ids: str | None, url: str | None, qr: bool) -> None:
    """Print a token, or with --url a whole join URL."""
    claims: dict[str, Any] = {"scope": " ".join(SCOPES[guest]), "exp": int(time.time() + lasts)}
    if ids is not None:
        claims["sub"] = ids
    try:
        signer = KeySet.parse(_read(keys))
        token = signer.sign(claims)
        signer.admit(token, time.time())  # what a server would refuse is refused here
    except TokenKeyError as error:
        raise click.BadParameter(f"{keys}: {error}", param_hint="--keys") from error
    except ProtocolError as error:
        raise click.BadParameter(
            "an id has up to 64 letters, digits and _ . : -, and perhaps * at its end", param_hint="--id"
        ) from error
    if url is None:
        if qr:
            raise click.UsageError("--qr is a code of a join URL: give --url")
        click.echo(token)
        return
    try:
        joined = str(replace(JoinUrl.parse(url), key=token))
    except JoinUrlError as error:
        raise click.BadParameter(str(error), param_hint="--url") from error
    click.echo(joined)
    if qr:
        from formant_net.cli.up import qr_code

        click.echo(qr_code(joined))


@command.command("read")
@click.argument("token")
@click.option("--keys", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True, envvar=_KEYS_ENV)
def read(token: str, keys: Path) -> None:
    """Say what a token, or a join URL with one, opens at a server with these keys."""
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
    click.echo(f"registers as {' or '.join(sorted(grant.roles)) or 'nothing'}, id {grant.ids or 'any'}")
    click.echo("may change volume, power and preset" if grant.settings else "may not change volume, power or preset")
    click.echo(f"until {until:%Y-%m-%d %H:%M} UTC")


def _read(path: Path) -> str:
    """The text of a key file that can be used. click.BadParameter in words."""
    try:
        text = path.read_text("utf-8")
        KeySet.parse(text)
    except (OSError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"cannot read {path}: {error}") from error
    except TokenKeyError as error:
        raise click.BadParameter(f"{path}: {error}") from error
    return text


def _text(entries: list[dict[str, Any]]) -> bytes:
    return (json.dumps({"keys": entries}, indent=2) + "\n").encode()
