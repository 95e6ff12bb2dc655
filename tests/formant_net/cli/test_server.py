"""The real `formant-node server`: start line, key, refusals, clean end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from support.sockets import run
from websockets.asyncio.client import connect

from formant_net.join import JoinUrl

SERVER = [sys.executable, "-m", "formant_net", "server"]


def environment(**more: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("FORMANT_")} | more


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
        assert re.fullmatch(r"Formant server \S+ listens on \S+ port [1-9]\d*\.\n", start), start + join
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
        out, errors = process.communicate(timeout=20)
        assert (process.returncode, out, errors) == (0, "", "")


def test_it_makes_a_key_without_which_nobody_registers_and_which_no_log_shows() -> None:
    with server("--log-level", "debug") as (process, join):
        assert join.key is not None
        assert re.fullmatch(r"[a-z2-9]{4}(-[a-z2-9]{4}){2}", join.key)
        assert run(register(here(join))) == "bad-key"
        assert run(register(here(join), key="wrong")) == "bad-key"
        assert run(register(here(join), key=join.key)) == "registered"
        process.terminate()
        _, errors = process.communicate(timeout=20)
        assert "client refused" in errors
        assert "controller registered  id=ctrl-a" in errors
        assert join.key not in errors
        assert "wrong" not in errors


def test_the_key_comes_from_the_environment_and_the_log_is_json_on_demand() -> None:
    with server("--log-format", "json", FORMANT_KEY="our key") as (process, join):
        assert join.key == "our key"
        assert run(register(here(join), key="our key")) == "registered"
        process.terminate()
        _, errors = process.communicate(timeout=20)
        assert [json.loads(line)["event"] for line in errors.splitlines()] == [
            "controller registered",
            "controller left",
        ]


def test_an_open_server_says_so_and_serves_the_page() -> None:
    with server("--open", "--advertise", "127.0.0.1", "--edge-id", "attic") as (_, join):
        assert join.key is None
        assert run(register(join.ws_url)) == "registered"
        with urllib.request.urlopen(join.http_url, timeout=10) as page:
            assert b"<html" in page.read()
        with urllib.request.urlopen(join.http_url + "healthz", timeout=10) as health:
            assert json.load(health)["edge"] == "attic"


def test_a_port_in_use_is_said_in_words_with_exit_code_1() -> None:
    with server("--open", "--advertise", "127.0.0.1") as (_, join):
        port = join.http_url.rpartition(":")[2].strip("/")
        other = subprocess.run([*SERVER, "--port", port], capture_output=True, text=True, env=environment(), timeout=20)
        assert other.returncode == 1
        assert f"port {port} is in use" in other.stderr
        assert "Traceback" not in other.stderr


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--open", "--key", "abcd"], "not both"),
        (["--port", "70000"], "70000"),
        (["--ice-server", "relay:3478"], "an ICE server is written"),
        (["--key", "k" * 2049], "at most 2048"),
        (["--log-format", "xml"], "xml"),
        (["--registry", "redis://box"], "NATS"),
        (["--registry", "nats://box"], "one key"),
        (["--location", "91,0"], "latitude"),
    ],
)
def test_wrong_options_are_refused_in_words(options: list[str], says: str) -> None:
    refused = subprocess.run([*SERVER, *options], capture_output=True, text=True, env=environment(), timeout=20)
    assert refused.returncode == 2
    assert says in refused.stderr
