"""Small files: only regular ones of a limited size are read, as UTF-8, and every refusal says why."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import formant_files
from formant_files import read_bytes, read_text


def refusal(path: Path, at_most: int = 1000) -> str:
    with pytest.raises(OSError) as caught:  # noqa: PT011
        read_text(path, at_most)
    assert caught.value.filename == str(path)
    return str(caught.value.strerror)


def test_a_file_is_read_whole_up_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 1000)
    assert read_bytes(path, 1000) == b"x" * 1000
    assert refusal(path, 999) == "it has 1 kB, more than 999 bytes"
    path.write_bytes(b"")
    assert read_bytes(path, 1000) == b""


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"caf\xc3\xa9\n", "café\n"),
        (b"\xef\xbb\xbfa = 1\r\n", "a = 1\r\n"),
        (b"\xef\xbb\xbf", ""),
        (b"", ""),
        (b"a\xef\xbb\xbfb", "a\ufeffb"),
    ],
)
def test_text_is_utf_8_with_or_without_a_byte_order_mark(content: bytes, text: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content)
    assert read_text(tmp_path / "file", 1000) == text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a\nb = K\xfcche\n", "it is not UTF-8 text (byte 0xfc in line 2): save it as UTF-8"),
        ("a = 1".encode("utf-16"), "it is UTF-16, not UTF-8: save it as UTF-8"),
        ("a = 1".encode("utf-16-be"), ""),
        (b"\xed\xa0\x80", "it is not UTF-8 text (byte 0xed in line 1): save it as UTF-8"),
    ],
)
def test_other_bytes_are_refused_with_their_place(content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content)
    if words:
        assert refusal(tmp_path / "file") == words
    else:  # without a mark it is UTF-8 with null characters, which no format takes
        assert "\0" in read_text(tmp_path / "file", 1000)


def test_a_folder_and_a_socket_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path) == "it is a folder, not a file"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        assert refusal(tmp_path / "socket") == "it is a socket, not a file"


def test_a_pipe_and_devices_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert refusal(tmp_path / "pipe") == "it is a pipe, not a file"
    for device in ("/dev/zero", "/dev/full", "/dev/tty"):
        assert refusal(Path(device)) == "it is a device, not a file"


def test_the_null_device_is_an_empty_file() -> None:
    assert read_text(os.devnull, 10) == ""


def test_a_file_of_the_kernel_that_gives_nothing_yet_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As /proc/kmsg, which is a regular file for `stat`. Here a pipe with a writer pretends to be one."""
    os.mkfifo(tmp_path / "kmsg")
    writer = os.open(tmp_path / "kmsg", os.O_RDWR)
    try:
        monkeypatch.setattr(formant_files, "_KINDS", ())
        assert refusal(tmp_path / "kmsg") == "it is a stream, not a file"
    finally:
        os.close(writer)


def test_a_pipe_that_takes_the_place_of_a_file_after_the_first_look_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    before = path.stat()
    path.unlink()
    os.mkfifo(path)
    monkeypatch.setattr(Path, "stat", lambda *_, **__: before)
    assert refusal(path) == "it is a pipe, not a file"


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.truncate(5_000_000_000)
    assert refusal(path, 1_000_000) == "it has 5 GB, more than 1 MB"


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_a_file_that_says_it_is_empty_and_is_not_is_bounded_as_well() -> None:
    assert Path("/proc/self/status").stat().st_size == 0
    assert refusal(Path("/proc/self/status"), 10) == "it is larger than 10 bytes"
    assert "Name:" in read_text("/proc/self/status", 100_000)


def test_what_the_system_says_is_passed_on(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_bytes(tmp_path / "none", 10)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert "symbolic links" in refusal(tmp_path / "loop")


def test_it_stands_below_both_packages() -> None:
    code = "import formant_files, sys; assert not {'formant_net', 'formant_dsp', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)
