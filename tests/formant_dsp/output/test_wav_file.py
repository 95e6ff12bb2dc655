"""A WAV file that grows: complete at every moment, of any length, and never in place of another."""

from __future__ import annotations

import os
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.machine.small_disk import fill_up, small_disk

from formant_dsp.output.wav_file import BYTES_A_SAMPLE, HEADER_BYTES, WavFile


def noise(frames: int, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(frames).uniform(-1.0, 1.0, (frames, channels)).astype(np.float32)


@pytest.mark.parametrize("channels", [1, 2, 3, 8])
def test_what_was_appended_is_read_back_by_any_reader(tmp_path: Path, channels: int) -> None:
    path, sound = tmp_path / "take.wav", noise(1001, channels)
    file = WavFile(path, channels, 44100)
    file.append(sound[:480])
    file.append(sound[480:])
    file.close()
    read, rate = soundfile.read(path, dtype="float64", always_2d=True)
    assert rate == 44100
    assert np.max(np.abs(read - sound)) < 1.0 / 8388607.0
    with wave.open(str(path)) as simple:
        assert (simple.getnframes(), simple.getnchannels(), simple.getsampwidth()) == (1001, channels, 3)
    assert path.stat().st_size % 2 == 0


def test_numbers_beyond_full_scale_are_clipped(tmp_path: Path) -> None:
    file = WavFile(tmp_path / "take.wav", 1, 48000)
    file.append(np.array([[2.0], [-2.0], [0.5], [0.0]], np.float32))
    file.close()
    read, _ = soundfile.read(tmp_path / "take.wav", dtype="float64")
    assert read == pytest.approx([1.0, -1.0, 0.5, 0.0], abs=2e-7)


def test_it_is_complete_up_to_the_last_header_while_it_grows(tmp_path: Path) -> None:
    file = WavFile(tmp_path / "take.wav", 2, 48000)
    assert soundfile.info(tmp_path / "take.wav").frames == 0
    for blocks in (1, 2, 3):
        file.append(noise(480, 2))
        file.update_header()
        assert soundfile.info(tmp_path / "take.wav").frames == 480 * blocks
    file.close()


@pytest.mark.parametrize("channels", [1, 8])
def test_beyond_4_gib_it_is_rf64_and_read_whole(tmp_path: Path, channels: int) -> None:
    """A file with a hole stands for hours of sound; header and last samples are what counts."""
    path = tmp_path / "take.wav"
    file = WavFile(path, channels, 48000)
    first, last = noise(480, channels), noise(960, channels)
    file.append(first)
    hole = (1 << 32) // (BYTES_A_SAMPLE * channels) + 1000
    for frames in (hole, 0):
        os.lseek(file.descriptor, frames * BYTES_A_SAMPLE * channels, os.SEEK_CUR)
        file._bytes += frames * BYTES_A_SAMPLE * channels
        file.append(last)
        file.update_header()
        assert soundfile.info(path).format == "RF64"
    file.close()
    with soundfile.SoundFile(path) as whole:
        assert (whole.format, whole.frames) == ("RF64", 480 + hole + 2 * 960)
        assert np.allclose(whole.read(480, always_2d=True), first, atol=2e-7)
        whole.seek(-960, soundfile.SEEK_END)
        assert np.allclose(whole.read(always_2d=True), last, atol=2e-7)


@pytest.mark.parametrize("beyond", [False, True])
def test_the_header_changes_exactly_where_32_bits_end(tmp_path: Path, beyond: bool) -> None:
    file = WavFile(tmp_path / "take.wav", 2, 48000)
    file._bytes = (0xFFFFFFFF + 8 - HEADER_BYTES) // 6 * 6 + 6 * beyond
    assert file._header()[:4] == (b"RF64" if beyond else b"RIFF")
    assert len(file._header()) == HEADER_BYTES
    file._bytes = 0
    file.close()


def test_nothing_that_is_there_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    path.write_bytes(b"mine")
    paths = []
    for _ in range(3):
        file = WavFile(path, 1, 48000)
        paths.append(file.path.name)
        file.close()
    assert paths == ["take-2.wav", "take-3.wav", "take-4.wav"]
    assert path.read_bytes() == b"mine"
    (tmp_path / "link.wav").symlink_to(tmp_path / "nowhere")
    file = WavFile(tmp_path / "link.wav", 1, 48000)
    assert file.path.name == "link-2.wav"
    file.close()


@pytest.mark.skipif(sys.platform == "win32", reason="pipes and devices have names on POSIX")
def test_a_pipe_and_a_folder_are_refused_and_a_device_is_left_in_place(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    for path in (tmp_path / "pipe.wav", tmp_path):
        with pytest.raises(OSError, match="it is not a file"):
            WavFile(path, 1, 48000)
    with pytest.raises(OSError, match="No space left"):
        WavFile("/dev/full", 1, 48000)
    file = WavFile("/dev/null", 1, 48000)
    file.append(noise(480))
    file.close()
    assert Path("/dev/full").is_char_device()


def test_a_full_disk_leaves_a_complete_file_and_the_reason(tmp_path: Path) -> None:
    with small_disk(tmp_path) as disk:
        fill_up(disk, leave=64 * 1024)
        file = WavFile(disk / "take.wav", 2, 48000)
        sound = noise(48_000, 2)
        with pytest.raises(OSError, match="No space left"):
            file.append(sound)
        frames = file.frames
        file.close()
        read, _ = soundfile.read(disk / "take.wav", always_2d=True)
        assert len(read) == frames > 9000
        assert np.allclose(read, sound[:frames], atol=2e-7)


def test_a_disk_that_is_full_before_the_first_byte_keeps_no_empty_file(tmp_path: Path) -> None:
    with small_disk(tmp_path) as disk:
        fill_up(disk)
        with pytest.raises(OSError, match="No space left"):
            WavFile(disk / "take.wav", 2, 48000)
        assert not (disk / "take.wav").exists()
