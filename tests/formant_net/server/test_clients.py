"""Connections: found by number and by id, and counted once."""

from __future__ import annotations

import pytest

from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.messages import Role
from formant_net.server.clients import Client, Clients, State
from formant_net.timers.allowance import Allowance


def client(conn: int, id: str = "", role: Role = "controller") -> Client:
    made = Client(conn, 0.0, Allowance(1.0, 1, 0.0))
    made.id, made.role = id, role
    made.state = State.REGISTERED if id else State.NEW
    return made


def test_a_connection_is_found_by_number_from_the_first_on_and_by_id_once_it_is_registered() -> None:
    clients, one = Clients(), client(1, "synth-a", "synth")
    clients.add(one)
    assert (len(clients), 1 in clients, clients.get(1)) == (1, True, one)
    assert clients.holder("synth-a") is None
    assert clients.synths == ()
    clients.register(one)
    assert clients.holder("synth-a") is one
    assert clients.synths == (1,)  # type: ignore[comparison-overlap]
    clients.drop(one)
    assert (len(clients), 1 in clients, clients.get(1), clients.holder("synth-a")) == (0, False, None, None)
    assert clients.synths == ()


def test_the_id_of_a_connection_that_goes_stays_with_who_has_taken_it() -> None:
    clients, old, new = Clients(), client(1, "ctrl-a"), client(2, "ctrl-a")
    for one in (old, new):
        clients.add(one)
        clients.register(one)
    clients.drop(old)
    assert clients.holder("ctrl-a") is new
    assert list(clients.registered()) == [new]


def test_nobody_speaks_before_registering_or_in_anothers_name() -> None:
    client(1, "ctrl-a").check_source(None, "heartbeat")
    client(1, "ctrl-a").check_source("ctrl-a", "heartbeat")
    with pytest.raises(ProtocolError, match="ctrl-a") as caught:
        client(1, "ctrl-a").check_source("ctrl-b", "heartbeat")
    assert (caught.value.code, caught.value.about) == ("wrong-source", "heartbeat")
    with pytest.raises(ProtocolError) as caught:
        client(1).check_source(None, "offer")
    assert (caught.value.code, caught.value.about) == ("not-registered", "offer")


def test_no_key_is_in_the_repr_of_a_connection() -> None:
    one = client(1, "ctrl-a")
    one.key = "abcd-efgh"
    assert "abcd" not in repr(one)
