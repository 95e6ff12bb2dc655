"""What edges write into a shared registry: one entry a client, one a running edge, and the keys they stand under.

No moment of any clock is in them, only lengths: how long ago something was when it was written. So edges whose clocks
differ by an hour read the same.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from formant_net.leases import Lease, Place
from formant_net.messages import Role

CLIENTS, EDGES = "clients.", "edges."


class ClientEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A client's lease. `age_s`: held for so long; `idle_s`: since its last sign of life; both when it was written."""

    id: str
    role: Role
    ws_id: str
    edge: str
    node: str
    location: str = ""
    meta: dict[str, Any] = {}
    proof: str = ""
    home: str = ""
    age_s: float = 0.0
    idle_s: float = 0.0

    def lease(self, now: float, stored_s: float) -> Lease:
        """As a lease on the clock of `now`. `stored_s`: how long ago it was written, by the engine's clock."""
        return Lease(
            id=self.id,
            role=self.role,
            ws_id=self.ws_id,
            place=Place(self.edge, self.node, self.location),
            meta=self.meta,
            proof=self.proof,
            home=self.home,
            since=now - self.age_s - stored_s,
        )


class EdgeEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An edge that runs. `url`: where clients reach it, without a key; may be empty."""

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
    """A lease that gave its last sign of life at `seen`."""
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
            age_s=round(max(0.0, now - lease.since), 3),
            idle_s=round(max(0.0, now - seen), 3),
        )
    )


def encode(entry: EdgeEntry | Gone) -> bytes:
    """JSON of an entry."""
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
    """Never fails: that it is gone is what counts."""
    return _decode(_gone, value) or Gone()


def client_key(id: str) -> str:
    """Engines take few characters in a key: `touch.ctrl:1` is `clients.touch=2Ectrl=3A1`."""
    return CLIENTS + _BEYOND.sub(lambda found: f"={ord(found[0]):02X}", id)


def id_of(key: str) -> str:
    """The client id of a key made by `client_key`."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), key.removeprefix(CLIENTS))


def _decode(decoder: msgspec.json.Decoder[Any], value: bytes) -> Any:
    try:
        return decoder.decode(value)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
