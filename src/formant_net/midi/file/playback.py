"""Plays a song on a MIDI core: start, stop, seek. It has no clock; the moment is an argument."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import replace

from formant_net.hand.gathering import OFFLINE
from formant_net.hand.limits import Limits
from formant_net.hand.outputs import Touches
from formant_net.hand.vowels import y_of
from formant_net.midi.file.lyrics import vowel_of
from formant_net.midi.file.song import Song, SongEvent
from formant_net.midi.mapping import Mapping
from formant_net.midi.parser import CONTROL, NOTE_OFF, NOTE_ON, POLY_PRESSURE
from formant_net.midi.player import MidiPlayer
from formant_net.protocol.gesture import TimedTouch
from formant_net.protocol.messages import MAX_FINGERS

PERCUSSION = 10
"""The channel of drums in General MIDI: its notes are no pitches."""
_SELECT_MPE = bytes((100, 6))


def for_file(song: Song, mapping: Mapping) -> Mapping:
    """The mapping for a song: no guess at MPE, and no percussion unless the song is MPE or the mapping chooses."""
    is_mpe = any(event.message.kind == CONTROL and event.message.data == _SELECT_MPE for event in song.events)
    channels = mapping.channels if is_mpe or len(mapping.channels) < 16 else mapping.channels - {PERCUSSION}
    return replace(mapping, channels=channels, guess=False)


class Playback:
    """Feeds a song into a player at its time."""

    def __init__(self, song: Song, player: MidiPlayer) -> None:
        self.song = song
        self._player = player
        self._times = [event.t for event in song.events]
        self._lyric_times = [syllable.t for syllable in song.syllables]
        self._event = self._syllable = 0
        self._began: float | None = None
        self._at = 0.0

    @property
    def playing(self) -> bool:
        """True while it plays."""
        return self._began is not None

    @property
    def ended(self) -> bool:
        """True when nothing is left to play."""
        return self._event >= len(self._times)

    def position(self, now: float) -> float:
        """s from the start of the song."""
        return self._at if self._began is None else min(now - self._began, self.song.length_s)

    def play(self, now: float) -> None:
        """Go on from where it is."""
        if self._began is None:
            self._began = now - self._at

    def stop(self, now: float) -> None:
        """Stop and lift everything."""
        self._at = self.position(now)
        self._began = None
        self._player.panic(now)

    def seek(self, position_s: float, now: float) -> None:
        """Go to a place: everything is lifted, and controllers are as if it had been played up to there."""
        self._player.panic(now)
        self._at = min(max(position_s, 0.0), self.song.length_s)
        self._event = bisect_left(self._times, self._at)
        self._syllable = bisect_left(self._lyric_times, self._at)
        for event in self.song.events[: self._event]:
            if event.message.kind not in (NOTE_ON, NOTE_OFF, POLY_PRESSURE):
                self._feed(event, now)
        if self._began is not None:
            self._began = now - self._at

    def next_deadline(self) -> float | None:
        """When the next event or syllable is due, s of the caller's clock; None: it is stopped or ended."""
        at = self._next_s()
        return None if self._began is None or at is None else self._began + at

    def on_deadline(self, now: float) -> None:
        """Feed what is due. A late call does not shift what comes after it."""
        if self._began is None:
            return
        until = now - self._began + 1e-9
        while (at := self._next_s()) is not None and at <= until:
            if not self.ended and self._times[self._event] == at:  # a wheel set at the same moment does not override
                self._feed(self.song.events[self._event], now)
                self._event += 1
            else:
                self._sing(self.song.syllables[self._syllable].text)
                self._syllable += 1

    def _next_s(self) -> float | None:
        """When the next event or syllable is, s from the start of the song."""
        moments = [] if self.ended else [self._times[self._event]]
        if self._syllable < len(self._lyric_times):
            moments.append(self._lyric_times[self._syllable])
        return min(moments, default=None)

    def _feed(self, event: SongEvent, now: float) -> None:
        self._player.take("file" if event.port == 0 else f"file, port {event.port + 1}", event.message, now)

    def _sing(self, text: str) -> None:
        if (vowel := vowel_of(text)) is not None:
            self._player.vowel(vowel)


def touches_of(
    song: Song, mapping: Mapping, vowels: Sequence[str] | None, advance: Callable[[int], object] | None = None
) -> tuple[list[TimedTouch], dict[str, int]]:
    """A song as a gesture, and how many notes were left out because more than 32 would sound at once.

    vowels     of the surface that sings it: the vowels of lyrics become its `y`. None: touches keep their names
    advance    called with numbers of events that are done
    """
    player = MidiPlayer(for_file(song, mapping), limits=Limits(MAX_FINGERS, 1e9, 1 << 30), pace=OFFLINE)
    for port in sorted({event.port for event in song.events}):
        player.plug("file" if port == 0 else f"file, port {port + 1}", 0.0)
    playback = Playback(song, player)
    playback.play(0.0)
    touches: list[TimedTouch] = []
    now = 0.0

    def step(until: float) -> None:
        nonlocal now
        while (due := player.next_deadline()) is not None and due <= until:
            now = max(now, due)
            player.on_deadline(now)
            for output in player.drain():
                if isinstance(output, Touches):
                    touches.extend(output.touches)
        now = max(now, until)

    while (due := playback.next_deadline()) is not None:
        step(due - 1e-9)
        now = max(now, due)
        playback.on_deadline(now)
        step(now)
        if advance is not None:
            advance(1)
    player.panic(now)
    step(now)
    return touches if vowels is None else [_placed(each, vowels) for each in touches], player.counters


def _placed(touch: TimedTouch, vowels: Sequence[str]) -> TimedTouch:
    """The touch with the place of its vowel on this surface; with its own `y` if the surface has none like it."""
    y = None if touch.vowel is None else y_of(touch.vowel, vowels)
    return replace(touch, y=touch.y if y is None else round(y, 4), vowel=None)
