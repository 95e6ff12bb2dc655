"""What may be passed on: readable, small, and not too often."""

from __future__ import annotations

import contextlib

import pytest
from support.net.sdp import CANDIDATE, answer, candidate, offer, sdp
from support.virtual.clients import RawClients, refused

from formant_net.protocol import messages as m
from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.standing import Standing
from formant_net.server.access.limits import Limits
from formant_net.server.clients import Client
from formant_net.server.content import Content
from formant_net.timers.allowance import Allowance


@pytest.fixture
def clients() -> RawClients:
    return RawClients(key="abcd")


def test_what_cannot_be_read_is_not_passed_on(clients: RawClients) -> None:
    synth, ctrl = clients.join("synth-a", key="abcd"), clients.join("ctrl-a", key="abcd")
    clients.heard(synth)
    bad = {"type": "offer", "sdp": "v=0"}
    (error,) = clients.say(synth, "offer", target="ctrl-a", data=bad)
    assert (error["code"], error["about"]) == ("bad-sdp", "offer")
    (error,) = clients.say(ctrl, "answer", target="synth-a", data={"type": "answer", "sdp": "v=0"})
    assert (error["code"], error["about"]) == ("bad-sdp", "answer")
    for address in ("127.0.0.1", "224.0.0.1", "0.0.0.0", "router.example"):
        data = {"candidate": f"candidate:1 1 udp 1 {address} 53 typ host"}
        refused(clients.say(ctrl, "ice-candidate", target="synth-a", data=data), "bad-candidate")
    assert clients.heard(synth) == clients.heard(ctrl) == []


def test_what_is_passed_on_has_been_cleaned(clients: RawClients) -> None:
    synth, ctrl = clients.join("synth-a", key="abcd"), clients.join("ctrl-a", key="abcd")
    clients.heard(synth)
    foreign = sdp(setup="active", more="a=rtcp:9 IN IP4 0.0.0.0\r\na=candidate:1 1 udp 1 127.0.0.1 5 typ host\r\n")
    assert clients.say(ctrl, "answer", target="synth-a", data={"type": "answer", "sdp": foreign}) == []
    assert clients.heard(synth)[0]["data"]["sdp"] == sdp(setup="active")
    data = {"candidate": f"a={CANDIDATE}\r\n", "sdpMid": "0"}
    assert clients.say(ctrl, "ice-candidate", target="synth-a", data=data) == []
    assert clients.heard(synth)[0]["data"] == {"candidate": CANDIDATE, "sdpMid": "0"} | dict.fromkeys(
        ("sdpMLineIndex", "usernameFragment")
    )


def test_offers_are_counted_for_each_pair() -> None:
    clients = RawClients(limits=Limits(offers_per_pair_per_min=5))
    synth, ctrl = clients.join("synth-a"), clients.join("ctrl-a")
    answers = [clients.say(synth, "offer", target="ctrl-a", data=offer()) for _ in range(8)]
    assert len(clients.heard(ctrl)) == 5
    for one in answers[5:]:
        refused(one, "too-many-offers")
    assert synth in clients.open


def offers_of(content: Content, phones: list[Client], now: float) -> int:
    """How many of ten rounds of offers of these phones to one player are passed on."""
    passed = 0
    for _ in range(10):
        for phone in phones:
            with contextlib.suppress(ProtocolError):
                content.count_offer(phone, "ctrl-a", now, guest=False)
                passed += 1
    return passed


def phone(number: int, group: str) -> Client:
    return Client(number, 0.0, Allowance(1.0, 1, 0.0), "", standing=Standing(guest=True, group=group))


def test_phones_at_one_address_get_half_of_what_all_phones_of_a_token_get() -> None:
    """At once and over time: 9 at once and 60 a minute for all, so 5 at once and 30 a minute for each address."""
    content = Content(Limits(phone_offers_per_min=60.0, phone_offers_burst=9))
    here, there = phone(1, "token.here"), phone(2, "token.there")
    assert offers_of(content, [here], 0.0) == 5
    assert offers_of(content, [there], 0.0) == 4, "the rest of what all get"
    assert offers_of(content, [phone(3, "other.here")], 0.0) == 5, "another token"
    assert offers_of(content, [here], 4.0) == 2
    assert offers_of(content, [there], 4.0) == 2
    assert offers_of(content, [here, there], 4.0) == 0


def test_a_smaller_message_may_be_asked_for() -> None:
    clients = RawClients(limits=Limits(message_bytes=2000, sdp_chars=300))
    synth = clients.join("synth-a")
    clients.join("ctrl-a")
    clients.heard(synth)
    refused(clients.say(synth, "heartbeat", more="x" * 2000), "too-large")
    refused(clients.say(synth, "offer", target="ctrl-a", data=offer()), "bad-sdp")


def test_the_limits_of_the_operator_hold_for_candidates() -> None:
    content = Content(Limits(candidate_chars=40))
    content.clean(m.IceCandidate(target="synth-a", data=None))
    with pytest.raises(ProtocolError, match="form"):
        content.clean(m.IceCandidate(target="synth-a", data=m.Candidate(candidate=numbered(1))))


def test_only_offers_are_counted_against_the_offers_a_minute() -> None:
    clients = RawClients(limits=Limits(offers_per_min=1, offers_per_pair_per_min=1))
    synth, ctrl = clients.join("synth-a"), clients.join("ctrl-a")
    clients.heard(synth)
    for _ in range(5):
        assert clients.say(ctrl, "answer", target="synth-a", data=answer()) == []
        clients.say(synth, "ice-candidate", target="ctrl-a", data=candidate(1))
        assert clients.kinds(ctrl) == ["ice-candidate"]
    assert clients.say(synth, "offer", target="ctrl-a", data=offer()) == []
    refused(clients.say(synth, "offer", target="ctrl-a", data=offer()), "too-many-offers", "offer")


def numbered(number: int) -> str:
    return str(candidate(number)["candidate"])
