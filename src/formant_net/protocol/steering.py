"""Messages between a desk, the server and the boxes that it steers. What they mean is in formant_net/fleet.

A desk opens the fleet document, changes it and is told of every change. A box is told what follows for it, and says
what it has done.
"""

from __future__ import annotations

from typing import Annotated, Any

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


class DeskOpen(Message, tag="desk-open", frozen=True, kw_only=True):
    """A desk asks for the document. `desk`, then everything that there is as `desk-changed` and `desk-box` follow."""


class DeskOpened(Message, tag="desk", frozen=True, kw_only=True):
    """The document begins. `solo`: the paths that are soloed now."""

    epoch: Epoch
    rev: Revision
    solo: list[Path] = field(default_factory=list)


class DeskSet(Message, tag="desk-set", frozen=True, kw_only=True, omit_defaults=False):
    """Change what `path` names. `set`: values of fields, null deletes it. `base`: the revision that the desk knows."""

    path: Path
    set: dict[str, Any] | None
    base: Revision | None = None
    request: RequestId | None = None


class DeskSolo(Message, tag="desk-solo", frozen=True, kw_only=True):
    """Solo `zones/ID` or `boxes/ID`, or end its solo. A solo is not kept over a restart of the server."""

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


class SettingsApplied(Message, tag="settings-applied", frozen=True, kw_only=True):
    """From a box: it does what `settings` of this revision said, but for `refused`."""

    epoch: Epoch
    rev: Revision
    refused: Reasons = field(default_factory=dict)


Steering = (
    DeskOpen
    | DeskOpened
    | DeskSet
    | DeskSolo
    | DeskRecall
    | DeskUndo
    | DeskChanged
    | DeskSoloed
    | DeskDone
    | DeskBox
    | BoxSettings
    | SettingsApplied
)
