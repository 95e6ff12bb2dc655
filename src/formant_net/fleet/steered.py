"""What the server wants of this box: a gain that moves in dB, a delay, a name; and why the box is silent.

It multiplies what players set: a player's volume stays as it is, and a desk's fader as well.
"""

from __future__ import annotations

from formant_net.fleet.document import SILENT_DB
from formant_net.fleet.effective import ALL_OFF, gain
from formant_net.protocol.steering import BoxSettings, Kept

STEP_S = 0.02
"""Seconds between two steps of a ramp. The bank smooths each of them over about 50 ms."""
BANK_RAMP_S = 0.06
"""A ramp that is not longer needs no steps, because the bank makes it."""


class Steered:
    """The newest settings of this box, and its gain on the way to them."""

    def __init__(self) -> None:
        self.settings: BoxSettings | None = None
        """None: no server has ever steered it."""
        self._from_db = 0.0
        self._to_db = 0.0
        self._began = 0.0
        self._ramp_s = 0.0
        self._step: float | None = None

    def resume(self, settings: BoxSettings) -> None:
        """Begin where the box was before its restart."""
        self.settings = settings
        self._from_db = self._to_db = _level(settings)

    def take(self, settings: BoxSettings, now: float) -> None:
        """Go to these settings from now on."""
        self._from_db, self._to_db = self.level_db(now), _level(settings)
        self._began, self._ramp_s = now, settings.ramp_ms / 1000.0
        self.settings = settings
        ramps = self._ramp_s > BANK_RAMP_S and self._from_db != self._to_db
        self._step = now + STEP_S if ramps else None
        if not ramps:
            self._from_db = self._to_db

    def level_db(self, now: float) -> float:
        """The level at `now`, dB; -60 is silence."""
        passed = now - self._began
        if self._from_db == self._to_db or passed >= self._ramp_s:
            return self._to_db
        return self._from_db + (self._to_db - self._from_db) * max(0.0, passed) / self._ramp_s

    def gain(self, now: float) -> float:
        """The factor of the volume at `now`, 0…1."""
        return gain(self.level_db(now))

    def next_deadline(self) -> float | None:
        """When the gain moves on, s, or None."""
        return self._step

    def on_deadline(self, now: float) -> bool:
        """Whether the gain has moved."""
        if self._step is None or now < self._step:
            return False
        self._step = now + STEP_S if now < self._began + self._ramp_s else None
        return True

    @property
    def all_off(self) -> bool:
        """Whether the whole ensemble is silenced, not only this box."""
        return self.settings is not None and ALL_OFF in self.settings.because

    @property
    def delay_s(self) -> float:
        """How much later than a box without delay it sounds, s."""
        return 0.0 if self.settings is None else self.settings.delay_ms / 1000.0

    @property
    def name(self) -> str:
        """What the desk calls it; "": what it was started with."""
        return "" if self.settings is None else self.settings.name

    def kept(self) -> Kept:
        """What a server that has lost its settings is told of those that this box goes on with."""
        settings = self.settings
        if settings is None:
            return Kept()
        return Kept(
            gain_db=settings.gain_db,
            silent=bool(settings.because),
            delay_ms=settings.delay_ms,
            preset=settings.preset,
            audio=settings.audio,
            name=settings.name,
        )

    def state(self) -> dict[str, object]:
        """The fields of a pong; none as long as nobody steers."""
        if self.settings is None:
            return {}
        return {"gain_db": self.settings.gain_db, "silent": self.settings.because}


def _level(settings: BoxSettings) -> float:
    return SILENT_DB if settings.because else settings.gain_db
