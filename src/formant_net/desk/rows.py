"""How the boxes are, as rows of a table: what they say, how old it is, and what needs attention.

Out of scope: how a table looks (cli/run/monitor.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import UnsetType

from formant_net.desk.core import Desk
from formant_net.fleet.document import Document
from formant_net.fleet.effective import effective
from formant_net.health.troubles import WORDS, breaks
from formant_net.protocol.steering import QUIET_DB, DeskBox, Health

STALE_S = 45.0
"""Seconds after which what a box said is old: three messages are missing."""
COLUMNS = (
    "box", "zone", "state", "needs attention", "sound", "version", "links", "voices", "level", "busy", "breaks",
    "latency", "round trip", "heat", "Wi-Fi", "said",
)  # fmt: skip
UNKNOWN = "?"


@dataclass(frozen=True, slots=True)
class Row:
    """One box.

    because   why the desk has silenced it
    age_s     how old `health` is; None: the box has said nothing
    peak_db   how loud it is now, dB of full scale; None: not known
    """

    id: str
    name: str
    zone: str
    here: bool
    steered: bool
    follows: bool
    since_ms: float | None
    because: tuple[str, ...]
    refused: Mapping[str, str]
    health: Health | None
    age_s: float | None
    peak_db: float | None = None

    @property
    def stale(self) -> bool:
        """Whether what it said is old, or was said before it left."""
        return not self.here or self.age_s is None or self.age_s > STALE_S

    @property
    def attention(self) -> tuple[str, ...]:
        """What needs attention, as words of formant_net/health/troubles.py, or `away`, `not-as-set`, `says-nothing`."""
        if not self.here:
            return ("away",)
        found = list(self.health.troubles) if self.health is not None and not self.stale else []
        if not self.follows or self.refused:
            found.append("not-as-set")
        if self.health is not None and self.stale:
            found.append("says-nothing")
        return tuple(found)

    def cells(self) -> tuple[str, ...]:
        """The texts of `COLUMNS`. A figure that is not known is a question mark."""
        if not self.here:
            state = "away"
        elif self.because:
            state = f"silent: {', '.join(self.because)}"
        elif not self.steered:
            state = "here, not steered"
        else:
            state = "here"
        health = self.health
        said = UNKNOWN if self.age_s is None else f"{self.age_s:.0f} s ago"
        if health is None or not self.here:
            figures = [UNKNOWN] * 10
        else:
            figures = [
                health.version,
                _text(health.links, "{}"),
                _text(health.voices, "{}"),
                _text(health.gain, "{:.0%}"),
                _text(health.busy, "{:.0%}"),
                UNKNOWN if isinstance(health.underflows, UnsetType) else str(breaks(health)),
                _text(health.latency_ms, "{:.1f} ms"),
                _text(health.rtt_ms, "{:.1f} ms"),
                _text(health.temperature_c, "{:.0f} °C"),
                _text(health.wifi_dbm, "{:.0f} dBm"),
            ]
        return (self.name, self.zone, state, ", ".join(self.attention), _sound(self.peak_db), *figures, said)

    def as_dict(self) -> dict[str, Any]:
        """The row for a program. `health` has only figures that are known."""
        return {
            "id": self.id,
            "name": self.name,
            "zone": self.zone,
            "here": self.here,
            "since_ms": self.since_ms,
            "silent": list(self.because),
            "attention": list(self.attention),
            "refused": dict(self.refused),
            "age_s": self.age_s,
            "stale": self.stale,
            "peak_db": self.peak_db,
            "health": None if self.health is None else msgspec.to_builtins(self.health),
        }


def rows(desk: Desk, now: float) -> list[Row]:
    """Every box that the desk knows: by zone, then by name. `now`: s of the clock of the core."""
    document, here = desk.document, {id for id, box in desk.boxes.items() if box.here}
    found = [
        _row(desk, document, id, desk.boxes.get(id) or DeskBox(id=id, here=False), here, now)
        for id in {*document.boxes, *desk.boxes, *desk.health}
    ]
    return sorted(found, key=lambda row: (row.zone == "", row.zone, row.name, row.id))


def remedies(table: list[Row]) -> list[str]:
    """What to do about the troubles of these rows, one sentence each, in the order of the table."""
    named = dict.fromkeys(trouble for row in table for trouble in row.attention)
    return [f"{trouble}: {WORDS[trouble][0]}; {WORDS[trouble][1]}" for trouble in named if trouble in WORDS]


def _row(desk: Desk, document: Document, id: str, box: DeskBox, here: set[str], now: float) -> Row:
    kept = document.boxes.get(id)
    zone = document.zones.get(kept.zone) if kept is not None else None
    said_at, health = desk.health.get(id, (None, None))
    steers = document.steered or bool(desk.solo)
    return Row(
        id=id,
        name=(kept.name if kept is not None else "") or box.name or id,
        zone=zone.name if zone is not None else "",
        here=box.here,
        steered=box.steered,
        follows=box.applied >= box.wanted,
        since_ms=None if isinstance(box.since, UnsetType) else box.since,
        because=effective(document, id, desk.solo, here).because if steers and box.steered else (),
        refused=box.refused,
        health=health,
        age_s=None if said_at is None else round(max(0.0, now - said_at), 1),
        peak_db=desk.level(id, now),
    )


def _sound(peak_db: float | None) -> str:
    if peak_db is None:
        return UNKNOWN
    return "none" if peak_db <= QUIET_DB else f"{peak_db:.0f} dB"


def _text(value: object, form: str) -> str:
    return UNKNOWN if isinstance(value, UnsetType) else form.format(value)
