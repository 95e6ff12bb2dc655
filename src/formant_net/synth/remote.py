"""The settings that players change remotely and that every pong reports: volume, power, preset, mono, sound device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from formant_net.client.effects import Notice
from formant_net.protocol.messages import Command, Param

MAX_DEVICE_CHARS = 200


@dataclass(frozen=True, slots=True)
class SetVolume:
    """Master volume, 0…1."""

    value: float


@dataclass(frozen=True, slots=True)
class SetPower:
    """Power on or off. When it is off nothing sounds; notes that sounded end with `NoteOff`."""

    on: bool


@dataclass(frozen=True, slots=True)
class SetPreset:
    """From now on notes are sung by this preset, one of those the synth was made with."""

    name: str


@dataclass(frozen=True, slots=True)
class SetAudio:
    """From now on sound in another device: "auto", "none", a name or an index."""

    device: str


@dataclass(frozen=True, slots=True)
class SetMono:
    """From now on the fingers of each controller share one voice, or do not."""

    on: bool


Setting = SetVolume | SetPower | SetPreset | SetAudio | SetMono


@dataclass(frozen=True, slots=True)
class Kept:
    """The settings that count after a restart."""

    volume: float
    powered_on: bool
    preset: str | None
    mono: bool = False
    legato: bool = True


class Remote:
    """The settings of one synth.

    presets    the presets that may be asked for; `preset` is the first one in use

    `kept` holds the settings for the next start. A setting may apply now without being kept.
    """

    def __init__(self, volume: float, presets: Sequence[str], preset: str | None) -> None:
        self.volume = volume
        self.powered_on = True
        self.preset = preset
        self.presets = tuple(presets)
        self.mono = False
        """The fingers of each controller share one voice: the newest one sings."""
        self.legato = True
        """With `mono`: a new finger joins the note that sounds. False: it strikes it again."""
        self.kept = Kept(volume, powered_on=True, preset=preset)

    def resume(self, kept: Kept) -> None:
        """Apply kept settings. A preset that no longer exists is ignored."""
        self.volume, self.powered_on = kept.volume, kept.powered_on
        self.mono, self.legato = kept.mono, kept.legato
        if kept.preset in self.presets:
            self.preset = kept.preset
        self.kept = Kept(self.volume, self.powered_on, self.preset, self.mono, self.legato)

    def state(self) -> dict[str, Any]:
        """The fields of a pong."""
        state: dict[str, Any] = {"volume": self.volume, "powered_on": self.powered_on}
        state |= {"mono": self.mono, "legato": self.legato}
        return state | ({"preset": self.preset, "presets": self.presets} if self.presets else {})

    def take(self, name: str, message: Param | Command, *, remember: bool) -> list[Setting | Notice] | None:
        """Applies a setting that the player `name` asks for. Returns the changes, or None if it is invalid.

        remember    whether the setting is kept for the next start

        When power, preset or mono change, the caller ends all fingers first: another preset may have other singers.
        """
        changes = self._take(name, message)
        if changes is None or not remember:
            return changes
        if message.name == "volume":
            self.kept = replace(self.kept, volume=self.volume)
        elif message.name == "power":
            self.kept = replace(self.kept, powered_on=self.powered_on)
        elif message.name == "preset":
            self.kept = replace(self.kept, preset=self.preset)
        elif message.name == "mono":
            self.kept = replace(self.kept, mono=self.mono)
        elif message.name == "legato":
            self.kept = replace(self.kept, legato=self.legato)
        return changes

    def adopt(self, preset: str) -> SetPreset:
        """Sing with a preset that the server wants, also after a restart. It is one of `presets`."""
        self.preset = preset
        self.kept = replace(self.kept, preset=preset)
        return SetPreset(preset)

    def _take(self, name: str, message: Param | Command) -> list[Setting | Notice] | None:
        value = message.value
        if message.name == "volume" and isinstance(value, float | int) and not isinstance(value, bool):
            return self._set_volume(value)
        if message.name == "power" and (value is None or isinstance(value, bool)):
            return self._set_power(name, (not self.powered_on) if value is None else value)
        if message.name == "preset" and isinstance(value, str) and value in self.presets:
            return self._set_preset(name, value)
        if message.name == "mono" and (value is None or isinstance(value, bool)):
            return self._set_mono(name, (not self.mono) if value is None else value)
        if message.name == "legato" and (value is None or isinstance(value, bool)):
            self.legato = (not self.legato) if value is None else value
            return []
        if message.name == "audio" and isinstance(value, str) and is_device(value):
            return [SetAudio(value), Notice("sound device", {"wanted": value, "by": name})]
        return None

    def _set_volume(self, value: float) -> list[Setting | Notice] | None:
        if not 0.0 <= value <= 1.0:
            return None
        self.volume = float(value)
        return [SetVolume(self.volume)]

    def _set_power(self, name: str, on: bool) -> list[Setting | Notice]:
        if on == self.powered_on:
            return []
        self.powered_on = on
        return [SetPower(on), Notice("power on" if on else "power off", {"by": name})]

    def _set_mono(self, name: str, on: bool) -> list[Setting | Notice]:
        if on == self.mono:
            return []
        self.mono = on
        return [SetMono(on), Notice("one voice a player" if on else "a voice a finger", {"by": name})]

    def _set_preset(self, name: str, preset: str) -> list[Setting | Notice]:
        if preset == self.preset:
            return []
        self.preset = preset
        return [SetPreset(preset), Notice("preset", {"name": preset, "by": name})]


def is_device(value: str) -> bool:
    """Whether `value` may be asked for remotely: a device, never a file."""
    return 0 < len(value) <= MAX_DEVICE_CHARS and value.isprintable() and not value.lower().startswith("wav:")
