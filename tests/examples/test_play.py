"""The programs of examples/play, each played in short on a real server with real synths."""

from __future__ import annotations

import re
import runpy
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from support.net.hall import RealHall, soon
from support.sound.spectrum import f0_hz

from formant_net.aio.ensemble.ensemble import AsyncPart

pytestmark = pytest.mark.quiet  # programs that play in time share a process with their synths

FOLDER = Path(__file__).parents[2] / "examples" / "play"
Play = Callable[..., None]


@pytest.fixture(scope="module")
def stage() -> Iterator[RealHall]:
    with RealHall("kitchen", "attic") as hall:
        yield hall


@pytest.fixture
def play(stage: RealHall, monkeypatch: pytest.MonkeyPatch) -> Iterator[Play]:
    """Runs one of the programs on the stage. At the end nothing sounds."""
    for box in stage.boxes.values():
        box.forget()

    def run(name: str, *arguments: object, url: str = stage.url) -> None:
        monkeypatch.setattr(sys, "argv", [name, url, *map(str, arguments)])
        runpy.run_path(str(FOLDER / name), run_name="__main__")

    yield run
    assert soon(lambda: stage.silent)


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> list[tuple[AsyncPart, float]]:
    """Who is to play the notes and chords of the program, and when. A busy machine may play them late."""
    moments: list[tuple[AsyncPart, float]] = []
    notes = AsyncPart._notes

    async def noted(self: AsyncPart, *given: Any) -> Any:
        moments.append((self, given[-1]))
        return await notes(self, *given)

    monkeypatch.setattr(AsyncPart, "_notes", noted)
    return moments


def test_canon(stage: RealHall, play: Play, planned: list[tuple[AsyncPart, float]]) -> None:
    play("canon.py", "--seconds", 1.6)
    first, second = stage["attic"], stage["kitchen"]
    tune = [60.0, 62.0, 64.0, 60.0, 64.0, 65.0, 67.0]
    assert soon(lambda: first.began == second.began == tune)
    begin = {part._names: at for part, at in reversed(planned)}
    assert len(begin) == 2
    assert max(begin.values()) - min(begin.values()) == pytest.approx(0.4), "two beats"


def test_cloud(stage: RealHall, play: Play) -> None:
    play("cloud.py", "--seconds", 2.4)
    for box in stage.boxes.values():
        assert box.largest == 16
        last = {move.key: move.point.note or 0.0 for move in box.moves}
        assert sorted(set(last.values())) == [45.0, 52.0, 57.0, 61.0, 64.0, 69.0, 73.0, 76.0]


def test_sensor(stage: RealHall, play: Play, tmp_path: Path) -> None:
    play("sensor.py", "--seconds", 0.4)
    assert soon(lambda: len(stage["attic"].began) == 1)
    assert all(45.0 <= (move.point.note or 0.0) <= 69.0 for move in stage["attic"].moves)
    pin = tmp_path / "temp"
    pin.write_text("41000\n")
    stage["attic"].forget()
    play("sensor.py", "--seconds", 0.3, "--file", pin, "--low", 40000, "--high", 42000)
    assert soon(lambda: stage["attic"].began == [57.0])


def test_midi_file(stage: RealHall, play: Play, capsys: pytest.CaptureFixture[str]) -> None:
    tune = [60.0, 60.0, 60.0, 62.0, 64.0]
    play("midi_file.py")
    assert soon(lambda: stage["attic"].began == tune)
    assert "round.mid: 1.6 s" in capsys.readouterr().out
    stage["attic"].forget()
    play("midi_file.py", "--seconds", 0.2)
    assert soon(lambda: len(stage["attic"].began) >= 1)
    assert stage["attic"].began == tune[: len(stage["attic"].began)] != tune


def test_session(play: Play, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is recorded: A3, then a glide to E4, then silence."""
    path = tmp_path / "session.wav"
    with RealHall("cellar", audio=f"wav:{path}") as hall:
        play("session.py", url=hall.url)
        assert soon(lambda: hall.silent)
        assert hall["cellar"].began == [57.0, 60.0]
    assert "cellar plain ['a'" in capsys.readouterr().out
    sound, rate = soundfile.read(path)
    mono = sound if sound.ndim == 1 else sound.mean(axis=1)
    (loud,) = np.nonzero(np.abs(mono) > 1e-2)
    assert len(loud) > rate
    steady = mono[loud[0] + rate // 5 : loud[0] + rate // 2]
    assert abs(1200.0 * np.log2(f0_hz(steady, rate, 220.0) / 220.0)) < 60.0


def test_two_ensembles(stage: RealHall, play: Play, planned: list[tuple[AsyncPart, float]]) -> None:
    with RealHall("cellar") as other:
        play("two_ensembles.py", other.url, "--seconds", 1.6)
        assert soon(lambda: stage["attic"].began == [57.0, 60.0, 62.0, 64.0])
        assert soon(lambda: other["cellar"].began == [64.0, 67.0, 69.0, 71.0])
    call, answer = planned[:2]
    assert call[0] is not answer[0]
    assert answer[1] - call[1] >= 0.2, "a step later, by the same clock"


def test_chords(
    stage: RealHall, play: Play, planned: list[tuple[AsyncPart, float]], capsys: pytest.CaptureFixture[str]
) -> None:
    play("chords.py", "--seconds", 1.2)
    assert soon(lambda: len(stage["kitchen"].began) == 16)
    began = stage["kitchen"].began
    assert [sorted(began[k : k + 4]) for k in (0, 4)] == [[48.0, 55.0, 64.0, 72.0], [53.0, 57.0, 65.0, 72.0]]
    assert stage["kitchen"].largest >= 4
    assert [later[1] - earlier[1] for earlier, later in pairwise(planned)] == pytest.approx([0.3] * 3)
    assert re.findall(r"^\w+", capsys.readouterr().out, re.MULTILINE) == ["I", "IV", "V", "I"]


def test_generative(stage: RealHall, play: Play, planned: list[tuple[AsyncPart, float]]) -> None:
    pieces = []
    for seed in (3, 3, 4):
        stage["kitchen"].forget()
        planned.clear()
        play("generative.py", "--seconds", 0.6, "--seed", seed)
        assert soon(lambda: len(stage["kitchen"].began) == len(planned))
        pieces.append(stage["kitchen"].began)
    assert pieces[0] == pieces[1] != pieces[2]
    assert len(pieces[0]) >= 2
    assert all(abs(later - earlier) <= 8.0 for earlier, later in pairwise(pieces[0]))


def test_conductor(stage: RealHall, play: Play) -> None:
    seen: list[tuple[object, object]] = []
    kitchen = stage["kitchen"]
    take = kitchen.node.singer.take

    def taken(effect: object, frame: int | None = None) -> None:
        seen.append((kitchen.state["preset"], kitchen.state["volume"]))
        take(effect, frame)

    kitchen.node.singer.take = taken  # type: ignore[method-assign]
    before = (kitchen.state["preset"], kitchen.state["volume"])
    play("conductor.py", "--seconds", 0.6)
    assert soon(lambda: kitchen.began == [45.0, 52.0, 57.0, 69.0, 73.0, 76.0])
    assert {("choir", 0.6), ("soprano", 0.9)} <= set(seen)
    assert (kitchen.state["preset"], kitchen.state["volume"]) == before


def test_monitor(play: Play, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    class SeenEnoughError(Exception):
        pass

    sleep, said = time.sleep, ""

    def looked(seconds: float) -> None:
        """In place of the second that the program waits for."""
        nonlocal said
        if threading.current_thread() is not threading.main_thread():
            return sleep(seconds)
        said += capsys.readouterr().out
        found = (rf"^{name} +linked +\d+\.\d ms +\d+% lost  plain  0 fingers  " for name in ("attic", "kitchen"))
        if all(re.search(line, said, re.MULTILINE) for line in found):
            raise SeenEnoughError
        sleep(0.05)

    monkeypatch.setattr(time, "sleep", looked)
    with pytest.raises(SeenEnoughError):
        play("monitor.py", "--seconds", 1000)
    monkeypatch.setattr(time, "sleep", sleep)


def test_every_program_has_its_test_and_stands_in_the_gallery() -> None:
    names = {path.stem for path in FOLDER.glob("*.py")}
    assert len(names) == 10
    assert {f"test_{name}" for name in names} <= set(globals())
    text = (FOLDER.parent / "README.md").read_text(encoding="utf-8")
    assert {f"play/{name}.py" for name in names} == set(re.findall(r"\]\((play/\w+\.py)\)", text))
