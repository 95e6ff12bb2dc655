"""Any number of MIDI ports played as one hand: bytes and the time go in, touches of at most 16 fingers come out."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace

from formant_net.hand.gathering import Batch, Gathering, Pace
from formant_net.hand.limits import Limits
from formant_net.hand.outputs import Said, Touches
from formant_net.midi.devices import device_of
from formant_net.midi.mapping import Mapping
from formant_net.midi.notes import Finger, Notes
from formant_net.midi.parser import NOTE_ON, Message, Parser
from formant_net.midi.receiver import Receiver
from formant_net.protocol.gesture import TimedTouch
from formant_net.tuning.kbm import Keys
from formant_net.tuning.snap import TICK_S, Snap

SETTING_S = 0.1
"""Seconds between two volumes, and between two presets, that are sent."""
MOST_GONE = 32
"""Ports that are gone and keep their zones and ranges. Some systems give a port another name each time."""
TWICE_S = 0.002
"""Seconds within which the same note from two ports counts as one controller heard twice."""
TWICE = 3
"""Notes that come twice before a warning; one may be chance."""
NOTE_LOW, NOTE_HIGH = 0.0, 135.0


@dataclass(frozen=True, slots=True)
class Volume:
    """Master volume of every synth, 0…1."""

    value: float


@dataclass(frozen=True, slots=True)
class Preset:
    """The preset of every synth."""

    name: str


Output = Touches | Volume | Preset | Said


class MidiPlayer:
    """The core. `now` is s of one monotonic clock; it never decreases.

    mapping   what controllers mean
    limits    fingers and new notes a second that come out at most
    pace      messages a second that come out at most
    keys      pitches of the keys of every port; None: equal temperament
    snap      how fingers are put on the steps of a scale; None: they stay where they are
    """

    def __init__(
        self,
        mapping: Mapping | None = None,
        *,
        limits: Limits | None = None,
        pace: Pace | None = None,
        keys: Keys | None = None,
        snap: Snap | None = None,
        now: float = 0.0,
    ) -> None:
        self._mapping = mapping or Mapping()
        self._pace = pace or Pace()
        self._keys, self._snap = keys, snap
        self._snap_at: float | None = None
        self._gathering = Gathering(self._pace)
        self._notes = Notes(self._gathering, limits or Limits(), now)
        self._receivers: dict[str, Receiver] = {}
        self._out: list[Output] = []
        self._sent: dict[int, TimedTouch] = {}
        self._volume: Volume | None = None
        self._preset: Preset | None = None
        self._volume_at = self._preset_at = -math.inf
        self._gone: dict[str, None] = {}
        self._struck: deque[tuple[float, str, bytes]] = deque(maxlen=8)
        self._twice: dict[tuple[str, str], int] = {}

    @property
    def counters(self) -> dict[str, int]:
        """Notes left out or ended early since the start: `stolen`, `too_many`, `too_fast`."""
        return {name: self._notes.counters[name] for name in ("stolen", "too_many", "too_fast")}

    @property
    def fingers(self) -> int:
        """Fingers that are down, for the synths."""
        return len(self._gathering)

    @property
    def ports(self) -> list[str]:
        """The ports that are known, also those that are gone."""
        return list(self._receivers)

    # --- in ------------------------------------------------------------------------------------------------------

    def plug(self, port: str, now: float) -> None:
        """A port is there. One that was there before keeps its zones and ranges."""
        self._gone.pop(port, None)
        if port not in self._receivers:
            self._receivers[port] = Receiver(
                port, device_of(port), self._mapping, self._notes,
                moved=self._moved, volume=self._set_volume, program=self._chosen, say=self._say,
                keys=self._keys,
            )  # fmt: skip

    def unplug(self, port: str, now: float) -> None:
        """A port is gone: its fingers are lifted, its pedals are up."""
        if (receiver := self._receivers.get(port)) is not None:
            receiver.lift_all()
            receiver.rest()
            receiver.parser = Parser()
            receiver.sensing_until = None
            self._gone[port] = None
            if len(self._gone) > MOST_GONE:
                oldest = next(iter(self._gone))
                del self._gone[oldest], self._receivers[oldest]

    def feed(self, port: str, data: bytes, now: float) -> None:
        """Bytes of a port, in pieces of any size. A port that is not known is plugged in."""
        self.plug(port, now)
        receiver = self._receivers[port]
        if len(self._receivers) > 1 and data and data[0] & 0xF0 == NOTE_ON:
            self._look_for_twice(port, data, now)
        receiver.feed(data, now)

    def take(self, port: str, message: Message, now: float) -> None:
        """One message that is parsed already, as from a file."""
        self.plug(port, now)
        self._receivers[port].take(message, now)

    def panic(self, now: float) -> None:
        """Every finger up, every pedal up, at once."""
        for receiver in self._receivers.values():
            receiver.lift_all()
            receiver.rest()

    def vowel(self, name: str) -> None:
        """The vowel of everything, by its name, until CC 1 or CC 74 moves it."""
        for receiver in self._receivers.values():
            for state in receiver.channels:
                state.named = name
        for finger in self._notes:
            self._moved(finger)

    # --- out -----------------------------------------------------------------------------------------------------

    def next_deadline(self) -> float | None:
        """When `on_deadline` has something to do, s; in the past: at once. None: nothing is waiting."""
        moments = [receiver.sensing_until for receiver in self._receivers.values()]
        moments.append(self._gathering.due_at())
        moments.append(self._snap_at)
        if self._volume is not None:
            moments.append(self._volume_at + SETTING_S)
        if self._preset is not None:
            moments.append(self._preset_at + SETTING_S)
        return min((each for each in moments if each is not None), default=None)

    def on_deadline(self, now: float) -> None:
        """Time passes: ports that fell silent are lifted, and what is due goes out."""
        for port, receiver in self._receivers.items():
            if receiver.cut_off(now):
                self._say(f"{port}: active sensing stopped, its keys are lifted", warning=True)
        if self._volume is not None and now >= self._volume_at + SETTING_S:
            self._set(self._volume, now)
            self._volume, self._volume_at = None, now
        if self._preset is not None and now >= self._preset_at + SETTING_S:
            self._set(self._preset, now)
            self._preset, self._preset_at = None, now
        if self._snap_at is not None and now >= self._snap_at:
            self._snap_at = None
            for finger in self._snapping():
                self._gathering.move(finger)
        batch = self._gathering.take(now)
        if batch is not None:
            self._send(batch, now)
        if self._snap_at is None and self._snapping():
            self._snap_at = now + TICK_S

    def drain(self) -> list[Output]:
        """What came out since the last call."""
        out, self._out = self._out, []
        return out

    # --- inside --------------------------------------------------------------------------------------------------

    def _snapping(self) -> list[int]:
        """Fingers whose correction goes on although they rest."""
        return [] if self._snap is None else [each for each in self._snap.unsettled() if isinstance(each, int)]

    def _send(self, batch: Batch, now: float) -> None:
        touches = [self._lifted(finger, now) for finger in batch.up if finger in self._sent]
        for number in batch.down:
            finger = self._notes.get(number)
            if finger is None:
                continue
            touch = self._touch(finger, now)
            if (before := self._sent.get(number)) is None or replace(before, t=now) != touch:
                touches.append(touch)
            self._sent[number] = touch
            if finger.pressed_at is not None and now < self._receivers[finger.port].fading_until:
                self._gathering.move(number)  # its effort is on its way to the pressure
        self._notes.sent(batch.up)
        if touches:
            self._out.append(Touches(touches))

    def _moved(self, finger: Finger) -> None:
        self._gathering.move(finger.id)

    def _say(self, text: str, *, warning: bool = False) -> None:
        self._out.append(Said(text, warning))

    def _set_volume(self, value: float) -> None:
        self._volume = Volume(value)

    def _chosen(self, program: int) -> None:
        if (name := self._mapping.programs.get(program)) is not None:
            self._preset = Preset(name)

    def _set(self, setting: Volume | Preset, now: float) -> None:
        """It is a message like the others, and counts as one."""
        self._gathering.spend(now)
        self._out.append(setting)

    def _touch(self, finger: Finger, now: float) -> TimedTouch:
        receiver = self._receivers[finger.port]
        note, y, z = receiver.sung(finger, now)
        if self._snap is not None:
            note = self._snap.sung(finger.id, note, now)
        return TimedTouch(
            now, finger.id, None, round(y, 4), round(z, 4),
            note=round(min(max(note, NOTE_LOW), NOTE_HIGH), 4), vel=round(finger.struck, 4),
            vowel=receiver.named(finger),
        )  # fmt: skip

    def _lifted(self, finger: int, now: float) -> TimedTouch:
        last = self._sent.pop(finger)
        if self._snap is not None:
            self._snap.lift(finger)
        return TimedTouch(
            now, finger, None, last.y, last.z, active=False, note=last.note, vel=last.vel, vowel=last.vowel
        )

    def _look_for_twice(self, port: str, data: bytes, now: float) -> None:
        for at, other, before in self._struck:
            if other != port and before == data and now - at <= TWICE_S:
                pair = (min(port, other), max(port, other))
                self._twice[pair] = self._twice.get(pair, 0) + 1
                if self._twice[pair] == TWICE:
                    self._say(
                        f"{pair[0]} and {pair[1]} send the same notes: choose one of them with --port", warning=True
                    )
        self._struck.append((now, port, data))
