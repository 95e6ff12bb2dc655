from __future__ import annotations

import itertools

import pytest

from formant_net.backoff import Backoff
from formant_net.errors import ProtocolError
from formant_net.peer import ANSWERER, OFFERER, Action, Event, Peer, State, Table
from formant_net.timing import Timing


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


def test_a_new_link_has_to_show_anew_that_its_peer_pings() -> None:
    peer = opened(10.0)
    peer.keeps_time = True
    for event in (Event.LOST, Event.START, Event.ANSWER, Event.OPENED):
        peer.handle(event, 20.0)
    assert peer.deadline() is None


def test_set_up_has_an_end() -> None:
    peer = make(OFFERER)
    peer.handle(Event.START, 5.0)
    assert peer.deadline() == 15.0
    peer.handle(Event.ANSWER, 6.0)
    assert peer.deadline() == 15.0
