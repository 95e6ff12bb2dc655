from __future__ import annotations

from formant_net.synth.linking.roster import MAX_CONTROLLERS, Roster


def test_a_list_replaces_everything_and_says_who_is_gone() -> None:
    roster = Roster()
    roster.joined("a")
    roster.joined("b")
    assert roster.replace({"b": None, "c": None}) == ["a"]
    assert list(roster) == ["b", "c"]


def test_a_notice_may_come_twice() -> None:
    roster = Roster()
    assert roster.joined("a")
    assert roster.joined("a")
    roster.left("a")
    roster.left("a")
    assert "a" not in roster
    assert len(roster) == 0


def test_a_wrong_server_cannot_fill_the_memory() -> None:
    roster = Roster()
    roster.replace({f"c{i}": None for i in range(MAX_CONTROLLERS + 5)})
    assert len(roster) == MAX_CONTROLLERS
    assert not roster.joined("one-more")
    assert roster.joined("c0"), "one that is listed already needs no room"


def test_the_run_of_a_controller_is_the_one_last_told() -> None:
    roster = Roster()
    roster.joined("a", "one")
    roster.joined("a", "two")
    assert roster.run("a") == "two"
    roster.joined("a")
    assert roster.run("a") == "two", "a server that tells no runs does not make it another one"
    roster.replace({"a": "three", "b": None})
    assert (roster.run("a"), roster.run("b"), roster.run("c")) == ("three", None, None)
