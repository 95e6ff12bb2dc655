"""The way to a real NATS server: addresses in turn, logins, TLS, and what is wrong with it in words."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import random
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from nats.aio.client import Client
from support.net.nats import nats_server
from support.suite.patience import PATIENCE_S

from formant_net.aio.driver import clock
from formant_net.aio.server import engine as engines
from formant_net.aio.server.desk_bucket import DeskBucket
from formant_net.aio.server.engine import Engine
from formant_net.aio.server.session import Session
from formant_net.fleet.agreed import Agreed
from formant_net.fleet.document import Document
from formant_net.fleet.wanted import Wanted
from formant_net.protocol.timing import Timing
from formant_net.server.registry.engine_url import EngineUrl
from formant_net.server.registry.leases import Place
from formant_net.server.registry.shared import SharedRegistry
from formant_net.timers.backoff import Backoff


def meet(url: str) -> str | None:
    """None when the registry was reached, or what is said of it after the first try."""

    async def story() -> str | None:
        registry = SharedRegistry(Place("attic", "run1"), 60.0)
        tried = asyncio.Event()

        def change(what: Callable[[float], None]) -> None:
            what(clock())
            for each in registry.writes():
                engine.carry(each)
            if registry.online or "not connected yet" not in str(registry.degraded()):
                tried.set()

        engine = Engine(
            EngineUrl.parse(url),
            registry,
            Backoff(Timing(), random.random),
            change=change,
            on_change=lambda now: None,
            on_bus=lambda payload, now: None,
            on_unreachable=lambda node, about, now: None,
        )
        engine.start()
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    await tried.wait()
                    tried.clear()
                    if registry.online:
                        return None
                    if "reading" not in str(registry.degraded()) and registry.degraded():
                        return registry.degraded()
        finally:
            await engine.close()

    return asyncio.run(story())


def test_the_second_address_is_tried_when_the_first_does_not_answer(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server, socket.socket() as silent:  # it has the port, and nobody listens there
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        first = meet(f"nats://127.0.0.1:{port}")
        assert first is not None
        assert f"127.0.0.1:{port}: nobody answers" in first

        async def both() -> None:
            registry = SharedRegistry(Place("attic", "run1"), 60.0)

            def change(what: Callable[[float], None]) -> None:
                what(clock())
                for each in registry.writes():
                    engine.carry(each)

            engine = Engine(
                EngineUrl.parse(f"nats://127.0.0.1:{port},{server.address}"),
                registry,
                Backoff(Timing(), random.random),
                change=change,
                on_change=lambda now: None,
                on_bus=lambda payload, now: None,
                on_unreachable=lambda node, about, now: None,
            )
            engine.start()
            async with asyncio.timeout(PATIENCE_S):
                while not registry.online:
                    await asyncio.sleep(0.01)
            await engine.close()

        asyncio.run(both())


def test_a_login_is_needed_where_one_is_asked_for_and_is_never_repeated(tmp_path: Path) -> None:
    with nats_server(tmp_path, "--user", "ann", "--pass", "hushhush") as server:
        assert meet(f"nats://ann:hushhush@{server.address}") is None
        for url in (f"nats://{server.address}", f"nats://ann:wrongwrong@{server.address}"):
            said = meet(url)
            assert said is not None
            assert "uthoriz" in said
            assert "hushhush" not in said
            assert "wrongwrong" not in said


def test_a_token_is_taken(tmp_path: Path) -> None:
    with nats_server(tmp_path, "--auth", "s3cret") as server:
        assert meet(f"nats://s3cret@{server.address}") is None


def test_a_server_without_jetstream_is_named(tmp_path: Path) -> None:
    with nats_server(tmp_path, jetstream=False) as server:
        said = meet(f"nats://{server.address}")
    assert said is not None
    assert "JetStream is not enabled" in said


def test_tls_checks_the_certificate(tmp_path: Path) -> None:
    with certificate(tmp_path) as (cert, key):
        options = ("--tls", "--tlscert", str(cert), "--tlskey", str(key))
        with nats_server(tmp_path, *options) as server:
            assert meet(f"tls://{server.address}?ca={cert}") is None
            said = meet(f"tls://{server.address}")
            assert said is not None
            assert "certificate" in said.lower()


@contextmanager
def certificate(folder: Path) -> Iterator[tuple[Path, Path]]:
    """A certificate of its own for 127.0.0.1, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "engine")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    cert, keyfile = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    keyfile.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    yield cert, keyfile


def test_it_ends_also_if_its_library_takes_the_first_cancellation_for_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """As nats-py does while it sends. The end of a server must not wait for ever then."""
    waits: list[int] = []

    class Deaf(Session):
        async def open(self, server: str) -> str:
            for n in range(2):
                waits.append(n)
                try:
                    await asyncio.sleep(3600.0)
                except asyncio.CancelledError:
                    if n:
                        raise
            return ""

    monkeypatch.setattr(engines, "Session", Deaf)

    async def story() -> None:
        engine = Engine(
            EngineUrl.parse("nats://127.0.0.1:1/choir"),
            SharedRegistry(Place("attic", "run1"), 60.0),
            Backoff(Timing(), random.random),
            change=lambda what: None,
            on_change=lambda now: None,
            on_bus=lambda payload, now: None,
            on_unreachable=lambda node, about, now: None,
        )
        engine.start()
        while not waits:
            await asyncio.sleep(0)
        await asyncio.wait_for(engine.close(), PATIENCE_S)
        assert waits == [0, 1]

    asyncio.run(story())


def test_another_session_begins_though_the_settings_of_boxes_take_a_cancellation_for_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun: list[int] = []
    sessions: list[Brief] = []

    class Brief(Session):
        async def open(self, server: str) -> str:
            sessions.append(self)
            return "made"

        async def read(self, *, fresh: bool, begun: Callable[[], None]) -> None: ...

        @property
        def connection(self) -> Client:
            return Client()

    async def deaf(self: DeskBucket, connection: Client) -> None:
        begun.append(len(sessions))
        for n in range(2):
            try:
                await asyncio.sleep(3600.0)
            except asyncio.CancelledError:
                if n:
                    raise

    monkeypatch.setattr(engines, "Session", Brief)
    monkeypatch.setattr(engines, "AGAIN_S", 0.0)
    monkeypatch.setattr(DeskBucket, "run", deaf)

    async def story() -> None:
        engine = Engine(
            EngineUrl.parse("nats://127.0.0.1:1/choir"),
            SharedRegistry(Place("attic", "run1"), 60.0),
            Backoff(Timing(backoff_first_s=0.001), lambda: 0.0),
            change=lambda what: None,
            on_change=lambda now: None,
            on_bus=lambda payload, now: None,
            on_unreachable=lambda node, about, now: None,
            agreed=Agreed(Wanted(document=Document(epoch="e1")), "run1"),
        )
        engine.start()
        async with asyncio.timeout(PATIENCE_S):
            for count in (1, 2):
                while len(begun) < count:
                    await asyncio.sleep(0)
                sessions[-1].end("over")
        await asyncio.wait_for(engine.close(), PATIENCE_S)
        assert begun[:2] == [1, 2]

    asyncio.run(story())
