"""What players set from afar and every pong tells: volume, power, preset, sound device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from formant_net.effects import Told
from formant_net.messages import Command, Param

MAX_DEVICE_CHARS = 200


@dataclass(frozen=True, slots=True)
class SetVolume:
    """Master volume, 0…1."""

    value: float


@dataclass(frozen=True, slots=True)
class SetPower:
    """Off: nothing sounds. The notes' ends come as `NoteOff`."""

    on: bool


@dataclass(frozen=True, slots=True)
class SetPreset:
    """From now on notes are sung by this preset, one of those the synth was made with."""

    name: str


@dataclass(frozen=True, slots=True)
class SetAudio:
    """From now on sound in another device: "auto", "none", a name or an index."""

    device: str


Setting = SetVolume | SetPower | SetPreset | SetAudio


class Remote:
    """The settings of one synth.

    presets    those that may be asked for; `preset` is the one it begins with
    """

    def __init__(self, volume: float, presets: Sequence[str], preset: str | None) -> None:
        self.volume = volume
        self.powered_on = True
        self.preset = preset
        self.presets = tuple(presets)

    def state(self) -> dict[str, Any]:
        """The fields of a pong."""
        state: dict[str, Any] = {"volume": self.volume, "powered_on": self.powered_on}
        return state | ({"preset": self.preset, "presets": self.presets} if self.presets else {})

    def take(self, name: str, message: Param | Command) -> list[Setting | Told] | None:
        """What the player `name` asks for, done: what changes, or nothing. None, and no change, if it makes no sense.

        Where power or preset change, all fingers end first: another preset may have other singers.
        """
        value = message.value
        if message.name == "volume" and isinstance(value, float | int) and not isinstance(value, bool):
            return self._set_volume(value)
        if message.name == "power" and (value is None or isinstance(value, bool)):
            return self._set_power(name, (not self.powered_on) if value is None else value)
        if message.name == "preset" and isinstance(value, str) and value in self.presets:
            return self._set_preset(name, value)
        if message.name == "audio" and isinstance(value, str) and _is_device(value):
            return [SetAudio(value), Told("sound device", {"wanted": value, "by": name})]
        return None

    def _set_volume(self, value: float) -> list[Setting | Told] | None:
        if not 0.0 <= value <= 1.0:
            return None
        self.volume = float(value)
        return [SetVolume(self.volume)]

    def _set_power(self, name: str, on: bool) -> list[Setting | Told]:
        if on == self.powered_on:
            return []
        self.powered_on = on
        return [SetPower(on), Told("power on" if on else "power off", {"by": name})]

    def _set_preset(self, name: str, preset: str) -> list[Setting | Told]:
        if preset == self.preset:
            return []
        self.preset = preset
        return [SetPreset(preset), Told("preset", {"name": preset, "by": name})]


def _is_device(value: str) -> bool:
    """What may be asked for from afar: a device, never a file."""
    return 0 < len(value) <= MAX_DEVICE_CHARS and value.isprintable() and not value.lower().startswith("wav:")
