from __future__ import annotations

from formant_net.osc.newest import Newest


def test_the_newest_goes_and_each_name_has_a_pace_of_its_own() -> None:
    newest: Newest[str, int] = Newest(0.1)
    assert newest.due_at() is None
    newest.put("a", 1)
    assert newest.take(0.0) == [("a", 1)]
    newest.put("a", 2)
    newest.put("a", 3)
    newest.put("b", 9)
    assert newest.take(0.05) == [("b", 9)]
    assert newest.due_at() == 0.1
    assert newest.take(0.1) == [("a", 3)]
    assert newest.take(9.0) == []


def test_what_is_dropped_does_not_go() -> None:
    newest: Newest[str, int] = Newest(0.1)
    newest.put("a", 1)
    newest.drop("a")
    newest.drop("b")
    assert newest.due_at() is None


def test_names_are_bounded() -> None:
    newest: Newest[int, int] = Newest(0.1, most=3)
    for n in range(10):
        newest.put(n, n)
    assert [name for name, _ in newest.take(0.0)] == [0, 1, 2]
    for n in range(10):
        newest.put(100 + n, n)
        newest.take(1.0 + n)
    assert len(newest._sent_at) <= 3
