"""The entries that edges write into a shared registry, one for each client and each running edge, and their keys.

An entry holds no times of day, only durations: the seconds between an event and the writing. So edges whose clocks
differ by an hour read the same.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from formant_net.protocol.messages import Role
from formant_net.protocol.standing import Standing
from formant_net.server.registry.leases import Lease, Place

CLIENTS, EDGES = "clients.", "edges."


class ClientEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A client's lease. At the time of writing it is `age_s` seconds old and has been silent for `idle_s` seconds."""

    id: str
    role: Role
    ws_id: str
    edge: str
    node: str
    location: str = ""
    meta: dict[str, Any] = {}
    proof: str = ""
    home: str = ""
    guest: bool = False
    group: str = ""
    age_s: float = 0.0
    idle_s: float = 0.0

    def lease(self, now: float, stored_s: float) -> Lease:
        """The lease on the clock of `now`. `stored_s`: seconds since the entry was written, by the engine's clock."""
        return Lease(
            id=self.id,
            role=self.role,
            ws_id=self.ws_id,
            place=Place(self.edge, self.node, self.location),
            meta=self.meta,
            proof=self.proof,
            home=self.home,
            since=now - self.age_s - stored_s,
            standing=Standing(self.guest, self.group),
        )


class EdgeEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A running edge. `url`: where clients reach it, without a key; may be empty."""

    edge: str
    node: str
    location: str = ""
    url: str = ""


class Gone(msgspec.Struct, frozen=True):
    """What is left under a key whose client has gone, for as long as somebody may have missed it."""

    reason: str = "closed"


_encoder = msgspec.json.Encoder()
_client = msgspec.json.Decoder(ClientEntry)
_edge = msgspec.json.Decoder(EdgeEntry)
_gone = msgspec.json.Decoder(Gone)
_BEYOND = re.compile(r"[^A-Za-z0-9_-]")
_ESCAPE = re.compile(r"=([0-9A-F]{2})")


def client_entry(lease: Lease, now: float, seen: float) -> bytes:
    """The JSON of a lease whose last sign of life came at `seen`."""
    place = lease.place
    return _encoder.encode(
        ClientEntry(
            id=lease.id,
            role=lease.role,
            ws_id=lease.ws_id,
            edge=place.edge,
            node=place.node,
            location=place.location,
            meta=dict(lease.meta),
            proof=lease.proof,
            home=lease.home,
            guest=lease.standing.guest,
            group=lease.standing.group,
            age_s=round(max(0.0, now - lease.since), 3),
            idle_s=round(max(0.0, now - seen), 3),
        )
    )


def encode(entry: EdgeEntry | Gone) -> bytes:
    """The JSON of an entry."""
    return _encoder.encode(entry)


def decode_client(value: bytes) -> ClientEntry | None:
    """None for what no edge of this version writes."""
    entry: ClientEntry | None = _decode(_client, value)
    return entry


def decode_edge(value: bytes) -> EdgeEntry | None:
    """None for what no edge of this version writes."""
    entry: EdgeEntry | None = _decode(_edge, value)
    return entry


def decode_gone(value: bytes) -> Gone:
    """The reason why a client has left. Never fails: an unreadable reason counts as "closed"."""
    return _decode(_gone, value) or Gone()


def client_key(id: str) -> str:
    """The key of a client id. Engines allow few characters in keys: `touch.ctrl:1` is `clients.touch=2Ectrl=3A1`."""
    return CLIENTS + _BEYOND.sub(lambda found: f"={ord(found[0]):02X}", id)


def id_of(key: str) -> str:
    """The client id of a key made by `client_key`."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), key.removeprefix(CLIENTS))


def _decode(decoder: msgspec.json.Decoder[Any], value: bytes) -> Any:
    try:
        return decoder.decode(value)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
