"""The touch page's files, read once at the start: what was not there then cannot be asked for."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from urllib.parse import unquote

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".txt": "text/plain; charset=utf-8",
}
"""Browsers refuse a module of the wrong type, and what the system's own table says of `.js` differs from box to box."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent."""

    body: bytes
    content_type: str
    etag: str


def read_page(folder: Traversable | None = None) -> Mapping[str, Asset]:
    """All files of `folder` (the packaged touch page) by request path; `/` is `index.html`."""
    folder = folder or resources.files("formant_net") / "page"
    assets = {f"/{name}": _asset(name, file.read_bytes()) for name, file in _walk(folder, "")}
    if "/index.html" in assets:
        assets["/"] = assets["/index.html"]
    return assets


def find(assets: Mapping[str, Asset], path: str) -> Asset | None:
    """The asset of a request path as it stands in the request line, or None.

    A lookup in a table of known names: there is no path to walk, so none to escape from.
    """
    return assets.get(unquote(path, errors="replace"))


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.name.startswith((".", "__")) or entry.name.endswith((".py", ".pyc")):
            continue
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/")
        elif entry.is_file():
            yield prefix + entry.name, entry


def _asset(name: str, body: bytes) -> Asset:
    suffix = name[name.rfind(".") :] if "." in name else ""
    content_type = _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Asset(body, content_type, f'"{hashlib.sha256(body).hexdigest()[:32]}"')
