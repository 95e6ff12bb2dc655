"""Pings and echoes of one link: how a synth learns how old touches are."""

from __future__ import annotations

import pytest

from formant_net.client.peer import ANSWERER, Event, Peer
from formant_net.controller.link import AnsweredLink
from formant_net.protocol.messages import Point, Pong
from formant_net.protocol.timing import Timing
from formant_net.timers.backoff import Backoff


def link(now: float = 10.0) -> AnsweredLink:
    timing = Timing()
    peer = Peer("synth-a", ANSWERER, timing, Backoff(timing, lambda: 0.5), iter(range(1, 100)).__next__)
    made = AnsweredLink(peer, timing, now)
    peer.handle(Event.OFFER, now)
    made.made()
    peer.handle(Event.OPENED, now)
    made.opened(now)
    return made


def test_the_first_ping_has_no_echo_and_asks_to_be_repeated_soon() -> None:
    one = link()
    ping = one.ping([Point(id=1, x=0.5, y=0.5)], 10.0)
    assert (ping.echo, ping.held, ping.t, ping.rtt_ms) == (None, None, 10_000.0, None)
    assert ping.points == [Point(id=1, x=0.5, y=0.5)]
    assert one.ask_at == pytest.approx(10.1)
    assert one.peer.keeps_time


def test_the_first_pong_with_a_stamp_is_echoed_at_once_and_the_second_ends_the_asking() -> None:
    one = link()
    first = one.ping([], 10.0)
    assert one.pong(Pong(timestamp=first.timestamp, t=500.0, state={"name": "Attic"}), 10.02)
    assert one.state == {"name": "Attic"}
    second = one.ping([], 10.025)
    assert (second.echo, second.held, second.rtt_ms) == (500.0, 5.0, 20.0)
    assert one.ask_at is not None
    assert not one.pong(Pong(timestamp=second.timestamp, t=525.0), 10.045)
    assert one.ask_at is None


def test_an_answer_to_a_ping_without_an_echo_does_not_end_the_asking() -> None:
    one = link()
    first, again = one.ping([], 10.0), one.ping([], 10.04)
    assert one.pong(Pong(timestamp=first.timestamp, t=500.0), 10.06)
    one.ping([], 10.06)
    assert not one.pong(Pong(timestamp=again.timestamp, t=600.0), 10.07)
    assert one.ask_at is not None


def test_after_a_slow_pong_the_next_quick_one_is_echoed_at_once() -> None:
    one = link()
    first = one.ping([], 10.0)
    assert one.pong(Pong(timestamp=first.timestamp, t=500.0), 10.4)
    second = one.ping([], 10.4)
    assert one.pong(Pong(timestamp=second.timestamp, t=510.0), 10.41), "its stamp was not under way for long"
    third = one.ping([], 10.41)
    assert (third.echo, third.held) == (510.0, 0.0)
    assert not one.pong(Pong(timestamp=third.timestamp, t=520.0), 10.42)
    assert one.ask_at is None


def test_a_path_that_is_always_slow_is_not_asked_for_ever() -> None:
    one = link()
    pings = [one.ping([], 10.0)]
    for k in range(1, 40):
        one.pong(Pong(timestamp=pings[-1].timestamp, t=500.0), 10.0 + 0.3 * k)
        if one.ask_at is None:
            break
        pings.append(one.ping([], 10.0 + 0.3 * k))
    assert 10 <= len(pings) <= 13


def test_a_synth_that_stamps_no_pongs_is_not_asked_for_stamps() -> None:
    one = link()
    ping = one.ping([], 10.0)
    assert not one.pong(Pong(timestamp=ping.timestamp), 10.02)
    assert one.ask_at is None
    assert one.ping([], 11.0).echo is None


def test_a_pong_that_was_not_asked_for_brings_state_and_nothing_else() -> None:
    one = link()
    one.ping([], 10.0)
    assert not one.pong(Pong(timestamp=3, t=500.0, state={"volume": 0.5}), 12.0)
    assert one.state == {"volume": 0.5}
    assert one.peer.heard_at == 10.0
    assert one.pings.rtt_s is None


def test_a_new_connection_knows_nothing_of_the_old_one() -> None:
    one = link()
    one.pong(Pong(timestamp=one.ping([], 10.0).timestamp, t=500.0), 10.02)
    one.channels.add("params")
    one.made()
    one.opened(20.0)
    assert one.ping([], 20.0).echo is None
    assert one.pings.rtt_s is None
    assert one.next_seq() == 2, "its ping was number 1"
    assert not one.channels


def test_while_the_synth_seems_dead_it_is_not_pinged_out_of_turn() -> None:
    """The ping of every second is enough (tests/vectors/data/pings.json)."""
    one = link()
    one.peer.suspected = True
    one.ping([], 20.0)
    assert one.ask_at is None
