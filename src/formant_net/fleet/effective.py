"""What follows from the fleet document for one box: its gain, whether and why it is silent, its delay."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from formant_net.fleet.document import NEW_BOX_DB, SILENT_DB, Box, Document
from formant_net.protocol.standing import is_phone

ALL_OFF = "all off"
"""The reason for silence of the master."""


@dataclass(frozen=True, slots=True)
class Effective:
    """What one box is to do.

    gain_db    -60 … 0; -60 is silence
    because    what makes it silent, one entry each, in the order of `Document`: "all off", "new", "mute", "zone NAME",
               "solo"; empty when nothing does
    delay_ms   it sounds so much later, >= 0
    preset, audio, name     "": as it likes
    """

    gain_db: float = 0.0
    because: tuple[str, ...] = ()
    delay_ms: float = 0.0
    preset: str = ""
    audio: str = ""
    name: str = ""

    @property
    def silent(self) -> bool:
        """Whether nothing of it may be heard."""
        return bool(self.because)


class House:
    """What follows for every box. What is the same for all of them is found once.

    solo   paths that are soloed, `boxes/ID` or `zones/ID`
    here   ids of the boxes that are there. A solo counts only if it has one of them: a box that is away must not keep
           the house silent
    """

    def __init__(self, document: Document, solo: Collection[str] = (), here: Collection[str] = ()) -> None:
        self._document = document
        self._heard = _soloed(document, solo, here)
        self._delay_ms = _least_delay_ms(document)

    def box(self, id: str) -> Effective:
        """What the box `id` is to do."""
        document = self._document
        box = document.boxes.get(id) or newcomer(document, id)
        zone = document.zones.get(box.zone)
        because = []
        if document.master.off:
            because.append(ALL_OFF)
        if document.master.hold_new and id not in document.boxes and not is_phone(id):
            because.append("new")
        if box.mute:
            because.append("mute")
        if zone is not None and zone.mute:
            because.append(f"zone {zone.name}")
        if self._heard and id not in self._heard:
            because.append("solo")
        return Effective(
            gain_db=max(SILENT_DB, min(0.0, document.master.db + (zone.db if zone else 0.0) + box.db)),
            because=tuple(because),
            delay_ms=round(box.delay_ms - box.output_latency_ms + self._delay_ms, 3),
            preset=box.preset,
            audio=box.audio,
            name=box.name,
        )


def effective(document: Document, id: str, solo: Collection[str] = (), here: Collection[str] = ()) -> Effective:
    """What one box is to do, as `House` says it."""
    return House(document, solo, here).box(id)


def newcomer(document: Document, id: str) -> Box:
    """A box that the document does not know yet. A phone that sings is as loud as its holder likes."""
    return Box(db=NEW_BOX_DB if document.steered and not is_phone(id) else 0.0)


def gain(db: float) -> float:
    """The factor of a level in dB: 0 at the bottom of a fader."""
    return 0.0 if db <= SILENT_DB else float(min(1.0, 10.0 ** (db / 20.0)))


def _soloed(document: Document, solo: Collection[str], here: Collection[str]) -> set[str]:
    """The boxes that are heard because of a solo, among those that are there."""
    zones = {path.removeprefix("zones/") for path in solo if path.startswith("zones/")}
    boxes = {path.removeprefix("boxes/") for path in solo if path.startswith("boxes/")}
    return {id for id in here if id in boxes or ((box := document.boxes.get(id)) is not None and box.zone in zones)}


def _least_delay_ms(document: Document) -> float:
    """What is added to every box so that no sum is below 0: nobody can sound before the touch."""
    return max([0.0, *(box.output_latency_ms - box.delay_ms for box in document.boxes.values())])
