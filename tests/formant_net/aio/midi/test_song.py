from __future__ import annotations

import asyncio

from support.suite.patience import PATIENCE_S
from support.virtual.midi_file import midi_file

from formant_net.aio.client.controller import ControllerNode, ControllerOptions
from formant_net.aio.midi.bridge import Bridge
from formant_net.aio.midi.song import SongPlayer
from formant_net.client.servers import Server
from formant_net.midi.file.song import read_song
from formant_net.midi.player import MidiPlayer
from formant_net.protocol.gesture import TimedTouch

SONG = read_song(midi_file("00 90 45 7F 81 00 80 45 00 00 90 47 7F 81 00 80 47 00"))
LONG = read_song(midi_file("00 90 45 7F FF 00 80 45 00"))


def _hand() -> tuple[ControllerNode, Bridge, list[TimedTouch]]:
    node = ControllerNode(ControllerOptions("ctrl-a", [Server("ws://127.0.0.1:9/ws")]))
    played: list[TimedTouch] = []
    touch = node.core.touch

    def touched(touches: list[TimedTouch], now: float) -> None:
        played.extend(touches)
        touch(touches, now)

    node.core.touch = touched  # type: ignore[assignment, method-assign]
    return node, Bridge(node, MidiPlayer(), lambda text, warning: None), played


def test_a_song_is_played_to_its_end_from_any_place() -> None:
    async def main() -> None:
        node, bridge, played = _hand()
        player = SongPlayer(SONG, bridge)
        await player.play()
        assert [(touch.note, touch.active) for touch in played if touch.active] == [(69.0, True), (71.0, True)]
        assert sum(not touch.active for touch in played) == 2
        played.clear()
        await player.play(0.13)
        assert {touch.note for touch in played} == {71.0}
        bridge.close()
        await node.finish()

    asyncio.run(asyncio.wait_for(main(), PATIENCE_S))


def test_whoever_cancels_it_leaves_nothing_down() -> None:
    async def main() -> None:
        node, bridge, played = _hand()
        playing = asyncio.create_task(SongPlayer(LONG, bridge).play())
        while not played:
            await asyncio.sleep(0.005)
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
        assert [touch.active for touch in played] == [True, False]
        bridge.close()
        await node.finish()

    asyncio.run(asyncio.wait_for(main(), PATIENCE_S))


def test_whoever_turns_or_stops_it_while_it_plays_lifts_everything() -> None:
    async def main() -> None:
        node, bridge, played = _hand()
        player = SongPlayer(LONG, bridge)
        playing = asyncio.create_task(player.play())
        while not played:
            await asyncio.sleep(0.005)
        player.seek(0.1)
        assert [touch.active for touch in played] == [True, False]
        player.stop()
        await playing
        assert not player.playback.playing
        bridge.close()
        await node.finish()

    asyncio.run(asyncio.wait_for(main(), PATIENCE_S))
