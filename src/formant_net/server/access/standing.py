"""The standing of a client: a guest or not, and the group in which what it may cost is counted.

Edges of one ensemble have the same keys, so they find the same group. Nobody reads a key or an address out of it: both
parts are short hashes, that of the address keyed by the credential.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

from formant_net.protocol.messages import Role
from formant_net.protocol.standing import Standing
from formant_net.server.access.addresses import group_of
from formant_net.server.access.grant import Grant

_BYTES = 6


def standing_of(given: str | None, grant: Grant, role: Role, address: str) -> Standing:
    """Of a client that came in with `given` (a join key or token; None where the server asks for none)."""
    guest = not grant.settings if role == "controller" else grant.phone and role == "synth"
    return Standing(guest, _group(given, address))


@lru_cache(maxsize=1024)  # few credentials and addresses have many clients
def _group(given: str | None, address: str) -> str:
    secret = hashlib.sha256((given or "").encode("utf-8", "surrogatepass")).digest()
    credential = hashlib.blake2b(secret, digest_size=_BYTES).hexdigest() if given else ""
    where = hashlib.blake2b(group_of(address).encode(), key=secret, digest_size=_BYTES).hexdigest() if address else ""
    return f"{credential}.{where}" if given or address else ""
