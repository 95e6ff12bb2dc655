"""The real `formant-node server`: start line, key, refusals, clean end."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.machine import forked
from support.machine.processes import processes
from support.net.loopback import run
from support.net.namespace import Network
from support.suite.patience import PATIENCE_S
from support.suite.require import require_namespaces
from websockets.asyncio.client import connect

from formant_dsp.browser.bundle import wasm
from formant_net.aio.server import edge
from formant_net.aio.server.server import CannotListen
from formant_net.cli import main
from formant_net.protocol.join import JoinUrl

SERVER = [sys.executable, "-m", "formant_net", "server"]


def environment(**more: str) -> dict[str, str]:
    """Without the options of this shell; servers of tests are not announced on the network of this machine."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("FORMANT_")}
    return own | {"FORMANT_ANNOUNCE": "false"} | more


@contextmanager
def server(*options: str, **env: str) -> Iterator[tuple[subprocess.Popen[str], JoinUrl]]:
    process = subprocess.Popen(
        [*SERVER, "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(**env),
    )
    try:
        assert process.stdout is not None
        start, join = process.stdout.readline(), process.stdout.readline()
        assert re.fullmatch(r"Formant server \S+ listens on \S+( and \S+)?, port [1-9]\d*\.\n", start), start + join
        yield process, JoinUrl.parse(join.removeprefix("Join: ").split()[0])
    finally:
        process.kill()
        process.communicate()


def here(join: JoinUrl) -> str:
    """The WebSocket of the server by a path that needs no network."""
    return f"ws://127.0.0.1:{join.ws_url.rpartition(':')[2]}"


async def register(url: str, **fields: str) -> str:
    async with connect(url, compression=None) as socket:
        await socket.send(json.dumps({"type": "register", "client_id": "ctrl-a", **fields}))
        answer = json.loads(await socket.recv())
        return str(answer.get("code", answer["type"]))


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_exit_code_0_and_clients_connected(end: signal.Signals) -> None:
    async def story(join: JoinUrl, process: subprocess.Popen[str]) -> int | None:
        async with connect(here(join)) as socket:
            process.send_signal(end)
            await socket.wait_closed()
            return socket.close_code

    with server("--open") as (process, join):
        assert run(story(join, process)) == 1001
        out, errors = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, out, errors) == (0, "", "")


def test_it_makes_a_key_without_which_nobody_registers_and_which_no_log_shows() -> None:
    with server("--log-level", "debug") as (process, join):
        assert join.key is not None
        assert re.fullmatch(r"[a-z2-9]{4}(-[a-z2-9]{4}){2}", join.key)
        assert run(register(here(join))) == "bad-key"
        assert run(register(here(join), key="wrong")) == "bad-key"
        assert run(register(here(join), key=join.key)) == "registered"
        process.terminate()
        _, errors = process.communicate(timeout=PATIENCE_S)
        assert "client refused" in errors
        assert "controller registered  id=ctrl-a" in errors
        assert join.key not in errors
        assert "wrong" not in errors


@pytest.mark.skipif(not wasm(), reason="this build had no compiler for WebAssembly: make wasm says more")
def test_browsers_that_sing_get_the_presets_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('title = "Mine"\ndescription = ""\ntrim_db = 0\n[voice]\nvibrato_cents = 0\n')
    (tmp_path / "broken.toml").write_text("[voice\n")
    with server("--open", "--presets", str(tmp_path)) as (process, join):
        url = f"http://127.0.0.1:{join.ws_url.rpartition(':')[2].removesuffix('/ws')}/sing/voices.json"
        with urllib.request.urlopen(url) as answer:
            presets = json.load(answer)["presets"]
        assert "mine" in presets
        assert "plain" in presets
        assert "broken" not in presets
        process.terminate()
        _, errors = process.communicate(timeout=PATIENCE_S)
        assert "broken.toml" in errors


def test_browsers_that_sing_get_the_play_out_time_of_the_boxes() -> None:
    with server("--open", "--play-out", "40") as (_, join):
        url = f"http://127.0.0.1:{join.ws_url.rpartition(':')[2].removesuffix('/ws')}/sing"
        with urllib.request.urlopen(url) as answer:
            assert b'"play_out_s": 0.04' in answer.read()


def test_the_key_is_the_same_after_a_restart_and_another_one_given_counts(tmp_path: Path) -> None:
    with server(FORMANT_STATE_DIR=str(tmp_path)) as (_, first):
        pass  # ended by SIGKILL
    with server(FORMANT_STATE_DIR=str(tmp_path)) as (_, second):
        assert second.key == first.key
        assert second.key is not None
        assert run(register(here(second), key=second.key)) == "registered"
    with server("--key", "our own", FORMANT_STATE_DIR=str(tmp_path)) as (_, given):
        assert given.key == "our own"
    with server(FORMANT_STATE_DIR=str(tmp_path)) as (_, third):
        assert third.key == first.key
    (tmp_path / "server.key").unlink()
    with server(FORMANT_STATE_DIR=str(tmp_path)) as (_, anew):
        assert anew.key not in (None, first.key)


def test_a_key_that_cannot_be_kept_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with server(FORMANT_STATE_DIR=str(tmp_path / "file")) as (process, join):
        assert join.key is not None
        process.terminate()
        _, errors = process.communicate(timeout=PATIENCE_S)
        assert "the join key cannot be kept" in errors
        assert join.key not in errors


def test_the_key_comes_from_the_environment_and_the_log_is_json_on_demand() -> None:
    with server("--log-format", "json", FORMANT_KEY="our key") as (process, join):
        assert join.key == "our key"
        assert run(register(here(join), key="our key")) == "registered"
        process.terminate()
        _, errors = process.communicate(timeout=PATIENCE_S)
        assert [json.loads(line)["event"] for line in errors.splitlines()] == [
            "controller registered",
            "controller left",
        ]


def test_an_open_server_says_so_and_serves_the_page() -> None:
    with server("--open", "--advertise", "127.0.0.1", "--edge-id", "attic") as (_, join):
        assert join.key is None
        assert run(register(join.ws_url)) == "registered"
        with urllib.request.urlopen(join.http_url, timeout=PATIENCE_S) as page:
            assert b"<html" in page.read()
        with urllib.request.urlopen(join.http_url + "healthz", timeout=PATIENCE_S) as health:
            assert json.load(health)["edge"] == "attic"


def test_a_port_in_use_is_said_in_words_with_exit_code_1() -> None:
    with server("--open", "--advertise", "127.0.0.1") as (_, join):
        port = join.http_url.rpartition(":")[2].strip("/")
        other = subprocess.run(
            [*SERVER, "--port", port], capture_output=True, text=True, env=environment(), timeout=PATIENCE_S
        )
        assert other.returncode == 1
        assert f"port {port} is in use" in other.stderr
        assert "Traceback" not in other.stderr


@pytest.mark.parametrize("name", ["server", "up"])
def test_only_a_fault_of_the_socket_is_called_cannot_listen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk was told as "cannot listen … No space left: choose another --host"."""

    def failing(error: OSError) -> Any:
        @asynccontextmanager
        async def running(*_: object) -> AsyncIterator[None]:
            raise error
            yield

        return running

    given = [name, "--open", "--host", "127.0.0.1", "--port", "0", "--no-announce"]
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(edge, "running_edge", failing(full))
    result = CliRunner().invoke(main, given)
    assert result.exception is full
    assert "cannot listen" not in result.output
    monkeypatch.setattr(edge, "running_edge", failing(CannotListen(errno.EADDRNOTAVAIL, "no such address", None)))
    result = CliRunner().invoke(main, given)
    assert "cannot listen on 127.0.0.1 port 0: no such address: choose another --host" in result.output
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--open", "--key", "abcd"], "not both"),
        (["--port", "70000"], "70000"),
        (["--ice-server", "relay:3478"], "an ICE server is written"),
        (["--key", "k" * 2049], "at most 2048"),
        (["--log-format", "xml"], "xml"),
        (["--registry", "redis://box"], "NATS"),
        (["--registry", "nats://box"], "the same key"),
        (["--location", "91,0"], "latitude"),
        (["--advertise", "a b"], "'a b' is not a host name"),
    ],
)
def test_wrong_options_are_refused_in_words(options: list[str], says: str) -> None:
    refused = forked.run(["server", *options], env=environment())
    assert refused.returncode == 2
    assert says in refused.stderr


def test_the_address_is_printed_again_when_the_machine_gets_one() -> None:
    """A box that starts before its cable, without a gateway, in both families."""
    require_namespaces()
    with Network() as network, processes() as start:
        enter = ("nsenter", f"--net=/run/netns/{network.name}")
        server = start("server", "--open", "--port", "8099", prefix=enter)
        assert server.wait_for("Join:") == "Join: http://127.0.0.1:8099/  (open: no key needed)"
        server.wait_for("Only this machine can reach it: this machine has no network address.")
        network.link("eth0", "192.168.1.20/24", "fd77::20/64")
        again = server.wait_for("Join:", count=2)
        assert again == "Join: http://192.168.1.20:8099/  (open: no key needed)"
        for host in ("192.168.1.20", "[fd77::20]"):
            asked = f"import urllib.request as r; r.urlopen('http://{host}:8099/healthz', timeout={PATIENCE_S})"
            subprocess.run([*enter, sys.executable, "-c", asked], check=True)
