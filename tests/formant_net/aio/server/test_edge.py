"""An edge put together: its name, its addresses, and who learns of relays."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from cryptography import x509
from structlog.testing import capture_logs
from support.net.loopback import run
from support.suite.patience import PATIENCE_S
from websockets.asyncio.client import connect

from formant_net.aio.lan import names as own_addresses
from formant_net.aio.lan.watch import readdressed
from formant_net.aio.server import edge
from formant_net.aio.server.edge import EdgeOptions, RunningEdge, own_edge_id, running_edge
from formant_net.aio.server.server import Metrics
from formant_net.aio.server.tls import TlsOptions
from formant_net.lan.addresses import Interface
from formant_net.lan.invitation import Invitation
from formant_net.protocol.ice import IceServers
from formant_net.protocol.join import JoinUrl
from formant_net.server.access.certificate import names_of


@pytest.mark.parametrize(
    ("host", "id"),
    [("Attic.local", "attic"), ("ann's pi_4", "ann-s-pi-4"), ("", "edge"), ("...", "edge"), ("a" * 80, "a" * 64)],
)
def test_an_edge_is_named_after_its_host(host: str, id: str) -> None:
    assert own_edge_id(host) == id


ETH = Interface("eth0", ("192.168.1.20", "fd77::20"), 2)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> list[Interface]:
    """The interfaces of a made-up machine; change the list, and they are others."""
    interfaces: list[Interface] = []
    followed = partial(readdressed, look=lambda: list(interfaces), interval_s=0.02)
    monkeypatch.setattr(edge, "readdressed", followed)
    return interfaces


@pytest.mark.parametrize("key", [None, "abcd"])
def test_the_join_url_has_an_address_for_others_and_the_local_one_works_here(
    key: str | None, machine: list[Interface]
) -> None:
    machine.append(ETH)

    async def story() -> None:
        async with running_edge(EdgeOptions(port=0, key=key, edge_id="attic")) as running:
            assert running.edge_id == "attic"
            assert running.invitation == Invitation(JoinUrl.make("192.168.1.20", running.port, key))
            assert running.local == JoinUrl.make("127.0.0.1", running.port, key)
            async with connect(running.local.ws_url):
                pass

    run(story())


def test_by_default_it_listens_in_both_families_on_one_port() -> None:
    async def story() -> None:
        async with running_edge(EdgeOptions(port=0)) as running:
            assert running.hosts == ("0.0.0.0", "::")
            assert running.place == f"0.0.0.0 and [::], port {running.port}"
            for host in ("127.0.0.1", "::1"):
                async with connect(JoinUrl.make(host, running.port).ws_url):
                    pass

    run(story())


def test_a_server_of_ipv6_alone_is_reached_from_here_by_ipv6() -> None:
    async def story() -> None:
        async with running_edge(EdgeOptions(host="::", port=0)) as running:
            assert running.hosts == ("::",)
            async with connect(running.local.ws_url):
                pass

    run(story())


def test_an_advertised_host_and_a_bound_one_stand_in_the_join_url() -> None:
    async def story() -> None:
        async with running_edge(EdgeOptions(host="127.0.0.1", port=0)) as running:
            assert running.invitation.join.http_url == f"http://127.0.0.1:{running.port}/"
            assert "127.0.0.1 only" in running.invitation.here_only
        async with running_edge(EdgeOptions(host="127.0.0.1", port=0, advertise="box.local")) as running:
            assert running.invitation.join.http_url == f"http://box.local:{running.port}/"
            assert running.local.http_url == f"http://127.0.0.1:{running.port}/"

    run(story())


def test_it_invites_anew_when_the_machine_gets_another_address(machine: list[Interface]) -> None:
    """Started before DHCP: nobody can reach it; then the lease comes, then another one."""

    async def story() -> None:
        invited: asyncio.Queue[Invitation] = asyncio.Queue()
        async with running_edge(EdgeOptions(port=0), invited.put_nowait) as running:
            assert running.invitation.here_only
            for interfaces in ([ETH], [Interface("eth0", ("10.0.0.9",), 2)]):
                machine[:] = interfaces
                async with asyncio.timeout(PATIENCE_S):
                    invitation = await invited.get()
                assert invitation == Invitation(JoinUrl.make(interfaces[0].addresses[0], running.port))
            machine.append(Interface("docker0", ("172.17.0.1",), 3))  # which concerns nobody
            await asyncio.sleep(0.1)
            assert invited.empty()

    run(story())


def test_a_certificate_of_its_own_follows_the_addresses(machine: list[Interface], tmp_path: Path) -> None:
    names: list[list[str]] = []

    async def story() -> None:
        invited: asyncio.Queue[Invitation] = asyncio.Queue()
        options = EdgeOptions(port=0, tls=TlsOptions())
        async with running_edge(options, invited.put_nowait) as running:
            assert running.certificate is not None
            machine.append(ETH)
            async with asyncio.timeout(PATIENCE_S):
                await invited.get()
            names.append(sorted(names_of(x509.load_pem_x509_certificate(running.certificate.read_bytes()))))

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORMANT_STATE_DIR", str(tmp_path))
        patch.setattr(own_addresses, "interfaces", lambda: list(machine))
        run(story())
    assert "192.168.1.20" in names[0]


def test_secrets_are_not_in_the_repr_of_the_options() -> None:
    options = EdgeOptions(
        key="abcd", ice_servers=IceServers(({"urls": ["turn:t"], "username": "u", "credential": "hush"},), "north")
    )
    assert "abcd" not in repr(options)
    assert "hush" not in repr(options)
    assert "north" not in repr(options)


@pytest.mark.parametrize(("key", "warned"), [("x", True), ("abcd-efgh-jkmn", False), (None, False)])
def test_a_server_with_a_key_that_can_be_guessed_says_so_when_it_starts(
    key: str | None, warned: bool, machine: list[Interface]
) -> None:
    async def story() -> None:
        with capture_logs() as logged:
            async with running_edge(EdgeOptions(host="127.0.0.1", port=0, key=key)):
                pass
        said = [line for line in logged if "can be guessed" in line["event"]]
        assert [line["log_level"] for line in said] == ["warning"] * warned
        assert all("leave --key out" in line["instead"] for line in said)

    run(story())


def test_an_edge_tells_prometheus_how_it_is_where_it_is_asked_to(machine: list[Interface]) -> None:
    machine.append(ETH)

    def get(running: RunningEdge) -> str:
        request = Request(f"{running.local.http_url}metrics", headers={"Authorization": "Bearer abcd"})
        with urlopen(request, timeout=PATIENCE_S) as answer:
            return str(answer.read().decode())

    async def story() -> None:
        async with running_edge(EdgeOptions(host="127.0.0.1", port=0, key="abcd", metrics=Metrics())) as running:
            text = await asyncio.to_thread(get, running)
            assert "formant_build_info" in text
            assert "formant_server_discovery_up" not in text, "it is not meant to be announced"
        async with running_edge(EdgeOptions(host="127.0.0.1", port=0, key="abcd")) as running:
            with pytest.raises(HTTPError, match="404"):
                await asyncio.to_thread(get, running)

    run(story())
