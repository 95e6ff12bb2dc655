"""Five seconds of a dense MPE stream over a lossy link; `make midi-soak` plays ten minutes."""

from __future__ import annotations

from faults.midi_soak import Found, soak


def test_dense_mpe_over_a_lossy_link_loses_and_keeps_no_note() -> None:
    found = soak(5.0, loss=0.05)
    assert found.faults() == []
    assert found.struck > 15
    assert found.most_notes >= 4


def test_what_must_not_be_is_noticed() -> None:
    flat = [(1000, 1000, 1000)] * 10
    assert Found(struck=2, ons=2, offs=2, sizes=flat).faults() == []
    for wrong in (
        Found(left_sounding=1, sizes=flat),
        Found(struck=3, ons=2, offs=2, sizes=flat),
        Found(struck=2, ons=2, offs=1, sizes=flat),
        Found(most_messages_per_s=201, sizes=flat),
        Found(sizes=[*flat[:9], (1000, 1000, 2000)]),
    ):
        assert len(wrong.faults()) == 1
