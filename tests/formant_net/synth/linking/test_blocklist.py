"""The blocklist is bounded, and a block ends by itself."""

from __future__ import annotations

from formant_net.synth.linking.blocklist import Blocklist


def test_a_block_ends_by_itself_and_concerns_nobody_else() -> None:
    blocklist = Blocklist(30.0)
    blocklist.add("ctrl-a", 10.0)
    assert blocklist.until("ctrl-a", 39.9) == 40.0
    assert blocklist.until("ctrl-a", 40.0) is None
    assert blocklist.until("ctrl-b", 10.0) is None


def test_another_offence_begins_the_time_anew() -> None:
    blocklist = Blocklist(30.0)
    blocklist.add("ctrl-a", 0.0)
    blocklist.add("ctrl-a", 20.0)
    assert blocklist.until("ctrl-a", 30.0) == 50.0


def test_the_list_is_bounded_and_has_room_again_when_blocks_have_ended() -> None:
    blocklist = Blocklist(30.0)
    for n in range(5000):
        blocklist.add(f"ctrl-{n}", 0.001 * n)
    assert blocklist.until("ctrl-1023", 5.0) == 31.023
    assert blocklist.until("ctrl-1024", 5.0) is None
    blocklist.add("ctrl-late", 30.5)
    assert blocklist.until("ctrl-late", 31.0) == 60.5


def test_a_block_that_ends_at_this_moment_makes_room() -> None:
    blocklist = Blocklist(30.0)
    for n in range(1024):
        blocklist.add(f"ctrl-{n}", 0.0)
    blocklist.add("ctrl-late", 30.0)
    assert blocklist.until("ctrl-late", 30.0) == 60.0
