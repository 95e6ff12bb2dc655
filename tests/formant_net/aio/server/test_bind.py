"""The sockets that a server listens on: both families on one port, and systems that have one family alone."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from formant_net.aio.server import bind
from formant_net.aio.server.bind import hosts_of, listen, port_of


@contextmanager
def listening(host: str, port: int = 0) -> Iterator[list[socket.socket]]:
    sockets = listen(host, port)
    try:
        yield sockets
    finally:
        for each in sockets:
            each.close()


def reaches(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=2.0).close()
    except OSError:
        return False
    return True


def has(address: str) -> bool:
    """Whether this machine has the address: one without IPv6 may be listened on at `::`, and has no `::1`."""
    try:
        socket.create_server((address, 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def test_no_host_is_every_address_of_both_families_on_one_port() -> None:
    with listening("") as sockets:
        assert hosts_of(sockets) == ("0.0.0.0", "::")
        assert {each.getsockname()[1] for each in sockets} == {port_of(sockets)}
        assert reaches("127.0.0.1", port_of(sockets))
        assert reaches("::1", port_of(sockets)) == has("::1")


@pytest.mark.parametrize(("host", "other"), [("0.0.0.0", "::1"), ("::", "127.0.0.1")])
def test_one_family_is_that_family_alone(host: str, other: str) -> None:
    with listening(host) as sockets:
        assert hosts_of(sockets) == (host,)
        assert not reaches(other, port_of(sockets))


def test_a_name_is_every_address_that_it_has() -> None:
    with listening("localhost") as sockets:
        found = {address[4][0] for address in socket.getaddrinfo("localhost", 0, type=socket.SOCK_STREAM)}
        assert set(hosts_of(sockets)) == found


LOCALHOST = (
    (socket.AF_INET6, socket.SOCK_STREAM, ("::1", 0, 0, 0)),
    (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
)


@pytest.mark.parametrize("error", [errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL])
def test_a_system_without_ipv6_listens_on_ipv4(error: int, monkeypatch: pytest.MonkeyPatch) -> None:
    class OldSocket(socket.socket):
        def __init__(self, family: int, kind: int) -> None:
            if family == socket.AF_INET6:
                raise OSError(error, "no IPv6 here")
            super().__init__(family, kind)

    monkeypatch.setattr(bind.socket, "socket", OldSocket)  # type: ignore[attr-defined]
    with listening("") as sockets:
        assert hosts_of(sockets) == ("0.0.0.0",)
    both = [(family, kind, 6, "", address) for family, kind, address in LOCALHOST]
    monkeypatch.setattr(bind.socket, "getaddrinfo", lambda *_, **__: both)  # type: ignore[attr-defined]
    with listening("localhost") as sockets:  # vllm#1288: a container whose /etc/hosts has ::1 all the same
        assert hosts_of(sockets) == ("127.0.0.1",)
    monkeypatch.setattr(bind.socket, "getaddrinfo", lambda *_, **__: both[:1])  # type: ignore[attr-defined]
    with pytest.raises(OSError, match="no IPv6 here"):  # asked for: then it is an error
        listen("::1", 0)


@contextmanager
def kept_for_ipv4() -> Iterator[int]:
    """A port of IPv4 that nobody else on this machine is given meanwhile, and that can be listened on all the same."""
    with socket.socket() as kept:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("", 0))
        yield kept.getsockname()[1]


def test_a_port_that_is_taken_in_ipv6_alone_is_an_error_that_names_the_address() -> None:
    with kept_for_ipv4() as port:
        with listening("0.0.0.0", port):
            pass
        try:
            taken = listen("::", port)
        except OSError:  # somebody else has it already: that is as good
            taken = []
        with pytest.raises(OSError, match="in use") as caught:
            listen("", port)
        for each in taken:
            each.close()
    assert caught.value.errno == errno.EADDRINUSE
    assert caught.value.filename == "::"


def test_any_free_port_is_free_in_both_families(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first free one of IPv4 is taken in IPv6: another is tried, and nothing of the first is left."""
    free = bind._one
    asked: list[int] = []
    made: list[socket.socket] = []

    def one(family: int, address: tuple[Any, ...]) -> socket.socket:
        if family == socket.AF_INET6:
            asked.append(address[1])
            if len(asked) == 1:
                raise OSError(errno.EADDRINUSE, "Address already in use")
        made.append(free(family, address))
        return made[-1]

    monkeypatch.setattr(bind, "_one", one)
    with listening("") as sockets:
        assert port_of(sockets) == asked[1]
        assert made[0].fileno() == -1, "it is closed"


@pytest.mark.parametrize("host", ["a..b", "a" * 64 + ".example", "300.1.1.1"])
def test_what_cannot_be_a_host_is_an_error_of_the_system(host: str) -> None:
    """Python raises a UnicodeError for some of these."""
    with pytest.raises(OSError, match=r"no such host name|not known|failure|No address"):
        listen(host, 0)
