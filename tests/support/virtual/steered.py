"""A server that keeps a fleet document, with boxes and desks that speak raw JSON."""

from __future__ import annotations

import json
from typing import Any

from support.virtual.clients import RawClients

from formant_net.server.access.tokens import SCOPES, KeySet, make_key

A, B = "synth-a", "synth-b"
KEYS = KeySet.parse(json.dumps({"keys": [make_key("HS256", "a", lambda count: b"x" * count)]}))


def box(hall: RawClients, id: str, **meta: Any) -> int:
    conn = hall.connect()
    hall.inbox[conn] = hall.say(conn, "register", client_id=id, meta={"name": id.upper(), "steered": True, **meta})
    return conn


def desk(hall: RawClients, id: str = "desk-1") -> int:
    conn = hall.join(id)
    hall.say(conn, "desk-open")
    hall.heard(conn)
    return conn


def told(hall: RawClients, conn: int) -> list[dict[str, Any]]:
    return [message for message in hall.heard(conn) if message["type"] == "settings"]


def set_(hall: RawClients, conn: int, path: str, base: int | None = None, **fields: Any) -> list[dict[str, Any]]:
    return hall.say(conn, "desk-set", path=path, set=fields, base=base, request=7)


def phone_token(number: int = 0) -> str:
    return KEYS.sign({"exp": 1e9 + number, "scope": " ".join(SCOPES["phone"])})
