"""Which server of the list is used, which comes next, and which better one is well again."""

from __future__ import annotations

import pytest

from formant_net.client.servers import CHECKS, MAX_FOUND, MAX_SERVERS, Server, ServerList

ONE, TWO, THREE = (Server(f"ws://{name}/ws", f"key {name}") for name in ("one", "two", "three"))


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        ServerList([])


def test_the_first_is_used_first_and_the_last_is_followed_by_the_first() -> None:
    servers = ServerList([ONE, TWO, THREE])
    visited = []
    for _ in range(4):
        visited.append(servers.current)
        servers.use(servers.next_place)
    assert visited == [ONE, TWO, THREE, ONE]


def test_those_that_come_before_are_better() -> None:
    servers = ServerList([ONE, TWO, THREE])
    assert servers.better() == []
    servers.use(2)
    assert servers.better() == [(0, ONE), (1, TWO)]


def test_a_better_server_has_to_be_well_several_times_in_a_row() -> None:
    servers = ServerList([ONE, TWO])
    servers.use(1)
    well = [servers.checked(0, ok) for ok in [True] * (CHECKS - 1) + [False] + [True] * CHECKS]
    assert well == [False] * (2 * CHECKS - 1) + [True]


def test_a_server_that_is_not_better_is_no_reason_to_move() -> None:
    servers = ServerList([ONE, TWO, THREE])
    servers.use(1)
    assert not any(servers.checked(place, True) for _ in range(CHECKS) for place in (1, 2))


def test_checks_begin_anew_after_a_registration_and_after_a_move_that_failed() -> None:
    for forget in (ServerList.forget_checks, lambda servers: servers.unwell(0)):
        servers = ServerList([ONE, TWO])
        servers.use(1)
        for _ in range(CHECKS - 1):
            servers.checked(0, True)
        forget(servers)
        assert not servers.checked(0, True)


def test_learned_servers_come_last_once_each_and_have_the_key_of_the_one_that_named_them() -> None:
    servers = ServerList([ONE, TWO])
    servers.use(1)
    servers.learn(["ws://one/ws", "ws://four/ws", "javascript:alert(1)", "ws://four/ws", "wss://five/ws"])
    assert [(server.ws_url, server.key) for server in servers][2:] == [
        ("ws://four/ws", "key two"),
        ("wss://five/ws", "key two"),
    ]


def test_a_secure_server_names_no_open_one() -> None:
    servers = ServerList([Server("wss://one/ws", "k")])
    servers.learn(["ws://two/ws", "wss://three/ws"])
    assert [server.ws_url for server in servers] == ["wss://one/ws", "wss://three/ws"]


def test_a_server_cannot_name_servers_without_end() -> None:
    servers = ServerList([ONE])
    servers.learn([f"ws://{n}/ws" for n in range(1000)])
    assert len(servers) == MAX_SERVERS


def test_a_key_is_not_shown() -> None:
    assert "key one" not in repr(ServerList([ONE]).current)


def test_a_server_that_was_found_comes_next_and_the_oldest_are_forgotten() -> None:
    servers = ServerList([], searching=True)
    assert len(servers) == 0
    for n in range(20):
        servers.found(Server(f"ws://{n}/ws"), keep_current=False)
        assert servers.current == Server(f"ws://{n}/ws")
    assert len(servers) == MAX_FOUND
    servers.found(Server("ws://new/ws"), keep_current=True)
    assert servers.current == Server("ws://19/ws")
    assert servers[servers.next_place] == Server("ws://new/ws")
    servers.found(Server("ws://19/ws"), keep_current=True)
    assert len(servers) == MAX_FOUND, "no server is there twice"
