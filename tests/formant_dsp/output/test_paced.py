"""Recordings: what ends one, what never does, and what is left of it."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
from support.machine.small_disk import fill_up, small_disk
from support.suite.patience import PATIENCE_S

from formant_dsp import Bank
from formant_dsp.output.hotplug import Host, Output, OutputSettings
from formant_dsp.output.paced import WavSink
from formant_dsp.output.sink import SinkError


def until(condition: Callable[[], object], timeout_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def frames(path: Path) -> int:
    return int(soundfile.info(path).frames)


def begun(path: Path) -> bool:
    """Whether a tenth of a second is in it. A file that was made this moment may have no header yet."""
    return path.exists() and path.stat().st_size > 4800 and frames(path) > 4800


def test_a_full_disk_ends_the_recording_in_words_and_nothing_else(tmp_path: Path) -> None:
    with small_disk(tmp_path) as disk:
        fill_up(disk, leave=128 * 1024)
        bank, notes = Bank(), []  # type: ignore[var-annotated]
        output = Output(bank, OutputSettings(f"wav:{disk}/take.wav"), on_note=notes.append)
        output.start()
        assert output.audible
        until(lambda: notes)
        assert len(notes) == 1
        assert "the recording has ended after" in notes[0]
        assert "No space left on device" in notes[0]
        assert str(disk / "take.wav") in notes[0]
        assert not output.audible
        assert output.sink.running
        before = output.counters()["frames"]
        until(lambda: output.counters()["frames"] > before)
        output.stop()
        assert frames(disk / "take.wav") > 30_000


def test_a_disk_that_is_full_at_the_start_is_said_and_the_bank_goes_on(tmp_path: Path) -> None:
    notes: list[str] = []
    (tmp_path / "take.wav").symlink_to("/dev/full")
    output = Output(Bank(), OutputSettings(f"wav:{tmp_path}/take.wav"), on_note=notes.append)
    output.start()
    until(lambda: notes)
    assert "nothing is recorded to" in notes[0]
    assert "No space left on device" in notes[0]
    assert output.sink.running
    output.stop()


def test_a_file_system_without_large_files_gets_one_file_after_the_other(tmp_path: Path) -> None:
    """A limit of the process stands for FAT; together the files are the whole sound, without a gap."""
    code = """
        import resource, signal, sys, time
        from formant_dsp import Bank, VoiceParams
        from formant_dsp.output.paced import WavSink
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_001, 100_001))
        bank = Bank()
        bank.note_on(1, VoiceParams(f0_hz=220.0))
        sink = WavSink(bank, sys.argv[1])
        sink.start()
        while sink.counters()["frames"] < 76_000:
            time.sleep(0.02)
        sink.stop()
        print(sink.ended or "went on", sink.counters()["frames"])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / "take.wav")],
        capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    parts = [tmp_path / "take.wav", *(tmp_path / f"take-{number}.wav" for number in (2, 3))]
    assert all(part.stat().st_size <= 100_001 for part in parts)
    rendered = int(done.stdout.split()[-1])
    assert done.stdout.startswith("went on")
    whole = np.concatenate([soundfile.read(part)[0] for part in sorted(tmp_path.iterdir(), key=number_of)])
    assert len(whole) == rendered
    assert np.max(np.abs(np.diff(whole))) < 0.2


def number_of(path: Path) -> int:
    return int(path.stem.partition("-")[2] or 1)


def test_a_limit_that_no_file_fits_into_ends_the_recording(tmp_path: Path) -> None:
    code = """
        import resource, sys, time
        from formant_dsp import Bank
        from formant_dsp.output.paced import WavSink
        resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))
        sink = WavSink(Bank(), sys.argv[1])
        sink.start()
        while not sink.ended:
            time.sleep(0.02)
        assert sink.running
        sink.stop()
        print(sink.ended)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / "take.wav")],
        capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    assert "File too large" in done.stdout
    assert len(list(tmp_path.iterdir())) == 1


class Nothing(Host):
    """A machine without any sound device."""

    def rescan(self) -> None:
        pass

    def find(self, audio: str) -> object:  # type: ignore[override]
        raise SinkError(f"no output device {audio!r}")


def test_a_device_that_is_not_there_does_not_interrupt_a_recording(tmp_path: Path) -> None:
    notes: list[str] = []
    output = Output(Bank(), OutputSettings(f"wav:{tmp_path}/take.wav"), on_note=notes.append, host=Nothing())
    output.start()
    until(lambda: begun(tmp_path / "take.wav"))
    sink = output.sink
    output.switch("USB Audio")
    until(lambda: notes)
    assert notes == ["the sound stays where it was: no output device 'USB Audio'"]
    assert output.sink is sink
    before = frames(tmp_path / "take.wav")
    until(lambda: frames(tmp_path / "take.wav") > before)
    output.stop()
    assert [path.name for path in tmp_path.iterdir()] == ["take.wav"]


def test_a_recording_that_begins_again_leaves_the_first_as_it_is(tmp_path: Path) -> None:
    class Busy(Nothing):
        """The device is there, and does not open."""

        def find(self, audio: str) -> object:  # type: ignore[override]
            return object()

        def open(self, *_: object) -> object:  # type: ignore[override]
            raise SinkError("cannot open it")

    notes: list[str] = []
    output = Output(Bank(), OutputSettings(f"wav:{tmp_path}/take.wav"), on_note=notes.append, host=Busy())
    output.start()
    until(lambda: begun(tmp_path / "take.wav"))
    output.switch("USB Audio")
    until(lambda: begun(tmp_path / "take-2.wav"))
    output.stop()
    assert frames(tmp_path / "take.wav") > 4800


def test_what_people_are_told_may_raise_and_stops_nothing(tmp_path: Path) -> None:
    def broken(_line: str) -> None:
        raise BrokenPipeError

    output = Output(Bank(), OutputSettings(f"wav:{tmp_path}/take.wav"), on_note=broken, host=Nothing())
    output.start()
    for _ in range(2):
        output.switch("USB Audio")
        until(lambda: output._wanted is None)
        time.sleep(0.05)
    assert output._thread.is_alive()
    output.stop()


def test_a_name_with_bytes_of_another_encoding_is_recorded_to_and_shown_as_text(tmp_path: Path) -> None:
    sink = WavSink(Bank(), str(tmp_path / "K\udcfcche.wav"))
    sink.start()
    sink.stop()
    sink.describe().encode()
    assert "K\N{REPLACEMENT CHARACTER}che.wav" in sink.describe()
    assert (tmp_path / "K\udcfcche.wav").exists()
