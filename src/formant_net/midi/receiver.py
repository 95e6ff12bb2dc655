"""One MIDI port: its messages become changes of channels, zones and notes."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from formant_net.midi import parser, registered
from formant_net.midi.channel import PEDAL_DOWN, ChannelState
from formant_net.midi.devices import Device, Slide
from formant_net.midi.expression import FADE_S, effort, vowel
from formant_net.midi.mapping import Mapping, Use
from formant_net.midi.notes import Finger, Notes, Own
from formant_net.midi.parser import Message, Parser
from formant_net.midi.tuning import Tuning
from formant_net.midi.zones import LOWER_MASTER, MEMBER_RANGE, UPPER_MASTER, Zones
from formant_net.tuning.kbm import Keys

SENSING_S = 0.33
"""Seconds without a byte after which a port that sent active sensing counts as cut off (MIDI 1.0, appendix A-2)."""
Say = Callable[[str], None]


class Receiver:
    """The state of one port.

    port      its name
    moved     called with each finger whose pitch, vowel or effort changed
    volume    called with a master volume 0…1
    program   called with a program number 0…127
    say       called with what was decided, in words
    keys      pitches of the keys; None: equal temperament
    """

    def __init__(
        self,
        port: str,
        device: Device,
        mapping: Mapping,
        notes: Notes,
        *,
        moved: Callable[[Finger], None],
        volume: Callable[[float], None],
        program: Callable[[int], None],
        say: Say,
        keys: Keys | None = None,
    ) -> None:
        self.port = port
        self.parser = Parser()
        self.zones = Zones(mapping.bend)
        self.channels = [ChannelState() for _ in range(16)]
        self.sensing_until: float | None = None
        """When the port counts as cut off, s; None: it sends no active sensing."""
        self.fading_until = 0.0
        """Until when some note goes over from velocity to pressure, s."""
        self._device, self._mapping, self._notes = device, mapping, notes
        self._tuning = Tuning(keys)
        self._moved, self._volume, self._program, self._say = moved, volume, program, say
        self._decided = mapping.mpe != "auto" or not mapping.guess
        self._slide = mapping.slide or device.slide
        self._asked = ""
        """What the last configuration message asked for, in words."""
        if mapping.mpe in ("lower", "upper"):
            self.zones.configure(LOWER_MASTER if mapping.mpe == "lower" else UPPER_MASTER, 15)
            self._say(f"{port}: MPE, {mapping.mpe} zone, as --mpe says")
        elif mapping.mpe == "auto" and device.members:
            self.zones.configure(LOWER_MASTER, device.members)
            self._say(f"{port}: {device.name}, MPE, lower zone (--mpe off overrides)")

    # --- what a finger sings -------------------------------------------------------------------------------------

    def sung(self, finger: Finger, now: float) -> tuple[float, float, float]:
        """note, y and z of a finger."""
        own, chief = self.channels[finger.channel], self._chief(finger.channel)
        in_zone = self.zones.zone_of(finger.channel) is not None
        is_member = chief is not own
        bend, slide, pressure = self._own(finger)
        pitch = finger.pitch + bend + own.tuning
        if is_member:
            pitch += chief.bend + chief.tuning
            pressure += chief.pressure
        base = chief.vowel
        if base is None:
            base = self._mapping.vowel
        if base is None:
            base = 0.5 if self._slide is Slide.RELATIVE and in_zone else 0.0
        y = vowel(base, slide, chief.slide if is_member else None, self._slide)
        pressed_s = None if finger.pressed_at is None else now - finger.pressed_at
        return pitch, y, effort(finger.struck, pressure, pressed_s, chief.effort)

    def named(self, finger: Finger) -> str | None:
        """The name of the vowel that a finger sings; None: `y` says it, as it does where CC 74 moves the vowel."""
        chief = self._chief(finger.channel)
        moved = self._own(finger)[1] is not None or chief.slide is not None
        return None if moved else chief.named

    def _own(self, finger: Finger) -> Own:
        """Bend, slide and pressure of the finger itself, without those of its master."""
        state = self.channels[finger.channel]
        return finger.frozen or (state.bend, state.slide, max(state.pressure, finger.pressure))

    # --- messages ------------------------------------------------------------------------------------------------

    def feed(self, data: bytes, now: float) -> None:
        """Takes bytes of the port."""
        if self.sensing_until is not None and data:
            self.sensing_until = now + SENSING_S
        for message in self.parser.feed(data):
            self.take(message, now)

    def take(self, message: Message, now: float) -> None:
        """Takes one message."""
        kind, channel, data = message.kind, message.channel, message.data
        if kind == parser.SENSING:
            self.sensing_until = now + SENSING_S
        elif kind == parser.RESET:
            self.lift_all()
            self.rest()
        elif kind == parser.SYSEX:
            if self._tuning.sysex(data):
                self._retune()
        elif channel + 1 not in self._mapping.channels:
            return
        elif kind == parser.NOTE_ON and data[1]:
            self._on(channel, data[0], data[1] / 127.0, now)
        elif kind in (parser.NOTE_ON, parser.NOTE_OFF):
            self._off(channel, data[0], now)
        elif kind == parser.BEND:
            self._bend(channel, (data[1] << 7 | data[0]) - 8192)
        elif kind == parser.PRESSURE:
            self.channels[channel].pressure = data[0] / 127.0
            self._pressed(self._heard_by(channel), data[0], now)
        elif kind == parser.POLY_PRESSURE and not self.zones.is_member(channel):
            self._poly(channel, data[0], data[1], now)
        elif kind == parser.CONTROL:
            self._control(channel, data[0], data[1], now)
        elif kind == parser.PROGRAM and not self.zones.is_member(channel):
            self._program(data[0])

    def cut_off(self, now: float) -> bool:
        """True when active sensing stopped. All keys and pedals are lifted then, as if the port were gone."""
        if self.sensing_until is None or now < self.sensing_until:
            return False
        self.sensing_until = None
        self.lift_all()
        self.rest()
        return True

    def lift_all(self) -> None:
        """Every finger of the port up, at once."""
        for finger in self._notes.of(self.port):
            self._notes.end_now(finger)
        for state in self.channels:
            state.stack.clear()

    def rest(self) -> None:
        """Bends, pressures, controllers and pedals to rest; zones and ranges stay."""
        for state in self.channels:
            state.rest()

    # --- notes ---------------------------------------------------------------------------------------------------

    def _on(self, channel: int, key: int, struck: float, now: float) -> None:
        state, pitch = self.channels[channel], self._tuning.pitch(channel, key)
        if pitch is None:  # a silent key
            return
        if state.mono:
            state.stack.append((key, struck))
            if sounding := self._notes.held(self.port, channel):
                self._legato(sounding[0], key)
                return
        finger = self._notes.strike(self.port, channel, key, pitch, struck, now)
        if finger is not None and self.zones.is_member(channel) and state.pressure > 0.0:
            self._press(finger, now)  # it was prepared for this note
        self._look_for_mpe()

    def _off(self, channel: int, key: int, now: float) -> None:
        state = self.channels[channel]
        if state.mono and state.stack:
            state.stack = [each for each in state.stack if each[0] != key]
            if state.stack:
                for finger in self._notes.held(self.port, channel, key):
                    self._legato(finger, state.stack[-1][0])
                return
        if held := self._notes.held(self.port, channel, key):
            self._key_up(held[0], now)

    def _key_up(self, finger: Finger, now: float) -> None:
        channel = finger.channel
        is_member = self.zones.is_member(channel)
        if is_member:  # what comes now on this channel prepares its next note
            finger.frozen = self._own(finger)
        self._notes.release(finger, self._chief(channel).sustain)
        if is_member and not self._notes.held(self.port, channel):
            self.channels[channel].forget_note()

    def _legato(self, finger: Finger, key: int) -> None:
        finger.key = key
        self._tune(finger)

    def _retune(self) -> None:
        for finger in self._notes.of(self.port):
            self._tune(finger)

    def _tune(self, finger: Finger) -> None:
        """The finger gets the pitch of its key; it keeps its own if the key has none."""
        pitch = self._tuning.pitch(finger.channel, finger.key)
        finger.pitch = finger.pitch if pitch is None else pitch
        self._moved(finger)

    # --- expression ----------------------------------------------------------------------------------------------

    def _bend(self, channel: int, value: int) -> None:
        state = self.channels[channel]
        state.bend = self.zones.range_of(channel) * value / 8192.0
        state.bent = True
        self._changed(channel)
        self._look_for_mpe()

    def _poly(self, channel: int, key: int, value: int, now: float) -> None:
        fingers = self._notes.held(self.port, channel, key)
        for finger in fingers:
            finger.pressure = value / 127.0
        self._pressed(fingers, value, now)

    def _pressed(self, fingers: Iterable[Finger], value: int, now: float) -> None:
        for finger in fingers:
            if value and finger.pressed_at is None:
                self._press(finger, now)
            self._moved(finger)

    def _press(self, finger: Finger, now: float) -> None:
        finger.pressed_at = now
        self.fading_until = max(self.fading_until, now + FADE_S)

    def _chief(self, channel: int) -> ChannelState:
        """The channel whose pedals and factors count here."""
        zone = self.zones.zone_of(channel)
        return self.channels[channel if zone is None else zone.master]

    def _heard_by(self, channel: int) -> list[Finger]:
        """The fingers that a bend, a pressure or a controller of this channel moves."""
        zone = self.zones.zone_of(channel)
        if zone is None or channel != zone.master:
            return [each for each in self._notes.of(self.port, (channel,)) if each.frozen is None]
        return self._notes.of(self.port, (zone.master, *zone.members()))

    def _changed(self, channel: int) -> None:
        for finger in self._heard_by(channel):
            self._moved(finger)

    # --- controllers ---------------------------------------------------------------------------------------------

    def _control(self, channel: int, number: int, value: int, now: float) -> None:
        if number >= 120:
            self._mode(channel, number, now)
            return
        state = self.channels[channel]
        entry = state.registered.control(number, value)
        if entry is not None:
            self._entered(channel, entry)
            return
        number, share = state.value(number, value, self._mapping.controllers)
        use = self._mapping.controllers.get(number, Use.NOTHING)
        if share is None or use is Use.NOTHING or (use is not Use.SLIDE and self.zones.is_member(channel)):
            return
        if use is Use.VOLUME:
            self._volume(share)
        elif use in (Use.SUSTAIN, Use.SOSTENUTO):
            self._pedal(channel, use, share >= PEDAL_DOWN)
        else:
            state.take(use, number, share)
            self._changed(channel)
            self._look_for_mpe()

    def _pedal(self, channel: int, use: Use, down: bool) -> None:
        state, fingers = self.channels[channel], self._notes.of(self.port, self.zones.scope(channel))
        if use is Use.SUSTAIN:
            state.sustain = down
            if not down:
                self._notes.sustain_up(fingers)
        elif down != state.sostenuto:
            state.sostenuto = down
            self._notes.sostenuto(fingers, down)

    def _mode(self, channel: int, number: int, now: float) -> None:
        scope = self.zones.scope(channel)
        fingers = self._notes.of(self.port, scope)
        if number == 121:
            for pedal in (Use.SUSTAIN, Use.SOSTENUTO) if scope else ():
                self._pedal(channel, pedal, False)
            for each in scope:
                self.channels[each].rest()
            for finger in fingers:
                self._moved(finger)
        elif number == 120 or number >= 123:
            for each in scope:
                self.channels[each].stack.clear()
            for finger in fingers:
                if number == 120:
                    self._notes.end_now(finger)
                elif finger.is_down:
                    self._key_up(finger, now)
            if number >= 126 and self.zones.zone_of(channel) is None:
                self.channels[channel].mono = number == 126

    def _entered(self, channel: int, entry: registered.Entry) -> None:
        state = self.channels[channel]
        if entry.number == registered.BEND_RANGE:
            self.zones.set_range(channel, entry.msb + entry.lsb / 100.0)
        elif entry.number == registered.MPE_ZONE:
            self._configured(channel, entry.msb)
        elif entry.number in (registered.FINE_TUNING, registered.COARSE_TUNING):
            if entry.number == registered.FINE_TUNING:
                state.fine = ((entry.msb << 7 | entry.lsb) - 8192) / 8192.0
            else:
                state.coarse = float(entry.msb - 64)
            state.tuning = state.fine + state.coarse
            self._changed(channel)

    # --- zones ---------------------------------------------------------------------------------------------------

    def _configured(self, master: int, count: int) -> None:
        if self._mapping.mpe == "off" or master not in (LOWER_MASTER, UPPER_MASTER):
            return
        self._decided = True
        self._end(self.zones.configure(master, count))
        zone = self.zones.lower if master == LOWER_MASTER else self.zones.upper
        which = "lower" if master == LOWER_MASTER else "upper"
        words = f"{which} zone, {zone.count} members" if zone.count else f"{which} zone off"
        if words != self._asked:  # some controllers ask again and again
            self._say(f"{self.port}: MPE, {words}, as it asked")
        self._asked = words

    def _end(self, channels: list[int]) -> None:
        """These channels changed hands: their notes end, and what they prepared is void."""
        for finger in self._notes.of(self.port, channels):
            self._notes.end(finger)
        for channel in channels:
            self.channels[channel].rest()
            self.channels[channel].mono = False
            self.channels[channel].stack.clear()

    def _look_for_mpe(self) -> None:
        """Whether this port speaks MPE without saying so: two notes on two channels that bend on their own."""
        if self._decided or self.zones.lower.count or self.zones.upper.count:
            return
        own = {
            finger.channel: (self.channels[finger.channel].bend, self.channels[finger.channel].slide)
            for finger in self._notes.of(self.port, range(1, 16))
            if finger.is_down and self.channels[finger.channel].bent
        }
        if len(set(own.values())) < 2:
            return
        self._decided = True
        self.zones.configure(LOWER_MASTER, 15)  # notes go on: their next bends are read right
        reach = MEMBER_RANGE if self._mapping.bend is None else self._mapping.bend
        self._say(f"{self.port}: treated as MPE, lower zone, ±{reach:g} semitones: --mpe off or --bend N overrides")
