"""The name of this machine, as valid text, and ids made of it."""

from __future__ import annotations

import re
import secrets
import socket

from formant_files import shown


def host_name() -> str:
    """The host name. Systems allow bytes that are not UTF-8; each of them becomes U+FFFD."""
    return shown(socket.gethostname())


def make_id(prefix: str) -> str:
    """An id with the machine's name and random characters: `synth-kitchen-3f9a`."""
    host = re.sub(r"[^A-Za-z0-9-]+", "-", host_name().split(".")[0])[:32].strip("-") or "box"
    return f"{prefix}{host}-{secrets.token_hex(2)}"
