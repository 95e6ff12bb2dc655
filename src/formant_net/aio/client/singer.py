"""The notes of fingers, handed to the bank, with a retry for those that its full ring refused."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol

from formant_dsp import VoiceParams
from formant_dsp.model.presets import Preset
from formant_net.protocol.messages import Point
from formant_net.synth.remote import SetVolume
from formant_net.synth.touches import NoteMove, NoteOff, NoteOn

Sing = Callable[[Point], list[VoiceParams]]
"""From a finger that is down to one entry a singer."""


def voicing(preset: Preset, width: float, lease_s: float) -> Sing:
    """What a finger sings with a preset. A point was checked when it came over the wire; here it is trusted.

    width      how far the surface is spread over the loudspeakers, 0…1; 0 with one channel
    lease_s    as in VoiceParams
    """

    @lru_cache(maxsize=256)  # a resting finger says the same fifty times a second
    def sung(point: Point) -> list[VoiceParams]:
        return preset.trusted_params(
            point.x,
            point.y,
            point.z,
            note=point.note,
            vel=point.vel,
            place=point.place,
            lease_s=lease_s,
            width=width,
        )

    return sung


class BankLike(Protocol):
    """What a singer needs of a bank."""

    def note_on(self, key: int, params: Any, *, frame: int | None = None) -> bool: ...
    def update(self, key: int, params: Any, *, frame: int | None = None) -> bool: ...
    def note_off(self, key: int, *, frame: int | None = None) -> bool: ...
    def set_volume(self, volume: float) -> bool: ...


class Singer:
    """Hands notes to a bank. What its full ring refuses is kept and asked again; ends of notes are never forgotten."""

    def __init__(self, bank: BankLike, params: Callable[[Point], Any]) -> None:
        self._bank = bank
        self.params = params
        """From a finger to the parameters of its note, as the bank takes them."""
        self._ons: dict[int, Any] = {}
        self._offs: dict[int, None] = {}
        self._volume: float | None = None

    @property
    def pending(self) -> bool:
        """True when something waits for room in the ring: call `retry` a moment later."""
        return bool(self._ons or self._offs or self._volume is not None)

    def take(self, effect: object, frame: int | None = None) -> None:
        """One effect of the synth core, to land on a frame of the bank's clock or at once."""
        if isinstance(effect, NoteMove):
            params = self.params(effect.point)
            if effect.key in self._ons:
                self._ons[effect.key] = params
            else:
                self._bank.update(effect.key, params, frame=frame)  # refused: the next touch is 20 ms away and newer
        elif isinstance(effect, NoteOn):
            params = self.params(effect.point)
            if self._offs or not self._bank.note_on(effect.key, params, frame=frame):
                self._ons[effect.key] = params
        elif isinstance(effect, NoteOff):
            if self._ons.pop(effect.key, None) is None and not self._bank.note_off(effect.key, frame=frame):
                self._offs[effect.key] = None
        elif isinstance(effect, SetVolume):
            self._volume = None if self._bank.set_volume(effect.value) else effect.value

    def retry(self) -> None:
        """Ask again for what was refused: ends first, they free voices."""
        for key in list(self._offs):
            if not self._bank.note_off(key):
                return
            del self._offs[key]
        if self._volume is not None and self._bank.set_volume(self._volume):
            self._volume = None
        for key, params in list(self._ons.items()):
            if not self._bank.note_on(key, params):
                return
            del self._ons[key]
