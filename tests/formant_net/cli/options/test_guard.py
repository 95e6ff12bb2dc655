"""The options that keep strangers out: what goes together, and that a running server takes new keys."""

from __future__ import annotations

import json
import signal
import ssl
import time
import urllib.request
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from support.machine.processes import processes
from support.net.loopback import run
from support.suite.patience import PATIENCE_S
from websockets.asyncio.client import connect

from formant_net.aio.server.server import Metrics
from formant_net.cli import main
from formant_net.cli.options.servers import servers_of
from formant_net.cli.play.up import synth_environment
from formant_net.cli.run.server import edge_options, server_options
from formant_net.protocol.join import JoinUrl
from formant_net.protocol.trust import Trust, pin_of

PIN = pin_of(b"x")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--open", "--key-file", "{file}"], "--open needs no keys"),
        (["--open", "--token-keys", "{file}"], "--open needs no keys"),
        (["--tls-key", "{file}"], "--tls-key needs --tls-cert"),
        (["--tls", "self-signed", "--tls-cert", "{file}"], "not both"),
        (["--tls-cert", "{file}"], "do not make a certificate"),
        (["--token-keys", "{file}"], "JWK Set"),
        (["--hsts"], "--hsts needs --tls-cert"),
        (["--tls", "self-signed", "--hsts"], "--hsts needs --tls-cert"),
        (["--allow-origin", "show.example"], "is not an origin"),
        (["--trust-proxy", "proxy.example"], "write an address"),
        (["--ice-server", "turn:relay:3478"], "--turn-secret"),
        (["--turn-secret", "north"], "--ice-server turn:HOST:PORT"),
        (["--metrics-token", "short"], "--metrics-token takes 16 or more"),
        (["--limit", "clients"], "is not NAME=VALUE"),
        (["--limit", "clients=0"], "must be above 0"),
    ],
)
def test_what_does_not_go_together_is_refused_in_words(options: list[str], says: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("abcd\n")
    arguments = ["server", "--port", "0", *(option.format(file=file) for option in options)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2, result.output
    assert says in result.output
    assert "north" not in result.output


@pytest.mark.parametrize(
    ("options", "metrics"),
    [([], None), (["--metrics"], Metrics()), (["--metrics-token", "0123456789abcdef"], Metrics("0123456789abcdef"))],
)
def test_the_metrics_are_off_unless_somebody_asks_for_them(options: list[str], metrics: Metrics | None) -> None:
    @click.command()
    @server_options
    def command(**given: Any) -> None:
        found.append(edge_options(**given).metrics)

    found: list[Metrics | None] = []
    result = CliRunner().invoke(command, ["--key", "abcd", *options], catch_exceptions=False)
    assert (result.exit_code, found) == (0, [metrics])
    assert "0123456789abcdef" not in repr(found), "the token is in no log"


def test_a_client_knows_its_server_by_the_url_or_by_an_option_over_https_only() -> None:
    (server,) = servers_of((f"https://box:8080/#key=a&pin={PIN}",), None)
    assert server.trust == Trust((PIN,))
    (server,) = servers_of(("https://box:8080/",), None, Trust(ca="/ca.pem"))
    assert server.trust == Trust(ca="/ca.pem")
    result = CliRunner().invoke(main, ["synth", "http://box:8080", "--tls-fingerprint", PIN])
    assert (result.exit_code, "the URL must begin with https" in result.output) == (2, True)
    result = CliRunner().invoke(main, ["controller", "https://box", "--demo", "--tls-fingerprint", "abc"])
    assert (result.exit_code, "43 characters" in result.output) == (2, True)


def test_the_synth_of_up_knows_our_certificate_and_nothing_it_inherits() -> None:
    own = {"HOME": "/", "FORMANT_TLS_CA": "x", "FORMANT_SYNTH_TLS_FINGERPRINT": "y", "FORMANT_TLS_FINGERPRINT": "z"}
    assert synth_environment(own, None) == {"HOME": "/"}
    made = synth_environment(own, "abcd", Path("/state/own.pem"))
    assert made == {"HOME": "/", "FORMANT_KEY": "abcd", "FORMANT_TLS_FINGERPRINT": "/state/own.pem"}


async def register(port: int, key: str) -> str:
    async with connect(f"ws://127.0.0.1:{port}/ws", compression=None) as socket:
        await socket.send(json.dumps({"type": "register", "client_id": "touch-ctrl-a", "key": key}))
        answer = json.loads(await socket.recv())
        return str(answer.get("code", answer["type"]))


def until(what: str, port: int, key: str, timeout_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + timeout_s
    while (said := run(register(port, key))) != what:
        assert time.monotonic() < deadline, f"{said}, not {what}"
        time.sleep(0.05)


def test_keys_are_rotated_while_the_server_runs(tmp_path: Path) -> None:
    """A key file that changes is noticed by itself, or at SIGHUP; who has the other keys notices nothing."""
    more, signing = tmp_path / "more", tmp_path / "keys.json"
    more.write_text("old-key\n")
    more.chmod(0o600)

    def token(*arguments: str) -> str:
        result = CliRunner().invoke(main, ["token", *arguments])
        assert result.exit_code == 0, result.output
        return result.output.strip()

    token("key", str(signing))
    first = token("make", "--keys", str(signing))
    with processes() as start:
        # Asking again and again until a key is taken would otherwise be guessing.
        files = ("--key-file", str(more), "--token-keys", str(signing), "--limit", "guesses=100000")
        server = start("server", "--port", "0", *files)
        port = int(server.wait_for("listens on").rstrip(".").rsplit(" ", 1)[1])
        assert run(register(port, "old-key")) == run(register(port, first)) == "registered"
        more.write_text("new-key\n")
        until("registered", port, "new-key")
        assert run(register(port, "old-key")) == "bad-key"
        token("key", str(signing))
        second = token("make", "--keys", str(signing))
        kid = json.loads(signing.read_text())["keys"][1]["kid"]
        until("registered", port, second)
        assert run(register(port, first)) == "registered"
        token("key", str(signing), "--retire", kid)
        server.tell(signal.SIGHUP)
        until("bad-key", port, first)
        assert run(register(port, second)) == "registered"
        said = server.output()
        for secret in ("old-key", "new-key", first, second, signing.read_text().split('"k": "')[1][:20]):
            assert secret not in said
        assert server.stop() == 0


def test_self_signed_https_and_limits_from_the_environment(tmp_path: Path) -> None:
    with processes() as start:
        environment = {"FORMANT_STATE_DIR": str(tmp_path), "FORMANT_LIMIT": "clients=7 burst=70"}
        server = start("server", "--port", "0", "--open", "--tls", "self-signed", environment=environment)
        join = JoinUrl.parse(server.wait_for("Join: ").removeprefix("Join: ").split()[0])
        assert join.pin is not None
        assert join.pin in server.wait_for("Certificate: ")
        context = ssl.create_default_context(cafile=str(tmp_path / "tls" / "self-signed.pem"))
        port = join.http_url.rsplit(":", 1)[1]
        with urllib.request.urlopen(f"https://localhost:{port}", timeout=PATIENCE_S, context=context) as page:
            assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"
            assert page.headers["Strict-Transport-Security"] is None
            assert b"<html" in page.read()
        assert server.stop() == 0
