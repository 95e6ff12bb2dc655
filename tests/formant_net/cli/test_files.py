"""Files that users write: with a byte order mark they are read, and whatever else is in their place is refused soon."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile
from support.machine import forked
from support.suite.cases import ALL_CASES

TIMEOUT_S = 200.0
"""A command that hangs on a pipe, or reads a device for ever, does not end within this."""


def formant(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FORMANT_")}
    return forked.run([*map(str, arguments)], env={**clean, **environment}, timeout=TIMEOUT_S)


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def a_huge_file(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(5_000_000_000)


def bytes_of_another_encoding(path: Path) -> None:
    path.write_bytes(b"# K\xfcche\n")


def utf_16(path: Path) -> None:
    path.write_bytes("[render]\nseconds = 1".encode("utf-16"))


WRONG = [a_pipe, a_device, a_huge_file, bytes_of_another_encoding, utf_16]

READERS: dict[str, list[str]] = {
    "configuration": ["--config", "{}", "presets"],
    "join keys": ["server", "--host", "127.0.0.1", "--port", "0", "--key-file", "{}"],
    "token keys": ["server", "--host", "127.0.0.1", "--port", "0", "--token-keys", "{}"],
    "token keys to make one": ["token", "make", "--keys", "{}"],
    "token keys to add to": ["token", "key", "{}"],
    "certificate": ["server", "--open", "--host", "127.0.0.1", "--port", "0", "--tls-cert", "{}"],
    "preset": ["render", "-o", "x.wav", "--preset", "{}"],
    "preset of a synth": ["synth", "--audio", "none", "--preset", "{}", "http://127.0.0.1:9/"],
}


# All read by one function (formant_files): each reader meets one wrong file, and each wrong file at least one reader.
EACH = [(reader, put) for i, reader in enumerate(READERS) for j, put in enumerate(WRONG) if ALL_CASES or i % 5 == j]


@pytest.mark.parametrize(("reader", "put"), EACH, ids=lambda each: getattr(each, "__name__", each))
def test_what_is_no_such_file_is_refused_in_words_and_soon(
    reader: str, put: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "file.toml"
    put(path)
    done = formant(*(word.format(path) for word in READERS[reader]), FORMANT_STATE_DIR=str(tmp_path / "state"))
    assert done.returncode in (1, 2), done.stderr
    assert "Traceback" not in done.stderr
    assert str(path) in done.stderr


def test_the_configuration_of_the_user_is_refused_as_well(tmp_path: Path) -> None:
    folder = tmp_path / "formant-node"
    folder.mkdir()
    os.mkfifo(folder / "formant-node.toml")
    done = formant("presets", XDG_CONFIG_HOME=str(tmp_path))
    assert done.returncode == 2
    assert "it is a pipe, not a file" in done.stderr


def test_the_null_device_is_no_configuration(tmp_path: Path) -> None:
    assert formant("--config", os.devnull, "presets").returncode == 0


def test_files_with_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    config, gesture, keys = tmp_path / "node.toml", tmp_path / "gesture.jsonl", tmp_path / "keys"
    config.write_text("\ufeff[render]\nseconds = 0.9\n", encoding="utf-8")
    gesture.write_text('\ufeff{"t":0,"x":0.3,"y":0}\n{"t":0.2,"active":false}\n', encoding="utf-8")
    keys.write_text("\ufeffabcd-efgh-jkmn\n", encoding="utf-8")
    note, played = tmp_path / "note.wav", tmp_path / "played.wav"
    assert formant("--config", config, "render", "-o", note).returncode == 0
    assert soundfile.info(note).duration == pytest.approx(0.9)
    assert formant("render", "-o", played, "--gesture", gesture).returncode == 0
    assert soundfile.info(played).duration == pytest.approx(0.6)
