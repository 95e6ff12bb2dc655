"""The token bucket: a burst at once, then the steady rate."""

from __future__ import annotations

from formant_net.timers.allowance import Allowance


def test_a_burst_at_once_then_the_steady_rate() -> None:
    allowance = Allowance(rate_per_s=10.0, burst=3, now=0.0)
    assert [allowance.take(0.0) for _ in range(5)] == [True, True, True, False, False]
    assert allowance.refused == 2
    assert [allowance.take(0.1) for _ in range(2)] == [True, False]
    assert allowance.refused == 2  # one fewer for the yes, one more for the no


def test_a_flood_adds_up_although_some_of_it_passes_and_a_slip_fades() -> None:
    allowance = Allowance(rate_per_s=10.0, burst=3, now=0.0)
    for i in range(1000):
        allowance.take(i * 0.01)  # ten times too fast for ten seconds
    assert allowance.refused > 700
    for i in range(1000):
        assert allowance.take(20.0 + i)
    assert allowance.refused == 0


def test_it_never_fills_beyond_the_burst() -> None:
    allowance = Allowance(rate_per_s=10.0, burst=3, now=0.0)
    assert sum(allowance.take(3600.0) for _ in range(10)) == 3


def test_a_debt_is_worked_off_first() -> None:
    allowance = Allowance(rate_per_s=10.0, burst=3, now=0.0)
    allowance.charge(13)
    assert not allowance.take(1.0)
    assert allowance.take(1.2)


def test_it_tells_when_there_is_one_again() -> None:
    allowance = Allowance(rate_per_s=10.0, burst=1, now=5.0)
    assert allowance.when() <= 5.0
    assert allowance.take(5.0)
    assert abs(allowance.when() - 5.1) < 1e-9
    assert not allowance.take(5.09)
    assert allowance.take(5.11)
