"""The beat of an edge: written, heard back, missed; and the edges that are heard."""

from __future__ import annotations

import msgspec
import pytest

from formant_net.server.registry.leases import Place
from formant_net.server.registry.pulse import ECHO_S, PULSE_S, PULSES, Pulse
from formant_net.server.registry.registry import Restart, Write
from formant_net.server.registry.stored import EdgeEntry

ATTIC = Place("attic", "run1", "52.52,13.40")
OWN = EdgeEntry(edge="attic", node="run1")
BARN = EdgeEntry(edge="barn", node="run2", location="moon", url="http://barn:1/")


@pytest.fixture
def pulse() -> Pulse:
    """In a session that began at 0."""
    pulse = Pulse(ATTIC, ttl_s=60.0)
    pulse.session_begins(0.0)
    pulse.session_runs(0.0)
    return pulse


def beat(pulse: Pulse, now: float) -> Write:
    (write,) = pulse.due(now)
    assert isinstance(write, Write)
    return write


def test_an_edge_writes_where_it_is_at_every_beat_whatever_the_revision(pulse: Pulse) -> None:
    pulse.url = "http://attic:1/"
    write = beat(pulse, 0.0)
    assert (write.key, write.expected, write.gone) == ("edges.run1", None, False)
    assert write.ttl_s > PULSES * PULSE_S
    assert msgspec.json.decode(write.value) == {
        "edge": "attic", "node": "run1", "location": "52.52,13.40", "url": "http://attic:1/",
    }  # fmt: skip
    pulse.heard("run1", OWN, 0.0, 0.01)
    assert pulse.next_deadline() == PULSE_S
    assert pulse.due(PULSE_S - 0.001) == []
    beat(pulse, PULSE_S)


def test_a_pulse_that_is_not_heard_back_in_time_ends_the_session(pulse: Pulse) -> None:
    beat(pulse, 0.0)
    pulse.heard("run1", OWN, 0.0, 0.5)
    beat(pulse, 5.0)
    assert pulse.next_deadline() == pytest.approx(5.0 + ECHO_S)
    assert [type(each) for each in pulse.due(5.0 + ECHO_S)] == [Restart]
    assert pulse.late
    pulse.heard("run1", OWN, 0.0, 8.5)
    assert not pulse.late


def test_an_engine_that_never_gets_through_what_it_holds_is_given_up() -> None:
    pulse = Pulse(ATTIC, ttl_s=60.0)
    pulse.session_begins(0.0)
    pulse.heard("run1", OWN, 3.0, 0.1)  # the entry of a moment ago, read again: no echo
    assert [type(each) for each in pulse.due(2 * ECHO_S)] == [Restart]


def test_without_a_session_there_is_no_beat(pulse: Pulse) -> None:
    pulse.session_ends()
    assert pulse.next_deadline() is None
    assert pulse.due(1000.0) == []


def test_an_edge_is_there_while_its_beat_is_heard_and_gone_when_it_says_so(pulse: Pulse) -> None:
    pulse.heard("run2", BARN, 0.0, 1.0)
    assert pulse.others() == [Place("barn", "run2", "moon")]
    assert pulse.urls() == ["http://barn:1/"]
    pulse.heard("run2", BARN, 0.0, 6.0)
    pulse.due(6.0 + PULSES * PULSE_S)
    assert pulse.others() != []
    pulse.due(6.001 + PULSES * PULSE_S)
    assert (pulse.others(), pulse.urls()) == ([], [])
    pulse.heard("run2", BARN, 0.0, 30.0)
    pulse.heard("run2", None, 0.0, 31.0)
    assert pulse.others() == []


def test_an_entry_that_is_old_when_it_is_read_is_that_of_a_dead_edge(pulse: Pulse) -> None:
    pulse.heard("run2", BARN, PULSES * PULSE_S, 1.0)
    assert pulse.others() == []
    pulse.heard("run2", BARN, PULSES * PULSE_S - 1.0, 1.0)
    pulse.due(2.001)
    assert pulse.others() == []


def test_edges_that_could_not_be_heard_have_a_while_to_say_that_they_live(pulse: Pulse) -> None:
    pulse.heard("run2", BARN, 0.0, 1.0)
    pulse.session_ends()
    pulse.session_begins(15.0)
    pulse.due(20.0)
    assert pulse.others() != []
    pulse.due(15.001 + PULSES * PULSE_S)
    assert pulse.others() == []


def test_a_short_ttl_makes_the_beat_quicker() -> None:
    pulse = Pulse(ATTIC, ttl_s=3.0)
    pulse.session_begins(0.0)
    pulse.session_runs(0.0)
    beat(pulse, 0.0)
    pulse.heard("run1", OWN, 0.0, 0.01)
    assert pulse.next_deadline() == 1.0
