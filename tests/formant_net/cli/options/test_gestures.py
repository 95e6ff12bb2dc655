"""Gesture files of commands: a bar for those that take long, words for those that cannot be played."""

from __future__ import annotations

import io
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO

import click
import pytest
from support.suite.patience import PATIENCE_S
from support.virtual.midi_file import midi_file

from formant_net.cli.options.gestures import SMALL_BYTES, _counted, read_touches

COMMANDS = {
    "render": ["render", "-o", "o.wav", "--gesture"],
    "controller": ["controller", "--wait-synths", "0", "http://127.0.0.1:9/", "--gesture"],
}


@pytest.mark.parametrize("content", ["", "\n\n# nothing\n"], ids=["empty", "comments"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_gesture_without_a_touch_is_refused_by_both(command: str, content: str, tmp_path: Path) -> None:
    (tmp_path / "g.jsonl").write_text(content, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "formant_net", *COMMANDS[command], "g.jsonl"],
        cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "g.jsonl contains no touch" in done.stderr
    assert not (tmp_path / "o.wav").exists()


def test_standard_input_that_is_closed_or_empty_is_refused(tmp_path: Path) -> None:
    for stdin in (subprocess.DEVNULL, None):
        done = subprocess.run(
            [sys.executable, "-m", "formant_net", *COMMANDS["render"], "-"],
            cwd=tmp_path, stdin=stdin, capture_output=True, text=True, timeout=300, check=False,
            preexec_fn=None if stdin else lambda: os.close(0),
        )  # fmt: skip
        assert done.returncode == 2
        assert "contains no touch" in done.stderr


def test_an_error_names_the_file_and_the_line() -> None:
    with pytest.raises(click.BadParameter, match=r"song\.jsonl, line 2: "):
        read_touches(io.BytesIO(b'{"t":0,"x":0,"y":0}\n{"t":"soon"}\n'), "song.jsonl")


def test_the_progress_of_a_file_moves_with_its_lines_and_ends_at_its_size() -> None:
    """Every thousand lines: a bar that jumps from nothing to all says nothing while people wait."""
    steps: list[int] = []
    lines = list(_counted(io.BytesIO(b'{"t":1}\n' * 5500), steps.append))
    assert len(lines) == 5500
    assert steps == [8000] * 5 + [4000]


def test_a_large_file_shows_its_progress_on_a_terminal_and_leaves_no_draft_when_it_is_told_to_end(
    tmp_path: Path,
) -> None:
    line = b'{"t":%d.%03d,"x":0.3,"y":0.1}\n'
    with (tmp_path / "g.jsonl").open("wb") as file:
        for number in range(40_000):
            file.write(line % divmod(number * 50, 1000))
    assert (tmp_path / "g.jsonl").stat().st_size > SMALL_BYTES
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "formant_net", *COMMANDS["render"], "g.jsonl", "--voices", "2"],
        cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=slave, stderr=slave, env={**os.environ, "TERM": "xterm"},
    )  # fmt: skip
    os.close(slave)
    try:
        said = b""
        deadline = time.monotonic() + PATIENCE_S
        while b"o.wav" not in said or b"%" not in said.rpartition(b"o.wav")[2]:
            assert time.monotonic() < deadline
            said += os.read(master, 65536)
        assert b"reading g.jsonl" in said
        assert b"placing touches" in said
        while not any(path.name.startswith(".render-") for path in tmp_path.iterdir()):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 128 + signal.SIGTERM
    finally:
        process.kill()
        process.wait()
        os.close(master)
    assert [path.name for path in tmp_path.iterdir()] == ["g.jsonl"]


def _midi(tmp_path: Path, *tracks: str, **options: Any) -> BinaryIO:
    path = tmp_path / "song.mid"
    path.write_bytes(midi_file(*tracks, **options))
    return path.open("rb")


def test_a_midi_file_is_a_gesture_and_its_lyrics_choose_the_vowels(tmp_path: Path) -> None:
    with _midi(tmp_path, "00 FF 05 02 6D 69 00 90 45 7F 83 60 80 45 00") as file:
        touches = read_touches(file, "song.mid", ["a", "i", "u"])
    assert [(touch.t, touch.note, touch.y, touch.active) for touch in touches] == [
        (0.0, 69.0, 0.5, True), (0.5, 69.0, 0.5, False)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("track", "options", "words"),
    [
        ("00 90 45 7F", {"division": "00 00"}, "song.mid: a quarter note has 0 ticks"),
        ("00 FF 2F 00", {}, "song.mid: it contains no note"),
        ("00 99 45 7F 10 89 45 00", {}, "song.mid: it contains only percussion"),
    ],
)
def test_a_midi_file_that_cannot_be_played_is_refused_by_its_name(
    track: str, options: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with _midi(tmp_path, track, **options) as file, pytest.raises(click.BadParameter, match=words):
        read_touches(file, "song.mid")


def test_of_very_many_warnings_the_first_ones_are_shown_and_the_others_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with _midi(tmp_path, *["00 90 45 7F 10 80 45 00 00"] * 300) as file:
        read_touches(file, "song.mid")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) <= 22
    assert "song.mid: 280 more warnings of this kind" in lines


def test_what_is_wrong_with_a_midi_file_and_what_it_leaves_out_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "".join(f"00 90 {key:02X} 7F " for key in range(40))
    with _midi(tmp_path, "00 FF 51 03 00 00 00 " + text + "10 FF 2F 00") as file:
        read_touches(file, "song.mid")
    said = capsys.readouterr().err
    assert "song.mid: a tempo of 0 is skipped" in said
    assert "song.mid: 8 notes ended early or are left out" in said
