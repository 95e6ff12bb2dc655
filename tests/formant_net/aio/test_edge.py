"""An edge put together: its name, its addresses, and who learns of relays."""

from __future__ import annotations

import ipaddress

import pytest
from support.sockets import run
from websockets.asyncio.client import connect

from formant_net.aio.edge import EdgeOptions, own_edge_id, running_edge
from formant_net.aio.lan import lan_address
from formant_net.ice import IceServers
from formant_net.join import JoinUrl


@pytest.mark.parametrize(
    ("host", "id"),
    [("Attic.local", "attic"), ("ann's pi_4", "ann-s-pi-4"), ("", "edge"), ("...", "edge"), ("a" * 80, "a" * 64)],
)
def test_an_edge_is_named_after_its_host(host: str, id: str) -> None:
    assert own_edge_id(host) == id


def test_the_lan_address_is_an_address() -> None:
    assert not ipaddress.ip_address(lan_address()).is_unspecified


@pytest.mark.parametrize("key", [None, "abcd"])
def test_the_join_url_has_an_address_for_others_and_the_local_one_works_here(key: str | None) -> None:
    async def story() -> None:
        async with running_edge(EdgeOptions(port=0, key=key, edge_id="attic")) as running:
            assert running.edge_id == "attic"
            assert running.join == JoinUrl.make(lan_address(), running.port, key)
            assert running.local == JoinUrl.make("127.0.0.1", running.port, key)
            async with connect(running.local.ws_url):
                pass

    run(story())


def test_an_advertised_host_and_a_bound_one_stand_in_the_join_url() -> None:
    async def story() -> None:
        async with running_edge(EdgeOptions(host="127.0.0.1", port=0)) as running:
            assert running.join.http_url == f"http://127.0.0.1:{running.port}/"
        async with running_edge(EdgeOptions(host="127.0.0.1", port=0, advertise="box.local")) as running:
            assert running.join.http_url == f"http://box.local:{running.port}/"
            assert running.local.http_url == f"http://127.0.0.1:{running.port}/"

    run(story())


def test_secrets_are_not_in_the_repr_of_the_options() -> None:
    options = EdgeOptions(
        key="abcd", ice_servers=IceServers(({"urls": ["turn:t"], "username": "u", "credential": "hush"},), "north")
    )
    assert "abcd" not in repr(options)
    assert "hush" not in repr(options)
    assert "north" not in repr(options)
