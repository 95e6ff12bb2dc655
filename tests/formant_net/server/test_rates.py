"""How much a client may say, alone and with all others of its address."""

from __future__ import annotations

from support.net.sdp import answer
from support.virtual.clients import RawClients, refused

from formant_net.fleet.document import Document
from formant_net.server.access.limits import Limits

ANSWER = answer()


def test_a_flood_is_dropped_with_one_answer_a_second_and_ends_in_a_close() -> None:
    clients = RawClients(limits=Limits(rate_per_s=10.0, burst=50))
    synth, ctrl = clients.join("synth-a"), clients.join("ctrl-a")
    clients.heard(synth)
    answers = [clients.say(ctrl, "answer", target="synth-a", data=ANSWER) for _ in range(60)]
    passed = len(clients.heard(synth))
    assert 30 <= passed <= 50
    refused([message for answer in answers for message in answer], "too-fast")
    clients.wait(1.0)
    clients.say(ctrl, "answer", target="synth-a", data=ANSWER)
    assert len(clients.heard(synth)) == 1
    for _ in range(80):
        clients.say(ctrl, "heartbeat")
    assert clients.closed == {ctrl: 1008}
    assert clients.kinds(synth) == ["controller-left"]


def test_all_clients_of_one_address_share_one_allowance() -> None:
    clients = RawClients(limits=Limits(address_rate_per_s=10.0, address_burst=50))
    phones = [clients.join(f"ctrl-{n}", address="192.0.2.1") for n in range(10)]
    other = clients.join("ctrl-home", address="192.0.2.2")
    answers = [clients.say(conn, "request-controllers") for _ in range(10) for conn in phones]
    codes = [message["code"] for heard in answers for message in heard]
    assert codes.count("wrong-role") == 50
    assert "too-fast" in codes
    refused(clients.say(other, "request-controllers"), "wrong-role")
    assert not clients.closed


def test_who_is_too_fast_hears_which_message_was_not_read() -> None:
    """A desk otherwise waits for the answer to that request for ever."""
    clients = RawClients(limits=Limits(rate_per_s=1.0, burst=100), fleet=Document(epoch="e1"))
    desk = clients.join("desk-1")
    answers = [
        answer
        for n in range(100)
        for answer in clients.say(desk, "desk-set", path="master", set={"db": -1}, request=n)
        if answer["type"] == "error"
    ]
    (error,) = answers
    done = error["request"]
    assert (error["code"], error["about"]) == ("too-fast", "desk-set")
    assert 0 < done < 99
    clients.wait(3.0)
    for _ in range(20):
        clients.say(desk, "heartbeat")
    clients.wait(1.0)
    for frame in ("no JSON", b"\xff", '{"type": 5}', '{"type": "desk-set", "request": "x"}'):
        clients.frame(desk, frame)


def test_a_stranger_is_heard_a_little_and_then_sent_away() -> None:
    clients = RawClients(limits=Limits(newcomer_messages=5))
    stranger = clients.connect()
    for _ in range(5):
        refused(clients.say(stranger, "heartbeat"), "not-registered")
    assert "register first" in refused(clients.say(stranger, "heartbeat"), "too-fast")
    assert clients.closed == {stranger: 1008}


def test_what_is_dear_costs_more() -> None:
    clients = RawClients(limits=Limits(rate_per_s=1.0, burst=100))
    synth = clients.join("synth-a")
    lists = [clients.say(synth, "request-controllers") for _ in range(30)]
    assert sum(heard[0]["type"] == "controllers-list" for heard in lists if heard) <= 100 / 11 + 1


def test_a_flood_that_ends_is_forgiven_and_one_that_lasts_ends_the_connection() -> None:
    clients = RawClients(limits=Limits(rate_per_s=10.0, burst=20))
    ctrl = clients.join("ctrl-a")
    for _ in range(5):
        for _ in range(35):
            clients.say(ctrl, "heartbeat")
        clients.wait(10.0)
    assert ctrl in clients.open
    for _ in range(60):
        clients.say(ctrl, "heartbeat")
    assert clients.closed == {ctrl: 1008}
