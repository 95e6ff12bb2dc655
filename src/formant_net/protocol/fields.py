"""What the wire messages are made of: their base, and the types of their fields with ranges and sizes."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

MAX_CREDENTIAL_CHARS = 2048
"""A join key has 14 characters, a signed token 200 to 500."""

ClientId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}\Z")]
"""`\\Z`, not `$`: that one would let a trailing newline through."""
Secret = Annotated[str, Meta(max_length=256)]
"""May be empty on the wire, because a form sends an empty field: "wrong key" is clearer than "bad message"."""
Credential = Annotated[str, Meta(max_length=MAX_CREDENTIAL_CHARS)]
"""A join key or a signed token."""
Role = Literal["synth", "controller", "desk"]
Unit = Annotated[float, Meta(ge=0.0, le=1.0)]
NoteNumber = Annotated[float, Meta(ge=0.0, le=135.0)]
"""A pitch as a MIDI number, equal temperament, 69 = 440 Hz; 135 is the G# above 19 kHz."""
Place = tuple[Unit, Unit]
"""A place on a plane of vowels: 0 back … 1 front, 0 close … 1 open."""
FingerId = Annotated[int, Meta(ge=-(2**53), le=2**53)] | Annotated[str, Meta(max_length=64)]
Seq = Annotated[int, Meta(ge=0, le=2**53)]
Stamp = Annotated[float, Meta(ge=-1e15, le=1e15)]
"""A moment or a length on somebody's clock, ms."""
Name = Annotated[str, Meta(min_length=1, max_length=64)]
Scalar = bool | Annotated[float, Meta(ge=-1e9, le=1e9)] | Annotated[str, Meta(max_length=256)]
Group = Annotated[str, Meta(max_length=64)]
"""Opaque, `CREDENTIAL.ADDRESS`: who is counted together with whom (standing.py)."""
ClientMeta = Annotated[dict[Annotated[str, Meta(max_length=64)], Scalar | None], Meta(max_length=16)]
"""A client's description of itself. It is kept short, because a list of controllers carries that of each one."""


class Message(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """Base of all wire messages; optional fields that were not given are left out on the wire."""
