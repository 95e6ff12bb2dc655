"""What a server says of itself and of its boxes to Prometheus: names, types and meanings, and the text.

A box is told by its id. Its name is only in `formant_box_info`, so a new name begins no new series. Phones that sing
are counted, not listed. Figures of a box that is away, or has said nothing for a while, are left out: its last
temperature is no temperature.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import UnsetType

from formant_net.health.board import CAUSES
from formant_net.protocol.steering import Health
from formant_net.server.health.exposition import Metric, family, labels

STALE = 4.0
"""Times `health_s` after which figures are too old."""
REASONS = ("all off", "new", "mute", "zone", "solo")
"""Why a box is silent, by the first words of `because` (fleet/effective.py)."""
_Value = Callable[[Health], Any]

BUILD = Metric("formant_build_info", "gauge", "Version of the server and of its Python; always 1.")
CLIENTS = Metric(
    "formant_server_clients", "gauge", "Clients that are registered, by role; phone: a browser that sings."
)
ERRORS = Metric("formant_server_errors_total", "counter", "Messages and clients that were refused, by code.")
REVISION = Metric("formant_server_desk_revision", "gauge", "Revision of the settings of all boxes.")
DISCOVERY = Metric("formant_server_discovery_up", "gauge", "Whether the server is announced on the local network.")
START = Metric("formant_server_start_time_seconds", "gauge", "When the server was started, s since 1970.")
INFO = Metric("formant_box_info", "gauge", "Name, zone, model and version of a box; always 1.")
UP = Metric("formant_box_up", "gauge", "Whether a box is registered.")
SEEN = Metric("formant_box_last_seen_seconds", "gauge", "Seconds since the last sign of life of a box.")
AGE = Metric("formant_box_health_age_seconds", "gauge", "Seconds since a box said how it is.")
BOX_START = Metric("formant_box_start_time_seconds", "gauge", "When the node of a box was started, s since 1970.")
PENDING = Metric("formant_box_settings_pending", "gauge", "Whether a box does not do yet what the desk set.")
SILENT = Metric("formant_box_silent", "gauge", "Whether a box is silent for this reason.")
THROTTLED = Metric("formant_box_throttled", "gauge", "Whether the processor of a box is held back now for this cause.")

FIGURES: tuple[tuple[Metric, _Value], ...] = (
    (Metric("formant_box_blocks_total", "counter", "Blocks of sound."), lambda h: h.blocks),
    (Metric("formant_box_underflows_total", "counter", "Times that the sound device ran dry."), lambda h: h.underflows),
    (Metric("formant_box_late_callbacks_total", "counter", "Callbacks that came late."), lambda h: h.late),
    (
        Metric("formant_box_overruns_total", "counter", "Blocks that took longer to make than to play."),
        lambda h: h.overruns,
    ),
    (Metric("formant_box_shed_voices_total", "counter", "Voices that were ended to save time."), lambda h: h.shed),
    (
        Metric("formant_box_ring_dropped_total", "counter", "Events that found no room in the ring."),
        lambda h: h.ring_dropped,
    ),
    (
        Metric("formant_box_late_notes_total", "counter", "Notes that came too late for their play-out time."),
        lambda h: h.late_notes,
    ),
    (
        Metric("formant_box_reconnects_total", "counter", "Registrations after the first one."),
        lambda h: _over(h.registrations, lambda count: max(0, count - 1)),
    ),
    (
        Metric("formant_box_render_busy_ratio", "gauge", "Time that 99 of 100 blocks took, in parts of their period."),
        lambda h: h.busy,
    ),
    (
        Metric("formant_box_render_max_seconds", "gauge", "The longest time that a block took since the start."),
        lambda h: _over(h.render_ms, _seconds),
    ),
    (
        Metric("formant_box_output_latency_seconds", "gauge", "From the synthesis to the socket of the loudspeaker."),
        lambda h: _over(h.latency_ms, _seconds),
    ),
    (Metric("formant_box_sample_rate_hertz", "gauge", "Sample rate of the sound."), lambda h: h.sample_rate),
    (Metric("formant_box_audible", "gauge", "Whether a box has a sound device."), lambda h: h.audible),
    (Metric("formant_box_links", "gauge", "Controllers with an open link."), lambda h: h.links),
    (Metric("formant_box_voices", "gauge", "Voices that sound."), lambda h: h.voices),
    (Metric("formant_box_gain_ratio", "gauge", "Factor of all that a box sings."), lambda h: h.gain),
    (
        Metric("formant_box_rtt_seconds", "gauge", "Round trip between a box and its server."),
        lambda h: _over(h.rtt_ms, _seconds),
    ),
    (
        Metric("formant_box_temperature_celsius", "gauge", "Temperature of the processor."),
        lambda h: h.temperature_c,
    ),
    (
        Metric("formant_box_undervoltage", "gauge", "Whether the power supply is too weak now."),
        lambda h: h.undervoltage,
    ),
    (
        Metric("formant_box_clock_synchronised", "gauge", "Whether the network sets the clock."),
        lambda h: h.clock_synchronised,
    ),
    (Metric("formant_box_wifi_signal_dbm", "gauge", "Signal of the Wi-Fi."), lambda h: h.wifi_dbm),
    (
        Metric("formant_box_wifi_power_save", "gauge", "Whether the Wi-Fi sleeps between packets."),
        lambda h: h.wifi_power_save,
    ),
    (
        Metric("formant_box_disk_written_bytes_total", "counter", "Written to the SD card since it was switched on."),
        lambda h: h.written_bytes,
    ),
    (
        Metric("formant_box_state_writable", "gauge", "Whether what a box keeps is there after a power cut."),
        lambda h: h.state_writable,
    ),
    (
        Metric("formant_box_root_overlay", "gauge", "Whether the root file system forgets at the next start."),
        lambda h: h.overlay,
    ),
    (Metric("formant_box_memory_bytes", "gauge", "Memory of the process."), lambda h: h.memory_bytes),
)
"""Each figure of `health` that is a metric, and how it is read."""

METRICS: tuple[Metric, ...] = (
    BUILD, START, CLIENTS, ERRORS, REVISION, DISCOVERY, INFO, UP, SEEN, AGE, BOX_START, PENDING, SILENT, THROTTLED,
    *(metric for metric, _ in FIGURES),
)  # fmt: skip
"""All of them."""


@dataclass(frozen=True, slots=True)
class BoxView:
    """One box as the server sees it. Times are s; `None` is not known.

    up          it is registered
    seen_ago    since its last sign of life
    health      what it said last, `said_ago` before now
    started     when its node was started, s since 1970
    pending     it does not do yet what the desk set; None: no desk steers it
    because     why the desk has silenced it; None: no desk steers it
    """

    id: str
    up: bool
    name: str = ""
    zone: str = ""
    seen_ago: float | None = None
    health: Health | None = None
    said_ago: float = 0.0
    started: float | None = None
    pending: bool | None = None
    because: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ServerView:
    """The server as it is. `stale_s`: figures that are older are left out. `announced` None: it is not meant to be."""

    version: str
    python: str
    started: float
    stale_s: float
    clients: Mapping[str, int] = field(default_factory=dict)
    errors: Mapping[str, int] = field(default_factory=dict)
    revision: int | None = None
    announced: bool | None = None


def render(server: ServerView, boxes: list[BoxView]) -> str:
    """The text. Its size and cost grow with the number of boxes: about 35 series each."""
    where = {box.id: labels(box=box.id) for box in boxes}
    fresh = [
        (where[box.id], box.health)
        for box in boxes
        if box.up and box.health is not None and box.said_ago <= server.stale_s
    ]
    parts = [
        family(BUILD, [(labels(version=server.version, python=server.python), 1)]),
        family(START, [("", round(server.started, 3))]),
        family(CLIENTS, [(labels(role=role), count) for role, count in sorted(server.clients.items())]),
        family(ERRORS, [(labels(code=code), count) for code, count in sorted(server.errors.items())]),
        family(REVISION, [] if server.revision is None else [("", server.revision)]),
        family(DISCOVERY, [] if server.announced is None else [("", server.announced)]),
        family(INFO, [(_info(box), 1) for box in boxes]),
        family(UP, [(where[box.id], box.up) for box in boxes]),
        family(SEEN, [(where[box.id], round(box.seen_ago, 1)) for box in boxes if box.seen_ago is not None]),
        family(AGE, [(where[box.id], round(box.said_ago, 1)) for box in boxes if box.health is not None]),
        family(BOX_START, [(where[box.id], round(box.started)) for box in boxes if box.up and box.started is not None]),
        family(PENDING, [(where[box.id], box.pending) for box in boxes if box.up and box.pending is not None]),
        family(SILENT, [each for box in boxes if box.up and box.because is not None for each in _silent(box)]),
        family(THROTTLED, [each for place, health in fresh for each in _throttled(place, health)]),
    ]
    for metric, value in FIGURES:
        found = [(place, value(health)) for place, health in fresh]
        parts.append(family(metric, [(place, each) for place, each in found if not isinstance(each, UnsetType)]))
    return "".join(parts)


def _info(box: BoxView) -> str:
    model = box.health.model if box.health is not None else ""
    return labels(
        box=box.id,
        name=box.name,
        zone=box.zone,
        model=model if isinstance(model, str) else "",
        version=box.health.version if box.health is not None else "",
    )


def _silent(box: BoxView) -> list[tuple[str, float]]:
    because = box.because or ()
    return [
        (labels(box=box.id, reason=reason), any(each == reason or each.startswith(f"{reason} ") for each in because))
        for reason in REASONS
    ]


def _throttled(place: str, health: Health) -> list[tuple[str, float]]:
    now = health.throttled
    if isinstance(now, UnsetType):
        return []
    return [(f'{place[:-1]},cause="{cause}"}}', cause in now) for cause in CAUSES]


def _over(value: Any, change: Callable[[Any], float]) -> Any:
    return value if isinstance(value, UnsetType) else change(value)


def _seconds(milliseconds: float) -> float:
    return round(milliseconds / 1000.0, 6)
