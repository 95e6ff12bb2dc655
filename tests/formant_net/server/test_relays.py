"""Passwords of relays: each client's own, and told anew before they run out."""

from __future__ import annotations

from support.virtual.clients import RawClients

from formant_net.protocol.ice import IceServers

RELAY = IceServers.make([{"urls": ["turn:relay"]}], "north", 600.0)


def test_passwords_of_relays_are_each_clients_own_and_renewed_before_they_run_out() -> None:
    ice = IceServers.make([{"urls": ["turn:relay"]}], "north", 600.0)
    clients = RawClients(ice_servers=ice)
    a, b = clients.connect(), clients.connect()
    first = [
        clients.say(conn, "register", client_id=id)[0]["ice_servers"] for conn, id in ((a, "ctrl-a"), (b, "ctrl-b"))
    ]
    assert [one[0]["username"].partition(":")[2] for one in first] == ["ctrl-a", "ctrl-b"]
    began = clients.clock.now
    for n in range(1, 4):
        clients.wait(300.5, answering=(a, b))
        for conn in (a, b):
            (renewed,) = clients.heard(conn)
            assert renewed["type"] == "ice-servers"
            ends = int(renewed["ice_servers"][0]["username"].partition(":")[0])
            assert ends >= began + 300 * n + 599
    assert "credential" not in str(clients.events)


def test_a_server_without_a_secret_has_nothing_to_renew() -> None:
    servers = [{"urls": ["stun:s"]}, {"urls": ["turn:u"], "username": "a", "credential": "b"}]
    clients = RawClients(ice_servers=IceServers.make(servers))  # type: ignore[arg-type]
    ctrl = clients.join("ctrl-a")
    clients.wait(10_000.0, answering=(ctrl,))
    assert clients.heard(ctrl) == []
    assert clients.hub.ice_servers_for(None, "", clients.clock.now) == servers


def test_when_everybody_has_left_nothing_is_renewed_until_somebody_comes() -> None:
    clients = RawClients(ice_servers=RELAY)
    clients.drop(clients.join("ctrl-a"))
    clients.wait(301.0)
    assert clients.hub.next_deadline() is None
    ctrl = clients.join("ctrl-b")
    clients.wait(300.5, answering=(ctrl,))
    assert clients.kinds(ctrl) == ["ice-servers"]


def test_over_http_a_password_is_for_those_who_know_the_key() -> None:
    clients = RawClients(key="abcd", ice_servers=RELAY)
    now = clients.clock.now
    assert (
        clients.hub.ice_servers_for(None, "192.0.2.1", now)
        == clients.hub.ice_servers_for("abce", "192.0.2.1", now)
        == []
    )
    (relay,) = clients.hub.ice_servers_for("abcd", "192.0.2.1", now)
    assert relay["username"] == f"{int(now + 600)}:guest"
