"""Lines of a log: a limited number of each kind, and a note when some are left out."""

from __future__ import annotations

from formant_net.timers.line_limit import LineLimit


def test_so_many_of_a_kind_and_others_are_not_touched() -> None:
    limit = LineLimit(most=3, per_s=10.0)
    assert [limit.write("refused", 0.1 * n) for n in range(6)] == [True] * 3 + [False] * 3
    assert limit.write("registered", 1.0)


def test_the_first_that_is_left_out_is_told_once_in_each_time() -> None:
    limit = LineLimit(most=2, per_s=10.0)
    told = []
    for n in range(30):
        if not limit.write("refused", float(n)):
            told.append(limit.just_full("refused"))
    assert told.count(True) == 3
    assert limit.write("refused", 100.0)
