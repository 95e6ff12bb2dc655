"""A MIDI file that an ensemble plays."""

from __future__ import annotations

from pathlib import Path

from formant_files import read_bytes
from formant_net.aio.ensemble.stage import Stage
from formant_net.aio.midi.bridge import Bridge
from formant_net.aio.midi.song import SongPlayer
from formant_net.midi.file.chunks import MOST_BYTES, MidiFileError
from formant_net.midi.file.playback import for_file
from formant_net.midi.file.song import read_song
from formant_net.midi.mapping import Mapping
from formant_net.midi.player import MidiPlayer
from formant_net.ops.log import get_logger


class AsyncSong:
    """Plays a MIDI file on all synths; at most 16 notes at once, together with the voices of the program."""

    def __init__(self, stage: Stage, path: Path) -> None:
        self._stage = stage
        data = read_bytes(path, MOST_BYTES)
        try:
            self._song = read_song(data)
        except MidiFileError as error:
            raise ValueError(f"{path}: {error}") from None
        self._player: SongPlayer | None = None

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self._song.length_s

    @property
    def position(self) -> float:
        """Seconds from its start to where it is; 0 if it is not played."""
        return 0.0 if self._player is None else self._player.playback.position(self._stage.now)

    async def play(self, begin: float = 0.0) -> None:
        """Play it from `begin` (s) on; returns at its end, or when it is stopped. Whatever ends it lifts everything."""
        if self._player is not None:
            raise ValueError("this song is playing: stop it first")
        node = self._stage.node
        player = MidiPlayer(for_file(self._song, Mapping()), now=node.client.driver.now)
        bridge = Bridge(node, player, lambda text, warning: get_logger().warning(text), fingers="midi-")
        self._player = SongPlayer(self._song, bridge)
        try:
            await self._player.play(begin)
        finally:
            self._player = None
            bridge.close()

    async def seek(self, seconds: float) -> None:
        """Go on at another place. Every note of the file is lifted."""
        if self._player is not None:
            self._player.seek(seconds)

    async def stop(self) -> None:
        """End it."""
        if self._player is not None:
            self._player.stop()
