"""A MIDI file played in time on a bridge."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from formant_net.aio.midi.bridge import Bridge
from formant_net.midi.file.playback import Playback
from formant_net.midi.file.song import Song

STEP_S = 0.5
"""Seconds between two steps of the progress, at most."""
SHORTEST_ROUND_S = 0.25
"""Seconds that playing a file takes at least, so that one without length is not repeated as fast as possible."""


class SongPlayer:
    """`await play()` returns at the end of the song. When it is cancelled everything is lifted."""

    def __init__(self, song: Song, bridge: Bridge) -> None:
        self._bridge = bridge
        self._turned = asyncio.Event()
        self._stopped = False
        self.playback = Playback(song, bridge.player)

    async def play(self, begin_s: float = 0.0, advance: Callable[[int], object] = lambda seconds: None) -> None:
        """Play from a place. `advance` is called with whole seconds that have passed."""
        playback, bridge = self.playback, self._bridge
        began = bridge.now
        self._stopped = False
        playback.seek(begin_s, began)
        playback.play(began)
        shown = 0
        try:
            while not self._stopped and (left_s := self._left_s(began)) is not None:
                self._turned.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(max(0.0, left_s), STEP_S)):
                        await self._turned.wait()
                playback.on_deadline(bridge.now)
                bridge.step()
                passed = int(playback.position(bridge.now))
                if passed > shown:
                    advance(passed - shown)
                    shown = passed
        finally:
            playback.stop(bridge.now)
            bridge.step()

    def seek(self, position_s: float) -> None:
        """While it plays, go on at another place. Every finger is lifted at once."""
        self.playback.seek(position_s, self._bridge.now)
        self._bridge.step()
        self._turned.set()

    def stop(self) -> None:
        """While it plays, end it: `play` returns."""
        self._stopped = True
        self._turned.set()

    def _left_s(self, began: float) -> float | None:
        """s until there is something to do; None at the end of the song."""
        now = self._bridge.now
        if (due := self.playback.next_deadline()) is not None:
            return due - now
        rest_s = max(self.playback.song.length_s - self.playback.position(now), began + SHORTEST_ROUND_S - now)
        return rest_s if rest_s > 0.0 else None
