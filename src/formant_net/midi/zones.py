"""Which channels of a port belong together (MPE zones), and how far each one bends."""

from __future__ import annotations

from dataclasses import dataclass

MEMBER_RANGE, MASTER_RANGE, PLAIN_RANGE = 48.0, 2.0, 2.0
"""Semitones that a full bend means until RPN 0 says otherwise."""
WIDEST = 96.0
LOWER_MASTER, UPPER_MASTER = 0, 15


@dataclass(slots=True)
class Zone:
    """A master channel and its members, counted from 0. Ranges are in semitones."""

    master: int
    count: int = 0
    """Members, 0…15. 0: the zone is off."""
    member_range: float = MEMBER_RANGE
    master_range: float = MASTER_RANGE

    def members(self) -> range:
        """The member channels."""
        if self.master == LOWER_MASTER:
            return range(1, 1 + self.count)
        return range(15 - self.count, 15)

    def __contains__(self, channel: int) -> bool:
        return self.count > 0 and (channel == self.master or channel in self.members())


class Zones:
    """The zones of one port. Channels are 0…15.

    bend      semitones of a full bend that RPN 0 cannot change, for members and plain channels; None: as RPN 0 says
    source    MIDI Polyphonic Expression 1.0 (RP-053), sections 2.2 and 2.4
    """

    def __init__(self, bend: float | None = None) -> None:
        self._bend = bend
        self.lower, self.upper = Zone(LOWER_MASTER), Zone(UPPER_MASTER)
        self._plain = [PLAIN_RANGE] * 16

    def configure(self, master: int, count: int) -> list[int]:
        """An MPE configuration message: `count` members belong to this master. Returns the channels that change hands.

        The other zone gives up the channels that both would have. A channel that is no master, or a count above 15,
        changes nothing.
        """
        if master not in (LOWER_MASTER, UPPER_MASTER) or not 0 <= count <= 15:
            return []
        before = [self.zone_of(channel) for channel in range(16)]
        zone, other = (self.lower, self.upper) if master == LOWER_MASTER else (self.upper, self.lower)
        zone.count, zone.member_range, zone.master_range = count, MEMBER_RANGE, MASTER_RANGE
        # 16 channels hold two masters and 14 members; 15 members take the other master as well.
        other.count = min(other.count, max(0, 14 - count)) if count else other.count
        return [channel for channel in range(16) if self.zone_of(channel) is not before[channel]]

    def zone_of(self, channel: int) -> Zone | None:
        """The zone that this channel is the master or a member of; None: a plain channel."""
        return self.lower if channel in self.lower else self.upper if channel in self.upper else None

    def is_member(self, channel: int) -> bool:
        """True for a channel that carries single notes for its master."""
        zone = self.zone_of(channel)
        return zone is not None and channel != zone.master

    def scope(self, channel: int) -> list[int]:
        """The channels that a pedal or a mode message on this channel speaks for. Members have no say."""
        zone = self.zone_of(channel)
        if zone is None:
            return [channel]
        return [zone.master, *zone.members()] if channel == zone.master else []

    def range_of(self, channel: int) -> float:
        """Semitones of a full bend on this channel."""
        zone = self.zone_of(channel)
        if zone is not None and channel == zone.master:
            return zone.master_range
        if self._bend is not None:
            return self._bend
        return self._plain[channel] if zone is None else zone.member_range

    def set_range(self, channel: int, semitones: float) -> None:
        """RPN 0 on this channel. On any member it holds for all of them."""
        zone, semitones = self.zone_of(channel), min(max(semitones, 0.0), WIDEST)
        if zone is None:
            self._plain[channel] = semitones
        elif channel == zone.master:
            zone.master_range = semitones
        else:
            zone.member_range = semitones
