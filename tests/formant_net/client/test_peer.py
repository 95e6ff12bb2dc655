from __future__ import annotations

import itertools

import pytest

from formant_net.client.peer import ANSWERER, OFFERER, Action, Event, Peer, State, Table
from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.timing import Timing
from formant_net.timers.backoff import Backoff


def make(table: Table) -> Peer:
    return Peer("ctrl-a", table, Timing(), Backoff(Timing(), lambda: 1.0), itertools.count(1).__next__)


def opened(now: float) -> Peer:
    peer = make(OFFERER)
    for event in (Event.START, Event.ANSWER, Event.OPENED):
        peer.handle(event, now)
    return peer


@pytest.mark.parametrize("table", [OFFERER, ANSWERER], ids=["offerer", "answerer"])
@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("event", list(Event))
def test_an_illegal_event_names_peer_state_and_event_and_changes_nothing(
    table: Table, state: State, event: Event
) -> None:
    peer = make(table)
    peer.state, peer.link = state, 7
    if (state, event) in table:
        peer.handle(event, 1.0)
        assert peer.state is table[state, event][0]
        return
    with pytest.raises(ProtocolError, match=f"ctrl-a is {state.value}, '{event.value}'"):
        peer.handle(event, 1.0)
    assert (peer.state, peer.link, peer.retry_at) == (state, 7, 0.0)


@pytest.mark.parametrize("table", [OFFERER, ANSWERER], ids=["offerer", "answerer"])
def test_every_state_but_the_last_has_a_way_back_to_waiting_or_gone(table: Table) -> None:
    used = {state for state, _ in table} | {state for state, _ in table.values()}
    for state in used - {State.WAITING, State.GONE}:
        ways = {table[state, event][0] for event in Event if (state, event) in table}
        assert ways & {State.WAITING, State.GONE}, f"{state} cannot be left"
        assert table[state, Event.LOST] == (State.WAITING, (Action.CLOSE,))


def test_a_peer_that_was_never_linked_has_a_number_that_no_link_has() -> None:
    peer = make(OFFERER)
    assert (peer.link, peer.state, peer.deadline()) == (0, State.WAITING, 0.0)
    assert make(ANSWERER).link == 0


def test_a_new_link_gets_a_new_number_and_the_old_one_is_closed_first() -> None:
    peer = make(ANSWERER)
    assert peer.handle(Event.OFFER, 0.0) == [(Action.MAKE, 1)]
    assert peer.handle(Event.OFFER, 0.0) == [(Action.CLOSE, 1), (Action.MAKE, 2)]


def test_a_link_that_worked_is_rebuilt_at_once() -> None:
    peer = opened(10.0)
    peer.handle(Event.LOST, 20.0)
    assert peer.deadline() == 20.0


def test_a_link_that_fails_at_once_again_and_again_waits_longer_each_time() -> None:
    peer = make(OFFERER)
    delays = []
    for _ in range(4):
        peer.handle(Event.START, 10.0)
        peer.handle(Event.ANSWER, 10.0)
        peer.handle(Event.OPENED, 10.0)
        peer.handle(Event.LOST, 10.1)
        delays.append(peer.retry_at - 10.1)
    assert delays == pytest.approx([0.25, 0.5, 1.0, 2.0])


def test_silence_ends_only_links_whose_peer_has_pinged() -> None:
    peer = opened(10.0)
    assert peer.deadline() is None
    peer.keeps_time = True
    peer.heard(12.0)
    assert peer.deadline() == 15.0


def test_a_link_that_seems_dead_is_kept_for_half_a_minute_unless_it_speaks() -> None:
    peer = opened(10.0)
    peer.keeps_time = peer.suspected = True
    assert peer.deadline() == 40.0
    peer.heard(20.0)
    assert peer.deadline() == 23.0


def test_a_new_link_has_to_show_anew_that_its_peer_pings() -> None:
    peer = opened(10.0)
    peer.keeps_time = True
    for event in (Event.LOST, Event.START, Event.ANSWER, Event.OPENED):
        peer.handle(event, 20.0)
    assert peer.deadline() is None


def test_an_offer_waits_ten_seconds_for_its_answer() -> None:
    peer = make(OFFERER)
    peer.handle(Event.START, 5.0)
    assert peer.deadline() == 15.0


def test_the_search_for_a_path_is_short_and_handshakes_over_one_may_take_their_time() -> None:
    peer = make(OFFERER)
    peer.handle(Event.START, 5.0)
    peer.handle(Event.ANSWER, 6.0)
    assert peer.deadline() == 8.5
    peer.reached(8.0)
    peer.reached(9.0)
    assert peer.deadline() == 18.0
    peer.handle(Event.LOST, 18.0)
    peer.handle(Event.START, 20.0)
    peer.handle(Event.ANSWER, 20.0)
    assert peer.deadline() == 22.5, "a new link has to find its own path"


def test_an_answerer_leaves_it_to_the_offerer_to_give_up_early() -> None:
    peer = make(ANSWERER)
    peer.handle(Event.OFFER, 5.0)
    assert peer.deadline() == 15.0


def test_a_peer_that_was_linked_is_tried_without_growing_pauses_for_two_minutes() -> None:
    peer = opened(10.0)
    peer.handle(Event.LOST, 20.0)
    now, pauses = 20.0, []
    while now < 150.0:
        peer.handle(Event.START, now)
        peer.handle(Event.ANSWER, now)
        now += 2.5
        peer.handle(Event.LOST, now)
        pauses.append((now, peer.retry_at - now))
        now = peer.retry_at
    assert all(pause <= 0.5 for at, pause in pauses if at < 140.0)
    assert pauses[-1][1] == 10.0, "after that it backs off like any other"


def test_the_error_of_an_unexpected_event_has_the_code_and_names_the_event() -> None:
    peer = Peer("ctrl-a", OFFERER, Timing(), Backoff(Timing(), lambda: 0.5), iter(range(1, 9)).__next__)
    with pytest.raises(ProtocolError) as caught:
        peer.handle(Event.ANSWER, 0.0)
    assert (caught.value.code, caught.value.about, caught.value.fatal) == ("unexpected", "answer", False)
    assert peer.state is State.WAITING
