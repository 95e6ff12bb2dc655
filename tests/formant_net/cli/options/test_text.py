"""Text that is not UTF-8 is cleaned or refused at the door, and variables of others are not ours."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from support.machine import forked
from support.suite.patience import PATIENCE_S

from formant_net.cli.options.text import check_text, drop_foreign, label

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="arguments are bytes on POSIX")

STRAY = b"K\xfcche"
SHOWN = "K\N{REPLACEMENT CHARACTER}che"


def formant(*arguments: str | bytes, **environment: str | bytes) -> subprocess.CompletedProcess[str]:
    return forked.run([*arguments], env={**os.environ, **environment})


REFUSED: dict[str, list[str | bytes]] = {
    "a key": ["server", "--host", "127.0.0.1", "--port", "0", "--key", STRAY],
    "an edge": ["server", "--open", "--host", "127.0.0.1", "--port", "0", "--edge-id", STRAY],
    "a place": ["server", "--open", "--host", "127.0.0.1", "--port", "0", "--location", STRAY],
    "a relay": ["server", "--open", "--host", "127.0.0.1", "--port", "0", "--ice-server", b"stun:" + STRAY],
    "a host to listen on": ["server", "--open", "--host", STRAY],
    "an id": ["synth", "--audio", "none", "--id", STRAY],
    "a key of a client": ["controller", "--key", STRAY],
    "a URL": ["synth", "--audio", "none", b"http://" + STRAY + b":8080/"],
    "a URL with a key": ["synth", "--audio", "none", b"http://box:8080/#key=" + STRAY],
    "a limit": ["synth", "--audio", "none", "--limit", b"voices=" + STRAY],
    "a preset": ["synth", "--audio", "none", "--preset", STRAY],
    "a preset file": ["render", "-o", "x.wav", "--preset", STRAY + b".toml"],
    "a vowel": ["render", "-o", "x.wav", "--vowel", STRAY],
    "a number": ["render", "-o", "x.wav", "--set", b"skirt=" + STRAY],
    "a choice": ["render", "-o", "x.wav", "--voice", STRAY],
    "a table": ["render", "-o", "x.wav", "--table", STRAY],
    "a command": [STRAY],
    "an option": ["presets", b"--" + STRAY],
    "an option of up": ["up", "--open", "--port", "0", "--id", STRAY],
    "a unit": ["install-service", "--user", "--print", "synth", "--name", STRAY, "http://box.local:8080/"],
    "the name of a unit": ["install-service", "--user", "--print", "--name", STRAY, "synth", "http://box:8080/"],
    "a token": ["token", "read", STRAY, "--keys", os.devnull],
    "an id in a token": ["token", "make", "--keys", os.devnull, "--id", STRAY],
    "a configuration": ["--config", STRAY + b".toml", "presets"],
    "a folder of presets": ["presets", "--presets", STRAY],
    "a key that ends as a file": ["server", "--host", "127.0.0.1", "--port", "0", "--key", STRAY + b".pem"],
    "a key that begins as a recording": ["server", "--host", "127.0.0.1", "--port", "0", "--key", b"wav:" + STRAY],
    "an edge that ends as a file": ["server", "--open", "--port", "0", "--edge-id", STRAY + b".toml"],
}


@pytest.mark.parametrize("what", REFUSED)
def test_stray_bytes_are_refused_in_words(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = formant(*REFUSED[what], FORMANT_STATE_DIR=str(tmp_path))
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert "Error: " in done.stderr


def test_the_environment_and_a_file_pass_the_same_door(tmp_path: Path) -> None:
    done = formant("server", "--host", "127.0.0.1", "--port", "0", FORMANT_KEY=STRAY)
    assert (done.returncode, f"{SHOWN!r} has bytes that are not UTF-8" in done.stderr) == (2, True)


def test_a_path_may_have_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / os.fsdecode(STRAY + b".toml")).write_text("[render]\nseconds = 0.2\n")
    done = formant("--config", STRAY + b".toml", "presets")
    assert done.returncode == 0, done.stderr


def test_a_node_with_stray_bytes_everywhere_registers_by_a_clean_name(tmp_path: Path) -> None:
    """In its name, its state folder, its recording: they reach the server as text or not at all."""
    own: list[str | bytes] = ["--name", STRAY + b"\n\x1b[31m", "--audio", b"wav:" + STRAY + b".wav"]
    environment: dict[str, str | bytes] = {**os.environ, "FORMANT_STATE_DIR": bytes(tmp_path / "state") + STRAY}
    output = tmp_path / "output"
    with output.open("wb") as file:
        up = subprocess.Popen(
            [sys.executable, "-m", "formant_net", "up", "--open", "--host", "127.0.0.1", "--port", "0", *own],
            cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=environment,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + PATIENCE_S
        while b"synth registered" not in output.read_bytes():
            assert time.monotonic() < deadline, output.read_bytes()
            assert up.poll() is None
            time.sleep(0.1)
        up.send_signal(signal.SIGINT)
        assert up.wait(PATIENCE_S) == 0
    finally:
        up.kill()
        up.wait()
    assert f"recording to {SHOWN}.wav" in output.read_text(encoding="utf-8")
    assert b"Traceback" not in output.read_bytes()


def test_a_name_is_one_line_of_printable_text() -> None:
    assert label("K\udcfcche\n \x1b[31mred\u2028 ü") == f"{SHOWN} [31mred ü"
    assert label("\udcff") == "\N{REPLACEMENT CHARACTER}"
    assert label("\n") == ""


def test_a_parameter_checks_its_text_once() -> None:
    @click.command()
    @click.option("--name")
    @click.option("--key", multiple=True)
    @click.argument("path", type=click.Path())
    def command(name: str, key: tuple[str, ...], path: str) -> None:
        click.echo(ascii([name, key, path]))

    for _ in range(2):
        check_text(command.params, "synth")
    context = command.make_context("synth", ["--name", "\udcfc", "--key", "a", "--key", "b", "\udcfc"])
    assert context.params == {"name": "\N{REPLACEMENT CHARACTER}", "key": ("a", "b"), "path": "\udcfc"}
    context = command.make_context("synth", ["--name", "\udcfc.toml", ""])
    assert context.params["name"] == "\N{REPLACEMENT CHARACTER}.toml", "a name is no path, whatever it ends in"
    with pytest.raises(click.BadParameter, match="not UTF-8"):
        command.make_context("synth", ["--key", "\udcfc.pem", "x"])
    with pytest.raises(click.BadParameter, match="not UTF-8"):
        command.make_context("synth", ["--key", "a", "--key", "\udcfc", "x"])


@pytest.mark.parametrize("name", ["FORMANT_PORT", "FORMANT_SERVER_PORT", "FORMANT_DOCTOR_PORT", "FORMANT_SYNTH_PORT"])
@pytest.mark.parametrize("value", ["tcp://10.1.2.3:8080", "udp://10.1.2.3:8080", "sctp://[fd00::1]:8080"])
def test_what_kubernetes_says_of_a_service_is_not_ours(name: str, value: str) -> None:
    environment = {name: value, "FORMANT_SERVER_PORT_8080_TCP": "tcp://10.1.2.3:8080", "OTHER_PORT": value}
    drop_foreign(environment)
    assert environment == {"FORMANT_SERVER_PORT_8080_TCP": "tcp://10.1.2.3:8080", "OTHER_PORT": value}


def test_our_own_port_is_kept_beside_that_of_kubernetes() -> None:
    environment = {"FORMANT_SERVER_PORT": "tcp://10.1.2.3:8080", "FORMANT_PORT": "9000"}
    drop_foreign(environment)
    assert environment == {"FORMANT_PORT": "9000"}


def test_a_command_beside_such_a_service_works_and_a_wrong_port_is_still_refused() -> None:
    bad = formant("doctor", "--json", FORMANT_PORT="tcp:/10.1.2.3")
    assert (bad.returncode, "--port" in bad.stderr) == (2, True)
    good = formant("doctor", "--json", FORMANT_PORT="tcp://10.1.2.3:8080")
    assert good.returncode in (0, 1)
    assert good.stderr == ""
