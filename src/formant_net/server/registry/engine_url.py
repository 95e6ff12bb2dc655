"""The URL that `--registry` takes: the address of the shared registry's engine, its credentials and its options."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

DEFAULT_PORT = 4222
_ENSEMBLE = re.compile(r"[A-Za-z0-9_-]{1,32}")
_HOST = re.compile(r"\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+")
_EXAMPLE = (
    "write nats://HOST:4222, or nats://USER:PASSWORD@HOST1,HOST2/ENSEMBLE?ca=FILE&replicas=3 (docs/install/edges.md)"
)


class EngineUrlError(ValueError):
    """A text is not the address of an engine. The message shows a valid one and never contains a password."""


@dataclass(frozen=True, slots=True)
class EngineUrl:
    """The address of one engine and the options of the connection to it.

    servers      `host:port` each, tried in order
    ensemble     prefix of every key and subject, so that several ensembles can share an engine
    tls          the connection is encrypted, and the engine's certificate is checked against `ca` or the system's store
    credentials  file of a NATS user (JWT and key); `certificate`, `certificate_key`: files of a client certificate
    replicas     number of engine servers that keep a copy of the registry, 1 to 5
    """

    servers: tuple[str, ...]
    ensemble: str = "formant"
    tls: bool = False
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    credentials: str | None = None
    ca: str | None = None
    certificate: str | None = None
    certificate_key: str | None = None
    replicas: int = 1

    @classmethod
    def parse(cls, text: str) -> EngineUrl:
        """The engine that a URL names. Raises EngineUrlError."""
        scheme, separator, rest = text.strip().partition("://")
        if not separator or scheme not in ("nats", "tls"):
            raise EngineUrlError(f"a registry is `memory` or the URL of a NATS server: {_EXAMPLE}")
        try:
            # A standard URL has one host. Ours may have several, so the authority is split by hand.
            parts = urlsplit(f"nats://{rest}")
            query = parse_qsl(parts.query, strict_parsing=bool(parts.query))
        except ValueError as error:
            raise EngineUrlError(f"not a URL: {_EXAMPLE}") from error
        login, _, hosts = parts.netloc.rpartition("@")
        user, colon, password = login.partition(":")
        ensemble = parts.path.strip("/") or "formant"
        if not _ENSEMBLE.fullmatch(ensemble):
            raise EngineUrlError(f"an ensemble is named by up to 32 of A-Z a-z 0-9 _ -, not {ensemble!r}: {_EXAMPLE}")
        options: dict[str, str] = {}
        for name, value in query:
            if name not in ("creds", "ca", "cert", "key", "replicas"):
                raise EngineUrlError(
                    f"{name!r} is not an option of a registry (creds, ca, cert, key, replicas): {_EXAMPLE}"
                )
            options[name] = value
        if ("cert" in options) != ("key" in options):
            raise EngineUrlError("a client certificate needs both `cert` and `key`")
        replicas = options.get("replicas", "1")
        if replicas not in ("1", "2", "3", "4", "5"):
            raise EngineUrlError(f"replicas is 1 to 5, not {replicas!r}")
        return cls(
            servers=tuple(_server(host) for host in hosts.split(",")),
            ensemble=ensemble,
            tls=scheme == "tls" or "ca" in options or "cert" in options,
            user=unquote(user) if colon else None,
            password=unquote(password) if colon else None,
            token=unquote(user) if user and not colon else None,
            credentials=options.get("creds"),
            ca=options.get("ca"),
            certificate=options.get("cert"),
            certificate_key=options.get("key"),
            replicas=int(replicas),
        )


def _server(text: str) -> str:
    found = re.fullmatch(rf"({_HOST.pattern})(?::(\d{{1,5}}))?", text)
    port = int(found[2] or DEFAULT_PORT) if found else 0
    if found is None or not 1 <= port <= 65535:
        raise EngineUrlError(f"{text!r} is not HOST or HOST:PORT: {_EXAMPLE}")
    return f"{found[1]}:{port}"
