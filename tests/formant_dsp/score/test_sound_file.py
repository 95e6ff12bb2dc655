"""A rendered file is whole, or it is not there, or it is what it was before."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.machine.small_disk import fill_up, small_disk

from formant_dsp.score import sound_file
from formant_dsp.score.sound_file import Block, SoundFileError, write

FRAMES = 48_000


def blocks(frames: int = FRAMES) -> Iterator[Block]:
    """A ramp with noise, which FLAC cannot make small, in pieces of 1,000 frames."""
    ramp = np.linspace(-0.5, 0.5, frames, dtype=np.float32)
    ramp += np.random.default_rng(1).uniform(-0.01, 0.01, frames).astype(np.float32)
    yield from (ramp[begin : begin + 1000] for begin in range(0, frames, 1000))


def render(path: Path, *, as_float: bool = False, rate: int = 48_000) -> None:
    write(path, blocks(), frames=FRAMES, sample_rate=rate, channels=1, as_float=as_float)


@pytest.mark.parametrize(
    ("name", "as_float", "subtype"), [("a.wav", False, "PCM_24"), ("a.WAV", True, "FLOAT"), ("a.flac", False, "PCM_24")]
)
def test_what_is_written_is_read_back(name: str, as_float: bool, subtype: str, tmp_path: Path) -> None:
    told: list[int] = []
    write(
        tmp_path / name, blocks(), frames=FRAMES, sample_rate=44_100, channels=1, as_float=as_float, written=told.append
    )
    sound, rate = soundfile.read(tmp_path / name)
    assert (rate, len(sound), soundfile.info(tmp_path / name).subtype) == (44_100, FRAMES, subtype)
    assert np.max(np.abs(sound - np.concatenate(list(blocks())))) < 1e-6
    assert sum(told) == FRAMES
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("ending", [".wav", ".flac"])
@pytest.mark.parametrize("there", [False, True])
def test_a_full_disk_leaves_no_broken_file_and_names_the_reason(tmp_path: Path, ending: str, there: bool) -> None:
    with small_disk(tmp_path, 2 << 20) as disk:
        path = disk / f"a{ending}"
        if there:
            render(path)
        before = path.read_bytes() if there else b""
        ballast = fill_up(disk, leave=20_000)
        with pytest.raises(SoundFileError, match=rf"cannot write {path}: No space left on device"):
            render(path)
        assert {each.name for each in disk.iterdir()} == ({path.name} if there else set()) | {"ballast"}
        assert (path.read_bytes() if there else b"") == before
        ballast.unlink()
        render(path)
        assert soundfile.info(path).frames == FRAMES


def test_an_end_that_is_lost_when_flac_is_closed_is_noticed(tmp_path: Path) -> None:
    """The last block of FLAC is written when it is closed; libsndfile does not say that it could not be."""
    with small_disk(tmp_path, 2 << 20) as disk:
        for leave in range(4096, 160_000, 4096):
            ballast = fill_up(disk, leave=leave)
            with suppress(SoundFileError):
                render(disk / "a.flac")
            ballast.unlink()
            if (disk / "a.flac").exists():
                sound, _ = soundfile.read(disk / "a.flac")
                assert len(sound) == FRAMES
                return
    raise AssertionError("it never had room")


def test_a_disk_that_says_only_at_the_end_that_it_is_full_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SoundFileError, match="No space left"):
        render(tmp_path / "a.wav")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fault", [KeyboardInterrupt, SystemExit, ZeroDivisionError])
def test_an_interruption_leaves_what_was_there_before(fault: type[BaseException], tmp_path: Path) -> None:
    def broken() -> Iterator[Block]:
        yield from blocks(5000)
        raise fault

    (tmp_path / "a.wav").write_bytes(b"mine")
    with pytest.raises(fault):
        write(tmp_path / "a.wav", broken(), frames=FRAMES, sample_rate=48_000, channels=1)
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]
    assert (tmp_path / "a.wav").read_bytes() == b"mine"


def test_a_link_and_the_rights_of_a_file_stay(tmp_path: Path) -> None:
    (tmp_path / "real.wav").write_bytes(b"")
    (tmp_path / "real.wav").chmod(0o640)
    (tmp_path / "link.wav").symlink_to("real.wav")
    render(tmp_path / "link.wav")
    assert (tmp_path / "link.wav").is_symlink()
    assert stat.S_IMODE((tmp_path / "real.wav").stat().st_mode) == 0o640
    assert soundfile.info(tmp_path / "real.wav").frames == FRAMES


def test_a_device_is_written_to_and_stays_one(tmp_path: Path) -> None:
    (tmp_path / "full.wav").symlink_to("/dev/full")
    (tmp_path / "null.wav").symlink_to("/dev/null")
    with pytest.raises(SoundFileError, match="No space left on device"):
        render(tmp_path / "full.wav")
    render(tmp_path / "null.wav")
    assert Path("/dev/full").is_char_device()


def test_a_name_with_other_bytes_and_a_very_long_one_are_written(tmp_path: Path) -> None:
    for name in ("K\udcfcche.wav", "x" * 251 + ".wav"):
        render(tmp_path / name)
        assert soundfile.info(os.fsencode(tmp_path / name)).frames == FRAMES


def test_what_cannot_be_is_said_with_the_path(tmp_path: Path) -> None:
    with pytest.raises(SoundFileError, match=r"no/where/a\.wav: No such file or directory"):
        render(tmp_path / "no" / "where" / "a.wav")
    with pytest.raises(SoundFileError, match="at 700000 Hz"):
        render(tmp_path / "a.flac", rate=700_000)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_outgrows_riff_is_rf64_from_its_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound_file, "LARGEST_WAV_BYTES", 3 * FRAMES - 1)
    render(tmp_path / "a.wav")
    assert soundfile.info(tmp_path / "a.wav").format == "RF64"
    monkeypatch.setattr(sound_file, "LARGEST_WAV_BYTES", 3 * FRAMES)
    render(tmp_path / "a.wav")
    assert soundfile.info(tmp_path / "a.wav").format == "WAV"


@pytest.mark.parametrize("ending", [KeyboardInterrupt, SystemExit])
def test_an_end_in_the_very_moment_in_which_the_draft_is_made_leaves_none(
    ending: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal's handler runs as soon as the call of the system returns, before its result is kept."""
    made: list[str] = []
    opened = os.open

    def interrupted(path: Path, *how: int) -> int:
        os.close(opened(path, *how))
        made.append(Path(path).name)
        raise ending

    monkeypatch.setattr(os, "open", interrupted)
    with pytest.raises(ending):
        render(tmp_path / "a.wav")
    assert [name.startswith(".render-") for name in made] == [True]
    assert list(tmp_path.iterdir()) == []


def test_a_relative_path_in_a_folder_that_is_gone_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(SoundFileError, match=r"cannot write a\.wav: No such file"):
        render(Path("a.wav"))
    render(tmp_path / "a.wav")
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]
