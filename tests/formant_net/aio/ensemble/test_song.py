from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.net.hall import RealHall
from support.suite.patience import PATIENCE_S
from support.virtual.midi_file import midi_file

from formant_net import AsyncEnsemble


@pytest.fixture(scope="module")
def real() -> Iterator[RealHall]:
    with RealHall("attic") as hall:
        yield hall


def test_a_file_is_played_beside_voices_and_can_be_turned_and_stopped(real: RealHall, tmp_path: Path) -> None:
    path = tmp_path / "song.mid"
    path.write_bytes(midi_file("00 90 45 7F FF 00 80 45 00 00 90 47 7F FF 00 80 47 00"))

    async def main() -> None:
        async with AsyncEnsemble(real.url) as hall:
            held = await hall.sing(40)
            song = hall.midi(path)
            playing = asyncio.create_task(song.play())
            while 69.0 not in real["attic"].began:
                await asyncio.sleep(0.005)
            await song.seek(song.seconds - 0.2)
            while 71.0 in real["attic"].began or len(real["attic"].down) > 1:
                await asyncio.sleep(0.005)
            await playing
            assert song.position == 0.0
            playing = asyncio.create_task(song.play())
            while real["attic"].began.count(69.0) < 2:
                await asyncio.sleep(0.005)
            await song.stop()
            await playing
            assert not held.over

    asyncio.run(asyncio.wait_for(main(), PATIENCE_S))
    assert real["attic"].began == [40.0, 69.0, 69.0]


def test_what_is_no_midi_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "song.mid"
    path.write_bytes(b"RIFF")
    with pytest.raises(ValueError, match=r"song\.mid: "):
        AsyncEnsemble("http://a:1/").midi(path)
    with pytest.raises(OSError, match="it is a device"):
        AsyncEnsemble("http://a:1/").midi("/dev/zero")
