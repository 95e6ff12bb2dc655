"""TLS on real sockets: whom a client takes for its server, and a certificate that changes while it runs."""

from __future__ import annotations

import asyncio
import socket as sockets
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.net.loopback import edge, run
from support.suite.patience import PATIENCE_S
from support.virtual.clock import at_once

from formant_net.aio.client.signaling import SignalingSockets
from formant_net.aio.client.verify import NotTrusted, client_context, unknown
from formant_net.aio.server.tls import SELF_SIGNED, ServerTls, TlsError, TlsOptions
from formant_net.client.effects import Connect
from formant_net.protocol.trust import SYSTEM, Trust
from formant_net.server.access.certificate import (
    from_pem,
    make_certificate,
    make_private_key,
    names_of,
    pin_of_pem,
    to_pem,
)
from formant_net.server.access.limits import Limits

LOCAL = ["127.0.0.1", "localhost"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FORMANT_STATE_DIR", str(tmp_path))
    return tmp_path


def write(path: Path, names: Sequence[str] = LOCAL, key: Any = None, now: datetime | None = None) -> Path:
    key = key or make_private_key()
    path.write_bytes(to_pem(key, make_certificate(key, names, now or datetime.now(UTC))))
    return path


def own(names: Sequence[str] = LOCAL) -> ServerTls:
    return ServerTls(TlsOptions(), lambda: names)


class Listener:
    """What a client's socket tells its core."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[str] = asyncio.Queue()

    def opened(self, attempt: int, now: float) -> None:
        self.told.put_nowait("open")

    def closed(self, attempt: int, reason: str, now: float) -> None:
        self.told.put_nowait(reason)

    def checked(self, number: int, ok: bool, now: float) -> None:
        raise AssertionError("no other server was asked for")

    def receive(self, attempt: int, message: object, now: float) -> None:
        self.told.put_nowait("received")


async def visit(port: int, trust: Trust, host: str = "127.0.0.1") -> str:
    """What a client that trusts so hears first: "open" or why not."""
    listener = Listener()
    client = SignalingSockets(listener, at_once)
    client.connect(Connect(f"wss://{host}:{port}/ws", 1, trust))
    try:
        return await asyncio.wait_for(listener.told.get(), PATIENCE_S)
    finally:
        await client.close()


@asynccontextmanager
async def secure_edge(tls: ServerTls, **options: Any) -> AsyncIterator[int]:
    async with edge(tls=tls.context, secure=True, **options) as attic:
        yield attic.port


# --- whom a client takes for its server ------------------------------------------------------------------------------


def test_a_client_that_knows_the_key_connects_and_one_that_knows_another_does_not() -> None:
    async def story() -> None:
        tls = own()
        async with secure_edge(tls) as port:
            assert await visit(port, Trust((tls.pin,))) == "open"
            assert await visit(port, Trust((str(tls.path),))) == "open"
            assert await visit(port, Trust(("sha256-" + "A" * 43, tls.pin))) == "open"
            refused = await visit(port, Trust(("sha256-" + "A" * 43,)))
            assert "another server than the one you want" in refused
            assert "join URL" in refused

    run(story())


def test_who_is_not_known_hears_no_word_of_ours() -> None:
    """Not even the request: who stands between must not learn that there was anything to say."""

    async def story() -> None:
        tls, heard = own(), bytearray()

        async def spy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.extend(await reader.read(1000))
            writer.close()

        server = await asyncio.start_server(spy, "127.0.0.1", 0, ssl=tls.context)
        async with server:
            port = server.sockets[0].getsockname()[1]
            assert "another server than" in await visit(port, Trust(("sha256-" + "A" * 43,)))
            await asyncio.sleep(0.05)
        assert heard == b""

    run(story())


def test_without_a_pin_a_self_signed_certificate_is_not_known_and_the_words_say_what_to_do() -> None:
    async def story() -> None:
        async with secure_edge(own()) as port:
            for trust in (SYSTEM, Trust(ca=str(write(Path(own().path.parent / "other.pem"))))):
                refused = await visit(port, trust)
                assert "certificate is not known" in refused
                assert "--tls-fingerprint" in refused

    run(story())


def test_a_named_authority_counts_and_the_name_must_fit(folder: Path) -> None:
    async def story() -> None:
        file = write(folder / "cert.pem", ["127.0.0.1"])
        async with secure_edge(ServerTls(TlsOptions(file), list)) as port:
            assert await visit(port, Trust(ca=str(file))) == "open"
            assert "certificate is not known" in await visit(port, Trust(ca=str(file)), host="localhost")

    run(story())


@pytest.mark.parametrize(("code", "words"), [(9, "clock is wrong"), (10, "clock is wrong"), (18, "--tls-fingerprint")])
def test_a_certificate_whose_time_it_is_not_asks_after_the_clock(code: int, words: str) -> None:
    error = ssl.SSLCertVerificationError()
    error.verify_code, error.verify_message = code, "Certificate is not yet valid"
    assert words in unknown(error)
    assert "not yet valid" in unknown(error)


def test_a_file_that_is_no_certificate_is_said(folder: Path) -> None:
    (folder / "x.pem").write_text("nothing")
    with pytest.raises(NotTrusted, match="PEM"):
        client_context(Trust(ca=str(folder / "x.pem")))

    async def story() -> None:
        async with secure_edge(own()) as port:
            assert "cannot read the certificate" in await visit(port, Trust((str(folder / "missing.pem"),)))

    run(story())


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
def test_old_versions_of_tls_are_refused() -> None:
    async def story() -> None:
        tls = own()
        async with secure_edge(tls) as port:
            old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
            old.set_ciphers("DEFAULT:@SECLEVEL=0")
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await asyncio.open_connection("127.0.0.1", port, ssl=old)
            assert await visit(port, Trust((tls.pin,))) == "open"

    run(story())


def test_a_socket_that_never_begins_its_handshake_is_closed() -> None:
    async def story() -> None:
        async with secure_edge(own(), limits=Limits(handshake_s=0.3)) as port:
            loop = asyncio.get_running_loop()
            with sockets.create_connection(("127.0.0.1", port)) as silent:
                silent.setblocking(False)
                async with asyncio.timeout(PATIENCE_S):
                    with suppress(ConnectionError):
                        assert await loop.sock_recv(silent, 1) == b""

    run(story())


# --- its own certificate ---------------------------------------------------------------------------------------------


def test_it_is_made_once_kept_and_only_the_owners(folder: Path) -> None:
    first = own()
    assert first.path == folder / SELF_SIGNED
    assert first.path.stat().st_mode & 0o777 == 0o600
    before = first.path.read_bytes()
    assert own().pin == first.pin
    assert own().path.read_bytes() == before
    assert names_of(from_pem(before)[1]) == set(LOCAL)


def test_another_address_makes_another_certificate_of_the_same_key_while_it_runs() -> None:
    async def story() -> None:
        names = list(LOCAL)
        tls = own(names)
        pin = tls.pin
        async with secure_edge(tls) as port:
            assert await visit(port, Trust((pin,))) == "open"
            names.append("192.168.1.77")
            tls.refresh()
            assert names_of(await certificate_at(port)) == {*LOCAL, "192.168.1.77"}
            assert await visit(port, Trust((pin,))) == "open"

    run(story())


async def certificate_at(port: int) -> Any:
    from cryptography import x509

    context = client_context(Trust(("any",)))
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return x509.load_der_x509_certificate(der)


def test_one_that_runs_out_is_made_anew_with_the_same_key(folder: Path) -> None:
    key = make_private_key()
    (folder / "tls").mkdir()
    write(folder / SELF_SIGNED, LOCAL, key, datetime.now(UTC) - timedelta(days=380))
    old = (folder / SELF_SIGNED).read_bytes()
    tls = own()
    assert tls.path.read_bytes() != old
    assert tls.pin == pin_of_pem(old)


def test_a_damaged_file_is_replaced(folder: Path) -> None:
    (folder / "tls").mkdir()
    (folder / SELF_SIGNED).write_text("damaged")
    assert own().pin.startswith("sha256-")


def test_a_folder_that_cannot_be_written_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORMANT_STATE_DIR", "/proc/nowhere")
    with pytest.raises(TlsError, match="FORMANT_STATE_DIR"):
        own()


# --- one from files --------------------------------------------------------------------------------------------------


def test_an_exchanged_file_is_used_for_the_next_connection_and_a_broken_one_is_not(folder: Path) -> None:
    async def story() -> None:
        file = write(folder / "cert.pem")
        tls = ServerTls(TlsOptions(file), list)
        first = pin_of_pem(file.read_bytes())
        async with secure_edge(tls) as port:
            assert await visit(port, Trust((first,))) == "open"
            write(file)
            second = pin_of_pem(file.read_bytes())
            tls.refresh()
            assert await visit(port, Trust((second,))) == "open"
            assert "another server than" in await visit(port, Trust((first,)))
            file.write_text("half a fi")
            tls.refresh()
            assert await visit(port, Trust((second,))) == "open"

    run(story())


def test_certificate_and_key_from_two_files_that_belong_together(folder: Path) -> None:
    both = write(folder / "both.pem").read_bytes()
    cut = both.index(b"-----BEGIN CERT")
    (folder / "key.pem").write_bytes(both[:cut])
    (folder / "cert.pem").write_bytes(both[cut:])
    ServerTls(TlsOptions(folder / "cert.pem", folder / "key.pem"), list)
    other = write(folder / "other.pem")
    for certificate, key in ((folder / "cert.pem", other), (folder / "cert.pem", None), (folder / "key.pem", None)):
        with pytest.raises(TlsError, match="--tls-cert the PEM file"):
            ServerTls(TlsOptions(certificate, key), list)
    with pytest.raises(TlsError, match="cannot read"):
        ServerTls(TlsOptions(folder / "missing.pem"), list)


def test_a_key_with_a_password_is_said_and_nobody_is_asked(folder: Path) -> None:
    from cryptography.hazmat.primitives import serialization

    key = make_private_key()
    certificate = make_certificate(key, LOCAL, datetime.now(UTC))
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    with pytest.raises(TlsError, match="without a password"):
        ServerTls(TlsOptions(folder / "cert.pem", folder / "key.pem"), list)
