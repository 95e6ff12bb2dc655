"""A blocking program on a real server with real synths, and how it ends."""

from __future__ import annotations

import inspect
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from support.net.hall import RealHall, soon
from support.suite.patience import PATIENCE_S

from formant_net import Ensemble
from formant_net.aio.ensemble import blocking
from formant_net.aio.ensemble.ensemble import AsyncEnsemble, AsyncPart
from formant_net.aio.ensemble.song import AsyncSong
from formant_net.aio.ensemble.voice import AsyncVoice
from formant_net.ensemble.errors import Closed
from formant_net.protocol.timing import Timing

pytestmark = pytest.mark.quiet  # programs that play in time share a process with their synths


@pytest.fixture(scope="module")
def real() -> Iterator[RealHall]:
    with RealHall("kitchen", "attic") as hall:
        yield hall


@pytest.fixture(scope="module")
def strict() -> Iterator[RealHall]:
    """Its synths hold a note for 250 ms, as they do outside of tests."""
    with RealHall("kitchen", timing=Timing()) as hall:
        yield hall


@pytest.fixture
def hall(real: RealHall) -> Iterator[Ensemble]:
    for box in real.boxes.values():
        box.forget()
    with Ensemble(real.url) as hall:
        yield hall
    assert soon(lambda: real.silent)


@pytest.mark.parametrize(
    ("one", "other"),
    [(blocking.Ensemble, AsyncEnsemble), (blocking.Part, AsyncPart), (blocking.Voice, AsyncVoice),
     (blocking.Song, AsyncSong)],
)  # fmt: skip
def test_both_have_the_same_names_arguments_and_words(one: type, other: type) -> None:
    def public(kind: type) -> dict[str, object]:
        return {name: getattr(kind, name) for name in dir(kind) if not name.startswith("_")}

    mine, theirs = public(one), public(other)
    assert set(mine) == set(theirs)
    for name, call in mine.items():
        if callable(call):
            twin = theirs[name]
            assert callable(twin)
            assert list(inspect.signature(call).parameters.items()) == list(inspect.signature(twin).parameters.items())
        assert (inspect.getdoc(call) or "").split(" For another thread")[0] == inspect.getdoc(theirs[name]), name


def test_a_note_blocks_for_its_length_and_is_heard_by_every_synth(real: RealHall, hall: Ensemble) -> None:
    began = time.monotonic()
    voice = hall.play("A3", vowel="i", seconds=0.2)
    assert time.monotonic() - began >= 0.2
    assert voice.over
    for box in real.boxes.values():
        assert soon(lambda heard=box: heard.began == [57.0])  # type: ignore[misc]


def test_calls_may_come_from_any_thread(real: RealHall, hall: Ensemble) -> None:
    threads = [threading.Thread(target=hall.play, args=(60 + k,), kwargs={"seconds": 0.2}) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert soon(lambda: sorted(real["kitchen"].began) == [60.0, 61.0, 62.0, 63.0])


def test_a_voice_that_nobody_holds_is_lifted(real: RealHall, hall: Ensemble) -> None:
    voice = hall.sing(60)
    assert soon(lambda: len(real["attic"].down) == 1)
    planned = hall.play(64, seconds=1000.0, at=hall.now)
    del planned, voice
    assert soon(lambda: [note.point.note for note in real["attic"].down.values()] == [64.0])
    hall.all_off()


def test_a_voice_sounds_for_its_block(real: RealHall, hall: Ensemble) -> None:
    with hall.sing(60) as voice:
        voice.glide(67, vowel="u", seconds=0.3)
        assert soon(lambda: [note.point.note for note in real["kitchen"].down.values()] == [67.0])
    assert soon(lambda: real.silent)


def test_after_the_end_everything_says_so(real: RealHall) -> None:
    hall = Ensemble(real.url)
    with pytest.raises(Closed, match="not open"):
        hall.play(60, seconds=0.1)
    with hall:
        voice = hall.sing(60)
    voice.stop()
    assert voice.over
    for call in (lambda: hall.sing(60), lambda: hall.synths, lambda: hall.now):
        with pytest.raises(Closed, match="closed: make a new one"):
            call()
    hall.close()
    with pytest.raises(Closed, match="opened before"):
        hall.open()


def test_an_ensemble_that_nobody_holds_is_closed(real: RealHall) -> None:
    hall = Ensemble(real.url).open()
    thread = hall._thread
    voice = hall.sing(60)
    assert soon(lambda: len(real["attic"].down) == 1)
    del hall
    assert thread.alive, "its voice holds it"
    del voice
    assert soon(lambda: real.silent)
    assert soon(lambda: not thread.alive)


PROGRAM = """
import sys
from formant_net import Ensemble
hall = Ensemble(sys.argv[1]).open()
voices = [hall.sing(60), hall.sing(64)]
hall.play(67, seconds=1000, at=hall.now)
print("sings", flush=True)
{end}
"""
ENDS = {
    "an exception": ("sys.stdin.readline(); raise ValueError", None, 1),
    "ctrl-c in a call": ("hall.wait()", signal.SIGINT, -signal.SIGINT),
    "kill -9": ("sys.stdin.readline()", signal.SIGKILL, -signal.SIGKILL),
}
"""Its last line, the signal it gets, its exit code. The end of `with` is tested without a process of its own."""


@pytest.mark.parametrize("how", ENDS)
def test_however_a_program_ends_it_leaves_silence(how: str, strict: RealHall) -> None:
    real, (end, told, code) = strict, ENDS[how]
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(end=end), real.url],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert program.stdin is not None
        assert program.stdout is not None
        program.stdout.readline()
        assert soon(lambda: len(real["kitchen"].down) == 3)
        if told is not None:
            program.send_signal(told)
        else:
            program.stdin.write(b"\n")
            program.stdin.flush()
        assert soon(lambda: real.silent)
        assert program.wait(PATIENCE_S) == code
    finally:
        program.kill()
        program.communicate()
