"""What was recorded outlives a power cut: the disk gets it at an interval, and nothing waits for the disk."""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
import wave
from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile
from support.machine.disk_image import disk_image
from support.suite.patience import PATIENCE_S

from formant_dsp import Bank
from formant_dsp.output import durable
from formant_dsp.output.durable import Durable
from formant_dsp.output.paced import WavSink


def until(condition: Callable[[], object], timeout_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_was_recorded_outlives_a_power_cut(tmp_path: Path) -> None:
    """A copy of the image, made while the recording goes on, is a disk whose power was cut at that moment."""
    with disk_image(tmp_path) as disk:
        sink = WavSink(Bank(), str(disk.path / "take.wav"))
        sink.start()
        until(lambda: visits(sink) >= 1)
        assert sink._file is not None
        before, at = sink._file.frames, visits(sink)
        until(lambda: visits(sink) > at + 1)
        disk.cut_power()
        sink.stop()
        disk.after_power_cut()
        read, _ = soundfile.read(disk.path / "take.wav")
        assert len(read) >= before > 0
        with wave.open(str(disk.path / "take.wav")) as simple:
            assert len(simple.readframes(simple.getnframes())) >= before * 3


def visits(sink: WavSink) -> int:
    assert sink._disk is not None
    return sink._disk.visits


def test_a_file_that_is_shorter_than_its_header_says_is_read_to_its_end(tmp_path: Path) -> None:
    """What a disk without order may leave after a power cut."""
    sink = WavSink(Bank(), str(tmp_path / "take.wav"))
    sink.start()
    until(lambda: sink._file is None or sink._file.frames > 20_000)
    sink.stop()
    os.truncate(tmp_path / "take.wav", 80 + 3 * 10_000 + 1)
    read, _ = soundfile.read(tmp_path / "take.wav")
    assert len(read) == 10_000
    with wave.open(str(tmp_path / "take.wav")) as simple:
        assert len(simple.readframes(simple.getnframes())) // 3 == 10_000


def test_the_disk_is_visited_at_the_interval_and_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []
    path = tmp_path / "take.wav"
    monkeypatch.setattr(durable, "_to_disk", lambda descriptor: seen.append(path.read_bytes()))
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    disk = Durable(descriptor, path, interval_s=0.01)
    os.write(descriptor, b"first")
    until(lambda: b"first" in seen)
    os.write(descriptor, b" and last")
    os.close(descriptor)
    disk.end()
    assert disk.wait()
    assert seen[-1] == b"first and last"
    assert disk.error is None
    assert disk.visits == len(seen)


def test_a_disk_that_takes_nothing_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sound goes on, and the end of the node waits for a bounded time."""
    stuck = threading.Event()
    monkeypatch.setattr(durable, "_to_disk", lambda descriptor: stuck.wait(60.0))
    monkeypatch.setattr(durable, "INTERVAL_S", 0.01)
    sink = WavSink(Bank(), str(tmp_path / "take.wav"))
    sink.start()
    until(lambda: sink._file is None or sink._file.frames > 4800)
    assert sink._disk is not None
    sink._disk.end()
    assert not sink._disk.wait(0.01)
    stuck.set()
    sink.stop()


def test_a_disk_that_fails_later_ends_the_recording_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network share or a delayed allocation tells of a full or broken disk only when it is visited."""

    def broken(_descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(durable, "_to_disk", broken)
    sink = WavSink(Bank(), str(tmp_path / "take.wav"))
    assert sink._disk is not None
    sink._disk._visit()
    sink.start()
    until(lambda: sink.ended)
    assert os.strerror(errno.EIO) in sink.ended
    assert "may lack its end" in sink.ended
    assert not sink.audible
    assert sink.running
    sink.stop()


@pytest.mark.skipif(sys.platform == "win32", reason="devices have names on POSIX")
def test_a_file_that_is_on_no_disk_is_no_error() -> None:
    descriptor = os.open("/dev/null", os.O_WRONLY)
    disk = Durable(descriptor, Path("/dev/null"), interval_s=0.001)
    disk.end()
    assert disk.wait()
    assert disk.error is None
    os.close(descriptor)
