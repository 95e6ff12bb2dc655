"""Messages between a desk, the server and the boxes that it steers. What they mean is in formant_net/fleet.

A desk opens the fleet document, changes it and is told of every change. A box is told what follows for it, and says
what it has done. A box also says how it is (`Health`); a desk that asks for that is told.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType, field

from formant_net.protocol.fields import ClientId, Message

Path = Annotated[str, Meta(min_length=1, max_length=80)]
"""`master`, `zones/ID`, `boxes/ID` or `scenes/ID`."""
Epoch = Annotated[str, Meta(max_length=64)]
Revision = Annotated[int, Meta(ge=0, le=2**53)]
RequestId = Annotated[int, Meta(ge=0, le=2**53)]
Reasons = Annotated[
    dict[Annotated[str, Meta(max_length=64)], Annotated[str, Meta(max_length=256)]], Meta(max_length=16)
]

STEERED = "steered"
"""`meta.steered` = true: this synth reads `settings`."""
IDENTIFIES = "identifies"
"""`meta.identifies` = true: this synth reads `identify`."""
METERS = "meters"
"""`meta.meters` = true: this synth reads `meter`."""
LEVEL_S = 0.25
"""Seconds between two `level` of a box, and between two `desk-levels` to a desk."""
QUIET_DB = -90.0
"""The lowest level that is told, dB: softer than the noise of any sound device."""
IDENTIFY_S = 10.0
"""Seconds for which a box sings its tune."""


class DeskOpen(Message, tag="desk-open", frozen=True, kw_only=True):
    """A desk asks for the document. `desk`, then everything that there is as `desk-changed` and `desk-box` follow.

    health   it also wants the newest `health` of every box, now and whenever one comes, as `desk-health`
    """

    health: bool = False


class DeskOpened(Message, tag="desk", frozen=True, kw_only=True):
    """The document begins.

    solo         the paths that are soloed now
    following    how many `desk-changed` and `desk-box` follow at once, and make it whole
    """

    epoch: Epoch
    rev: Revision
    solo: list[Path] = field(default_factory=list)
    following: Annotated[int, Meta(ge=0)] = 0


class DeskSet(Message, tag="desk-set", frozen=True, kw_only=True, omit_defaults=False):
    """Change what `path` names. `set`: values of fields, null deletes it. `base`: the revision that the desk knows."""

    path: Path
    set: dict[str, Any] | None
    base: Revision | None = None
    request: RequestId | None = None


class DeskSolo(Message, tag="desk-solo", frozen=True, kw_only=True):
    """Solo `zones/ID` or `boxes/ID`, or end its solo. Nothing keeps it over a restart of a server that is alone."""

    path: Path
    on: bool
    request: RequestId | None = None


class DeskRecall(Message, tag="desk-recall", frozen=True, kw_only=True):
    """Set what a scene names."""

    scene: Path
    request: RequestId | None = None


class DeskUndo(Message, tag="desk-undo", frozen=True, kw_only=True):
    """Take back the last scene that was recalled."""

    request: RequestId | None = None


class DeskIdentify(Message, tag="desk-identify", frozen=True, kw_only=True, omit_defaults=False):
    """A box is to sing its tune, so that people find it; `on` false: it is to stop."""

    id: ClientId
    on: bool = True
    request: RequestId | None = None


class DeskMeters(Message, tag="desk-meters", frozen=True, kw_only=True, omit_defaults=False):
    """A desk wants `desk-levels` from now on; `on` false: it wants them no more."""

    on: bool = True


class DeskChanged(Message, tag="desk-changed", frozen=True, kw_only=True, omit_defaults=False):
    """What `path` names is this now; null: it is gone. To every desk; `by` and `request` say who asked for it."""

    rev: Revision
    path: Path
    set: dict[str, Any] | None
    by: ClientId | UnsetType = UNSET
    request: RequestId | UnsetType = UNSET


class DeskSoloed(Message, tag="desk-soloed", frozen=True, kw_only=True):
    """These paths are soloed now."""

    solo: list[Path]
    by: ClientId | UnsetType = UNSET
    request: RequestId | UnsetType = UNSET


class DeskDone(Message, tag="desk-done", frozen=True, kw_only=True):
    """A request has been carried out; `rev` is the revision since then. Boxes that are there follow within a moment."""

    request: RequestId
    rev: Revision


class DeskBox(Message, tag="desk-box", frozen=True, kw_only=True):
    """How one box is.

    here       whether it is connected
    name       what it calls itself
    steered    whether it reads `settings`; false: an older box, which plays on as it is
    since      when it came or went, ms since 1970
    wanted     the revision of the last `settings` that it was sent
    applied    the revision that it has applied last: it follows once this is not less than `wanted`
    refused    settings that it could not apply, and why
    """

    id: ClientId
    here: bool
    name: str = ""
    steered: bool = True
    since: float | UnsetType = UNSET
    wanted: Revision = 0
    applied: Revision = 0
    refused: Reasons = field(default_factory=dict)


class BoxSettings(Message, tag="settings", frozen=True, kw_only=True):
    """To a box: what it is to do. `preset`, `audio` and `name` "": as it likes. `ramp_ms`: how long its gain moves."""

    epoch: Epoch
    rev: Revision
    gain_db: Annotated[float, Meta(ge=-60.0, le=0.0)] = 0.0
    because: Annotated[list[Annotated[str, Meta(max_length=80)]], Meta(max_length=8)] = field(default_factory=list)
    """Why it is silent; empty: it is not."""
    ramp_ms: Annotated[float, Meta(ge=0.0, le=600_000.0)] = 0.0
    delay_ms: Annotated[float, Meta(ge=0.0, le=2_000.0)] = 0.0
    preset: Annotated[str, Meta(max_length=64)] = ""
    audio: Annotated[str, Meta(max_length=200)] = ""
    name: Annotated[str, Meta(max_length=64)] = ""


class Identify(Message, tag="identify", frozen=True, kw_only=True):
    """To a box: sing your tune and blink for so long, whatever silences you but "all off". 0: stop."""

    seconds: Annotated[float, Meta(ge=0.0, le=60.0)]


class Meter(Message, tag="meter", frozen=True, kw_only=True):
    """To a box: say your `level` every so many seconds, until the connection ends. 0: no more."""

    every_s: Annotated[float, Meta(ge=0.0, le=60.0)]


Decibels = Annotated[float, Meta(ge=QUIET_DB, le=60.0)]
"""Of a full-scale sample."""


class Level(Message, tag="level", frozen=True, kw_only=True):
    """From a box that was asked: the greatest sample that it has put out since the last one, dB of full scale."""

    peak_db: Decibels


class DeskLevels(Message, tag="desk-levels", frozen=True, kw_only=True):
    """To desks that asked: the levels that were heard since the last one, by the id of the box, dB of full scale."""

    peak_db: dict[ClientId, Decibels]


class Kept(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a box has kept of the last settings. Fields as in `settings`; `silent`: for whatever reason."""

    gain_db: Annotated[float, Meta(ge=-60.0, le=0.0)] = 0.0
    silent: bool = False
    delay_ms: Annotated[float, Meta(ge=0.0, le=2_000.0)] = 0.0
    preset: Annotated[str, Meta(max_length=64)] = ""
    audio: Annotated[str, Meta(max_length=200)] = ""
    name: Annotated[str, Meta(max_length=64)] = ""


class SettingsApplied(Message, tag="settings-applied", frozen=True, kw_only=True):
    """From a box: it does what `settings` of this revision said, but for `refused`.

    kept    sent once after `registered`: what the box does meanwhile, by settings that some server sent it before
    """

    epoch: Epoch
    rev: Revision
    refused: Reasons = field(default_factory=dict)
    kept: Kept | UnsetType = UNSET


_Text = Annotated[str, Meta(max_length=200)]
_Word = Annotated[str, Meta(max_length=32)]
_Words = Annotated[list[_Word], Meta(max_length=16)]
_Count = Annotated[int, Meta(ge=0, le=2**53)]
_Seconds = Annotated[float, Meta(ge=0.0, le=1e10)]
_Milliseconds = Annotated[float, Meta(ge=0.0, le=1e7)]


class Health(Message, tag="health", frozen=True, kw_only=True):
    """From a box: how it is. A field that is missing is not known, which does not mean that all is well.

    version            of Formant
    model              of the machine
    device             what it sounds on, in words; `audible`: there is such a device
    sample_rate        Hz
    latency_ms         from the bank to the socket
    uptime_s           since the node was started
    busy               time that 99 of 100 blocks took at most since the last `health`, in parts of a block's period
    render_ms          the longest that a block took, since the start
    blocks, underflows, late, overruns, shed, ring_dropped, late_notes
                       counters since the start of the node: blocks, underflows of the device, late callbacks, blocks
                       that took longer to make than to play, voices ended to save time, events that found no room,
                       notes that came too late for their play-out time
    registrations      how often a server has registered it since its start
    links, voices      controllers with an open link, and voices that sound
    gain               the factor of all that it sings, 0…1
    rtt_ms             round trip to the server
    temperature_c      of the processor
    undervoltage       its power supply is too weak now
    throttled          why its processor is held back now: `voltage`, `frequency`, `thermal`, `soft`
    throttled_before   the same, at any time since the machine was switched on
    wifi_dbm           signal of its Wi-Fi; missing without Wi-Fi. `wifi_power_save`: its radio sleeps
    clock_synchronised its clock is set by the network
    written_bytes      what was written to its SD card since the machine was switched on
    overlay            its root file system is an overlay, which forgets at the next start
    state_writable     what it writes into its state folder is there after a power cut
    memory_bytes       that its process uses
    troubles           what needs attention now, as words of formant_net/health/troubles.py
    """

    version: _Word
    uptime_s: _Seconds
    model: _Text | UnsetType = UNSET
    device: _Text | UnsetType = UNSET
    audible: bool | UnsetType = UNSET
    sample_rate: Annotated[int, Meta(ge=0, le=10_000_000)] | UnsetType = UNSET
    latency_ms: _Milliseconds | UnsetType = UNSET
    busy: Annotated[float, Meta(ge=0.0, le=1000.0)] | UnsetType = UNSET
    render_ms: _Milliseconds | UnsetType = UNSET
    blocks: _Count | UnsetType = UNSET
    underflows: _Count | UnsetType = UNSET
    late: _Count | UnsetType = UNSET
    overruns: _Count | UnsetType = UNSET
    shed: _Count | UnsetType = UNSET
    ring_dropped: _Count | UnsetType = UNSET
    late_notes: _Count | UnsetType = UNSET
    registrations: _Count | UnsetType = UNSET
    links: _Count | UnsetType = UNSET
    voices: _Count | UnsetType = UNSET
    gain: Annotated[float, Meta(ge=0.0, le=1.0)] | UnsetType = UNSET
    rtt_ms: _Milliseconds | UnsetType = UNSET
    temperature_c: Annotated[float, Meta(ge=-273.0, le=1000.0)] | UnsetType = UNSET
    undervoltage: bool | UnsetType = UNSET
    throttled: _Words | UnsetType = UNSET
    throttled_before: _Words | UnsetType = UNSET
    wifi_dbm: Annotated[float, Meta(ge=-256.0, le=100.0)] | UnsetType = UNSET
    wifi_power_save: bool | UnsetType = UNSET
    clock_synchronised: bool | UnsetType = UNSET
    written_bytes: _Count | UnsetType = UNSET
    overlay: bool | UnsetType = UNSET
    state_writable: bool | UnsetType = UNSET
    memory_bytes: _Count | UnsetType = UNSET
    troubles: _Words = field(default_factory=list)


class DeskHealth(Message, tag="desk-health", frozen=True, kw_only=True):
    """To a desk that asked: the newest `health` of a box, and how old it was when this was sent, s."""

    id: ClientId
    age_s: _Seconds
    health: Health


Steering = (
    DeskOpen
    | DeskOpened
    | DeskSet
    | DeskSolo
    | DeskRecall
    | DeskUndo
    | DeskIdentify
    | DeskMeters
    | DeskChanged
    | DeskSoloed
    | DeskDone
    | DeskBox
    | BoxSettings
    | Identify
    | Meter
    | SettingsApplied
    | Health
    | DeskHealth
    | Level
    | DeskLevels
)
