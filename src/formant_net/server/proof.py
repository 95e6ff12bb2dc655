"""Who a client is, and how it proves that: its role, the secret of its id, and its household."""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache

from formant_net.protocol import messages as m
from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.fields import Role
from formant_net.server.access.addresses import group_of
from formant_net.server.clients import Client

PREFIXES: tuple[tuple[str, Role], ...] = (
    ("synth-", "synth"),
    ("ctrl-", "controller"),
    ("touch-ctrl-", "controller"),
    ("desk-", "desk"),
)
"""The role of an id that names none."""


def role_of(asked: m.Register) -> Role:
    """The role a registration asks for, by its `role` or by the prefix of its id. Raises ProtocolError "bad-role"."""
    by_id: m.Role | None = None
    for prefix, role in PREFIXES:
        if asked.client_id.startswith(prefix):
            by_id = role
            break
    if by_id is None and asked.role is None:
        raise ProtocolError(
            "bad-role",
            f"{asked.client_id} does not show a role: begin the id with synth-, ctrl-, touch-ctrl- or desk-, "
            "or send `role`",
            "register",
        )
    if by_id is not None and asked.role is not None and asked.role != by_id:
        raise ProtocolError(
            "bad-role", f"{asked.client_id} is the id of a {by_id}, not of a {asked.role}: change one", "register"
        )
    return asked.role or by_id or "controller"


def proof_of(resume: str) -> str:
    """The hash by which other edges check a secret. The secret has 256 random bits, so a plain hash is safe."""
    return hashlib.sha256(resume.encode()).hexdigest() if resume else ""


def same_household(client: Client, holder: Client) -> bool:
    """Whether a newcomer without the secret may be who holds the id: same address, and both know the join key."""
    return not client.grant.token and home_of(client) == home_of(holder)


def home_of(client: Client) -> str:
    """A short hash of a client's address for other edges: it tells households apart without giving the address."""
    return "token" if client.grant.token else _home_of(client.address)


@lru_cache(maxsize=8192)
def _home_of(address: str) -> str:
    return hashlib.sha256(group_of(address).encode()).hexdigest()[:12] if address else ""


def proves(resume: str | None, proof: str) -> bool:
    """Whether a secret is the one of this proof."""
    return bool(resume and proof) and hmac.compare_digest(proof_of(resume or ""), proof)
