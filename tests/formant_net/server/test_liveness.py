"""Silence: who is probed, who is dropped, when, and what every sign of life is worth."""

from __future__ import annotations

import pytest
from support.virtual.clients import RawClients, only, refused

from formant_net.protocol.timing import Timing
from formant_net.server.access.limits import Limits


@pytest.fixture
def clients() -> RawClients:
    return RawClients()


def test_whoever_does_not_register_in_time_is_closed(clients: RawClients) -> None:
    conn = clients.connect()
    clients.wait(9.9)
    clients.frame(conn, "chatter does not count")
    clients.heard(conn)
    clients.wait(0.2)
    refused(clients.heard(conn), "register-timeout")
    assert clients.closed == {conn: 1008}


def test_a_controller_that_dies_without_closing_is_announced_after_the_ttl(clients: RawClients) -> None:  # fault 8
    synth, ctrl = clients.join("synth-a"), clients.join("ctrl-a")
    clients.heard(synth)
    clients.wait(60.0, answering=(synth,))
    assert clients.heard(synth) == []
    clients.wait(0.001, answering=(synth,))
    assert clients.kinds(synth) == ["controller-left"]
    assert clients.closed == {ctrl: 1001}
    assert clients.hub.clients() == {"synth-a": "synth"}
    assert clients.hub.counters.expired == 1


def test_dead_connections_do_not_pile_up(clients: RawClients) -> None:  # fault 15
    for n in range(20):
        clients.join(f"synth-{n}")
        clients.join(f"ctrl-{n}")
        clients.connect()
    clients.wait(61.0)
    assert clients.open == set()
    assert clients.hub.next_deadline() is None


def test_a_heartbeat_every_20_s_keeps_a_client_for_a_day_without_a_probe(clients: RawClients) -> None:  # fault 15
    ctrl = clients.join("ctrl-a")
    for _ in range(3 * 60 * 24):
        clients.wait(20.0)
        assert clients.say(ctrl, "heartbeat") == []
    assert clients.probed == []
    assert ctrl in clients.open


def test_a_hidden_tab_that_only_answers_probes_is_kept(clients: RawClients) -> None:
    ctrl = clients.join("ctrl-a")
    clients.wait(3600.0, answering=(ctrl,))
    assert ctrl in clients.open
    assert [lease.id for lease in clients.leases()] == ["ctrl-a"]


def test_a_timer_at_one_minute_exactly_does_not_meet_the_ttl(clients: RawClients) -> None:
    ctrl = clients.join("ctrl-a")
    for _ in range(10):
        clients.wait(60.0)
        clients.say(ctrl, "heartbeat")
    assert ctrl in clients.open


def test_a_silent_client_is_probed_twice_before_its_time_is_up(clients: RawClients) -> None:
    ctrl = clients.join("ctrl-a")
    clients.wait(60.0)
    assert clients.probed == [ctrl, ctrl]


@pytest.mark.parametrize("frame", ["not JSON", '{"type":"tempo"}', b"\x00"])
def test_any_frame_is_a_sign_of_life(clients: RawClients, frame: str | bytes) -> None:
    ctrl = clients.join("ctrl-a")
    clients.wait(50.0)
    clients.frame(ctrl, frame)
    clients.wait(59.0)
    assert ctrl in clients.open
    assert clients.leases() != []


def test_deadlines_do_not_pile_up_with_heartbeats(clients: RawClients) -> None:
    ctrl = clients.join("ctrl-a")
    for _ in range(1000):
        clients.clock.now += 0.01
        clients.say(ctrl, "heartbeat")
    assert len(clients.hub._liveness) == 1
    assert len(clients.hub._liveness._deadlines._heap) == 1


def test_shorter_timings_are_told_to_the_client() -> None:
    clients = RawClients(timing=Timing(heartbeat_s=1.0, ttl_s=3.0))
    answer = only(clients.say(clients.connect(), "register", client_id="ctrl-a"))
    assert (answer["heartbeat_s"], answer["ttl_s"]) == (1.0, 3.0)
    clients.wait(3.001)
    assert clients.hub.clients() == {}


def test_ten_thousand_that_beat_are_looked_for_together_and_not_each_by_a_timer() -> None:
    """Each timer that fires costs as much as a heartbeat."""
    clients = RawClients(limits=Limits(clients=2000, clients_per_address=2000, newcomers_per_address=2000))
    conns = []
    for n in range(1000):
        conns.append(clients.join(f"ctrl-{n}"))
        clients.wait(0.02)
    fired = 0
    now = clients.clock.now
    hub = clients.hub
    for step in range(1000):  # 20 s, in which each of them beats once
        until = now + 0.02
        while (due := hub.next_deadline()) is not None and due <= until:
            hub.on_deadline(due)
            hub.drain()
            fired += 1
        now = until
        hub.receive_frame(conns[step], '{"type":"heartbeat"}', now)
        hub.drain()
    assert fired <= 30
    assert len(hub.clients()) == 1000


@pytest.mark.parametrize("source", ["", ',"source":"ctrl-a"'], ids=["plain", "with its source"])
def test_a_heartbeat_means_the_same_each_time_and_no_other_text_does(clients: RawClients, source: str) -> None:
    ctrl = clients.join("ctrl-a")
    beat = f'{{"type":"heartbeat"{source}}}'
    for _ in range(5):
        clients.wait(20.0)
        clients.frame(ctrl, beat)
    assert clients.heard(ctrl) == []
    for wrong in ("", beat[:-1], beat.replace("heartbeat", "registered")):
        assert [said["type"] for said in clients.frame(ctrl, wrong)] == ["error"], wrong
    (said,) = clients.frame(ctrl, '{"type":"heartbeat","source":"ctrl-b"}')
    assert said["code"] == "wrong-source"
