"""A program with asyncio on a real server with real synths."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator

import pytest
from support.net.hall import KEY, RealHall
from support.suite.patience import PATIENCE_S

from formant_net import AsyncEnsemble, EnsembleError
from formant_net.aio.ensemble.ensemble import options_of
from formant_net.ensemble.errors import CannotSing, Closed, NotReached, SettingRefused, UnknownSynth

pytestmark = pytest.mark.quiet  # programs that play in time share a process with their synths


@pytest.fixture(scope="module")
def real() -> Iterator[RealHall]:
    with RealHall("kitchen", "attic") as hall:
        yield hall


def run(real: RealHall, main: Callable[[AsyncEnsemble], Awaitable[None]]) -> None:
    async def story() -> None:
        async with AsyncEnsemble(real.url) as hall:
            await main(hall)

    for box in real.boxes.values():
        box.forget()
    asyncio.run(asyncio.wait_for(story(), PATIENCE_S))


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.005)


def test_it_waits_for_every_synth_that_the_server_has(real: RealHall) -> None:
    async def main(hall: AsyncEnsemble) -> None:
        assert sorted(synth.name for synth in hall.synths) == ["attic", "kitchen"]
        assert all(synth.open and synth.rtt_s is not None for synth in hall.synths)

    run(real, main)


def test_scheduled_notes_do_not_block_and_sound_in_their_time(real: RealHall) -> None:
    box, planned = real["kitchen"], []

    async def main(hall: AsyncEnsemble) -> None:
        at, ahead = hall.now + 0.2, time.monotonic() - hall.now
        for number, pitch in enumerate((60, 63.86, 67.02)):
            planned.append(at + 0.2 * number + ahead)
            await hall.play(pitch, seconds=10.0 * PATIENCE_S, at=at + 0.2 * number)
        await until(lambda: len(box.down) == 3)
        await hall.all_off()
        at = hall.now + 0.1
        await hall.play(72, seconds=0.2, at=at)
        await hall.wait()
        assert hall.now >= at + 0.2

    run(real, main)
    assert box.began[:3] == [60.0, 63.86, 67.02]
    early = [moment - began for moment, began in zip(planned, box.began_at, strict=False)]
    assert max(early) < 0.005, "none begins before its moment"


def test_a_chord_is_one_message_and_a_glissando_glides(real: RealHall) -> None:
    box = real["attic"]

    def glissando() -> list[float]:
        return [note for move in box.moves if (note := move.point.note or 0.0) < 60.0]

    async def main(hall: AsyncEnsemble) -> None:
        voices = await hall.chord(["C4", "E4", "G4"], seconds=0.1, vel=0.5)
        assert all(voice.over for voice in voices)
        await until(lambda: len(box.began) == 3 and not box.down)
        assert box.largest == 3
        gliding = asyncio.create_task(
            hall.play("A2", to="A3", to_vowel="u", to_effort=0.9, vowel="a", effort=0.1, seconds=20.0)
        )
        await until(lambda: len(glissando()) >= 15)
        gliding.cancel()

    run(real, main)
    assert box.began == [60.0, 64.0, 67.0, 45.0]
    notes = glissando()
    assert notes == sorted(notes)
    assert len(set(notes)) >= 10
    assert 45.0 < notes[-1] <= 57.0


def test_some_synths_alone_by_name_or_id(real: RealHall) -> None:
    async def main(hall: AsyncEnsemble) -> None:
        await hall.only("attic").play(60, seconds=0.05)
        await hall.only("synth-kitchen", "attic").play(62, seconds=0.05)
        assert [synth.id for synth in hall.only("attic").synths] == ["synth-attic"]
        with pytest.raises(UnknownSynth, match=r"no synth 'cellar' is linked \(attic, kitchen\)"):
            await hall.only("cellar").play(60, seconds=0.1, at=hall.now)

        await until(lambda: (real["kitchen"].began, real["attic"].began) == ([62.0], [60.0, 62.0]))

    run(real, main)


def test_settings_return_when_they_are_taken(real: RealHall) -> None:
    async def main(hall: AsyncEnsemble) -> None:
        await hall.volume(0.5)
        await hall.only("attic").preset("choir")
        assert (real["attic"].state["preset"], real["kitchen"].state["volume"]) == ("choir", 0.5)
        assert real["kitchen"].state["preset"] != "choir"
        await hall.power(False)
        assert not real["attic"].state["powered_on"]
        await hall.power(True)
        with pytest.raises(SettingRefused, match=r"attic has no preset 'kazoo': choose one of .*choir"):
            await hall.preset("kazoo")
        with pytest.raises(ValueError, match="volume=3 must be within"):
            await hall.volume(3)

    run(real, main)


def test_what_cannot_be_sung_is_an_error_before_it_is_sent(real: RealHall) -> None:
    async def main(hall: AsyncEnsemble) -> None:
        with pytest.raises(CannotSing, match="no synth has the vowel 'ж'"):
            await hall.sing(60, vowel="ж")
        with pytest.raises(CannotSing, match="no synth has the vowel 'ж'"):
            await hall.play(60, to_vowel="ж", seconds=1.0)
        with pytest.raises(ValueError, match="is no pitch"):
            await hall.play("la", seconds=1.0)
        held = [await hall.sing(40 + number) for number in range(16)]
        with pytest.raises(CannotSing, match="more than 16 voices: stop one first"):
            await hall.sing(70)
        await hall.play(72, seconds=0.1, at=hall.now)
        assert hall.left_out == 2
        await held[0].stop()
        await held[0].wait()
        await hall.play(74, seconds=0.05)
        await until(lambda: 74.0 in real["kitchen"].began)

    run(real, main)
    assert real["kitchen"].began[-1] == 74.0
    assert len(real["kitchen"].began) == 17


def test_all_off_ends_what_sounds_and_what_is_scheduled(real: RealHall) -> None:
    async def main(hall: AsyncEnsemble) -> None:
        voice = await hall.sing(60)
        await hall.play(64, seconds=9.0, at=hall.now + PATIENCE_S)
        await until(lambda: bool(real["attic"].down))
        await hall.all_off()
        await until(lambda: real.silent)
        assert voice.over
        await asyncio.wait_for(hall.wait(), PATIENCE_S / 2.0)
        await voice.glide(67, seconds=5.0)

    run(real, main)
    assert real["attic"].began == [60.0]


def test_a_play_that_is_cancelled_and_a_block_that_fails_lift_their_notes(real: RealHall) -> None:
    async def main(hall: AsyncEnsemble) -> None:
        playing = asyncio.create_task(hall.play(60, seconds=100.0))
        await until(lambda: bool(real["attic"].down))
        playing.cancel()
        await until(lambda: real.silent)
        await hall.sing(61)
        voice = await hall.sing(62)
        await until(lambda: 62.0 in real["attic"].began)
        assert not voice.over
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(real, main)
    asyncio.run(asyncio.wait_for(until(lambda: real.silent), PATIENCE_S))


def test_who_is_sent_away_learns_why(real: RealHall) -> None:
    async def main(hall: AsyncEnsemble) -> None:
        playing = asyncio.create_task(hall.play(60, seconds=100.0))
        await until(lambda: bool(real["attic"].down))
        real.kick(hall._stage.node.options.client_id)
        with pytest.raises(Closed, match="too loud"):
            await playing
        with pytest.raises(Closed, match="too loud"):
            await hall.sing(60)

    run(real, main)


@pytest.mark.parametrize(
    ("url", "options", "words"),
    [
        ("http://127.0.0.1:9/", {"patience": 0.5}, r"no server at ws://127\.0\.0\.1:9/ws within 0\.5 s"),
        ("", {"key": "wrong"}, "key"),
        ("", {"wait": "cellar", "patience": 0.2, "key": KEY}, r"no synth 'cellar' within 0\.2 s|no server at"),
    ],
)
def test_what_is_missing_at_the_start_is_said(url: str, options: dict[str, object], words: str, real: RealHall) -> None:
    async def main() -> None:
        hall = AsyncEnsemble(url or real.url.partition("#")[0], **options)  # type: ignore[arg-type]
        with pytest.raises(NotReached, match=words):
            await hall.open()
        with pytest.raises(EnsembleError):
            await hall.sing(60)

    asyncio.run(asyncio.wait_for(main(), PATIENCE_S))


def test_what_is_missing_later_is_said_with_what_is_there(real: RealHall) -> None:
    async def main(hall: AsyncEnsemble) -> None:
        await hall.wait_for(["attic", "kitchen"], PATIENCE_S)
        with pytest.raises(NotReached, match=r"no synth 'cellar' within 0\.2 s \(linked: attic, kitchen\)"):
            await hall.wait_for("cellar", 0.2)
        with pytest.raises(NotReached, match=r"2 of 5 synths within 0\.2 s: check that they run"):
            await hall.wait_for(5, 0.2)

    run(real, main)


def test_a_server_without_a_synth_is_enough_for_who_waits_for_none() -> None:
    with RealHall() as empty:

        async def main() -> None:
            async with AsyncEnsemble(empty.url, wait=0) as hall:
                assert hall.synths == ()
                await hall.play(60, seconds=0.1, at=hall.now)
                with pytest.raises(NotReached, match=r"within 0\.2 s"):
                    await hall.wait_for("attic", 0.2)
                empty._loop.call_soon_threadsafe(lambda: asyncio.ensure_future(empty._add("attic")))
                await hall.wait_for("attic")
                await hall.play(62, seconds=0.1)
                await until(lambda: empty["attic"].began == [62.0])

        asyncio.run(asyncio.wait_for(main(), PATIENCE_S))


def test_the_environment_names_the_server_and_its_key() -> None:
    named = options_of(None, None, "me", None, {"FORMANT_URL": "http://a:1/ http://b:2/#key=own", "FORMANT_KEY": "k"})
    assert [(server.ws_url, server.key) for server in named.servers] == [("ws://a:1/ws", "k"), ("ws://b:2/ws", "own")]
    assert (named.name, named.search) == ("me", None)
    searching = options_of(None, None, "", None, {})
    assert searching.search is not None
    with pytest.raises(ValueError, match="cannot be joined"):
        options_of("ftp://a/", None, "", None, {})
