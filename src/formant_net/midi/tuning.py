"""MIDI tuning: SysEx messages that give keys another pitch than equal temperament."""

from __future__ import annotations

from collections.abc import Iterable

from formant_net.tuning.kbm import KEYS, Keys

NON_REAL_TIME, REAL_TIME, MIDI_TUNING = 0x7E, 0x7F, 0x08
_KEEP = b"\x7f\x7f\x7f"
"""A frequency that means "no change"."""


class Tuning:
    """The pitch of each key on each channel of one port.

    keys      pitches that hold until a message changes them; None: equal temperament
    source    MIDI Tuning, MIDI 1.0 Detailed Specification 4.2 with CA-020 and CA-021
    """

    def __init__(self, keys: Keys | None = None) -> None:
        self._keys: list[float | None] = [float(key) for key in range(KEYS)] if keys is None else list(keys)
        self._octaves = [[0.0] * 12 for _ in range(16)]

    def pitch(self, channel: int, key: int) -> float | None:
        """MIDI number (69 = 440 Hz) of a key 0…127; None: the key is silent."""
        pitch = self._keys[key]
        return None if pitch is None else pitch + self._octaves[channel][key % 12]

    def sysex(self, data: bytes) -> bool:
        """Takes a SysEx, without F0 and F7. True when sounding notes have to follow: it changed something in real time.

        A message that is cut or is about something else changes nothing.
        """
        if len(data) < 4 or data[0] not in (NON_REAL_TIME, REAL_TIME) or data[2] != MIDI_TUNING:
            return False
        kind, body = data[3], data[4:]
        if kind in (0x02, 0x07):
            changed = self._single(body[1:] if kind == 0x02 else body[2:])
        elif kind in (0x01, 0x04):
            changed = self._bulk(body[17:] if kind == 0x01 else body[18:])
        elif kind in (0x08, 0x09):
            changed = self._octave(body, 1 if kind == 0x08 else 2)
        else:
            return False
        return changed and data[0] == REAL_TIME

    def _single(self, body: bytes) -> bool:
        count = body[0] if body else 0
        changes = body[1 : 1 + 4 * count]
        if not count or len(changes) != 4 * count:
            return False
        self._set((changes[i], changes[i + 1 : i + 4]) for i in range(0, len(changes), 4))
        return True

    def _bulk(self, body: bytes) -> bool:
        if len(body) < 3 * 128:
            return False
        self._set((key, body[3 * key : 3 * key + 3]) for key in range(128))
        return True

    def _set(self, changes: Iterable[tuple[int, bytes]]) -> None:
        for key, frequency in changes:
            if frequency != _KEEP:
                self._keys[key] = frequency[0] + (frequency[1] << 7 | frequency[2]) / 16384.0

    def _octave(self, body: bytes, size: int) -> bool:
        if len(body) < 3 + 12 * size:
            return False
        steps = body[3 : 3 + 12 * size]
        if size == 1:
            cents = [float(step - 64) for step in steps]
        else:
            cents = [((steps[i] << 7 | steps[i + 1]) - 8192) * 100.0 / 8192.0 for i in range(0, 24, 2)]
        mask = (body[0] & 0x03) << 14 | body[1] << 7 | body[2]
        for channel in range(16):
            if mask >> channel & 1:
                self._octaves[channel] = [each / 100.0 for each in cents]
        return True
