"""The touch page's files, read once at the start. A file that appears later is not served."""

from __future__ import annotations

import hashlib
import json
import mimetypes
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from urllib.parse import unquote

from formant_net.protocol.bounds import BOUNDS
from formant_net.protocol.timing import Timing

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".txt": "text/plain; charset=utf-8",
    ".scl": "text/plain; charset=utf-8",
}
"""Content types by ending. Browsers refuse a module of a wrong type, and systems differ in their type for `.js`."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as the server sends it."""

    body: bytes
    content_type: str
    etag: str


NUMBERS = b"@numbers@"
"""Placeholder in the HTML files for the page's durations and bounds."""


VERSION = b"@version@"
"""Placeholder in the modules of `sing/` for the version of all that sings in the page."""
SING = "sing/"
TUNINGS = "tuning/shipped/"
"""Where the page asks for the tunings that come with Formant, as the package has them."""
PLACES = {"/": "/index.html", "/sing": "/sing.html", "/desk": "/desk.html"}
"""Addresses that people type, and the files that they get."""


def read_page(
    folder: Traversable | None = None, timing: Timing | None = None, voice: Mapping[str, bytes] | None = None
) -> Mapping[str, Asset]:
    """All files of `folder` (the packaged touch page) by request path; by `PLACES` also `/`, `/sing` and `/desk`.

    timing    the durations that the page must use
    voice     files with which the page sings, by name (formant_dsp/browser); they are served below `/sing/`
    """
    own = resources.files("formant_net")
    files = (
        {name: file.read_bytes() for name, file in _walk(own.joinpath("tuning", "shipped"), TUNINGS)}
        if folder is None
        else {}
    )
    files |= {name: file.read_bytes() for name, file in _walk(folder or own / "page", "")}
    files |= {SING + name: body for name, body in (voice or {}).items()}
    version = _version({name: body for name, body in files.items() if name.startswith(SING)})
    numbers = page_numbers(timing or Timing(), version if voice else "")
    assets = {
        f"/{name}": _asset(name, _stamped(name, body, version).replace(NUMBERS, numbers))
        for name, body in files.items()
    }
    for path, name in PLACES.items():
        if name in assets:
            assets[path] = assets[name]
    return assets


def find(assets: Mapping[str, Asset], path: str) -> Asset | None:
    """The asset of a request path from the request line, or None.

    It is a lookup in a table of known names. No path is resolved, so none can lead outside the folder.
    """
    return assets.get(unquote(path, errors="replace"))


def _version(files: Mapping[str, bytes]) -> str:
    """One name for what sings: another one when any of its files changes."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(name.encode() + b"\0" + hashlib.sha256(files[name]).digest())
    return digest.hexdigest()[:16]


def _stamped(name: str, body: bytes, version: str) -> bytes:
    """A file of `sing/` with the version inside, so that the page can refuse to mix versions."""
    if not name.startswith(SING):
        return body
    if name.endswith(".wasm"):  # a custom section of its own at the end: id 0, length, name, content
        content = bytes([7]) + b"formant" + version.encode()
        return body + bytes([0, len(content)]) + content
    if name.endswith(".json"):
        return b'{"version": "%s", ' % version.encode() + body.lstrip()[1:]
    return body.replace(VERSION, version.encode())


def page_numbers(timing: Timing, sings: str = "") -> bytes:
    """JSON with the page's durations (s) and bounds. It is safe inside a `<script>`.

    sings   the version of what sings in the page; empty if it cannot
    """
    numbers = {"timing": asdict(timing), "bounds": asdict(BOUNDS), "sings": sings}
    return json.dumps(numbers, allow_nan=False).replace("<", "\\u003c").encode()


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
