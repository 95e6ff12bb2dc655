from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formant_net.midi.zones import Zones


@pytest.mark.parametrize(
    ("master", "count", "members"),
    [(0, 0, []), (0, 7, list(range(1, 8))), (0, 15, list(range(1, 16))), (15, 7, list(range(8, 15))),
     (15, 15, list(range(15)))],
)  # fmt: skip
def test_members_of_a_zone(master: int, count: int, members: list[int]) -> None:
    zones = Zones()
    zones.configure(master, count)
    assert [channel for channel in range(16) if zones.is_member(channel)] == members


def test_the_later_zone_shrinks_the_other_and_says_which_channels_change_hands() -> None:
    zones = Zones()
    assert zones.configure(0, 7) == [*range(8)]
    assert zones.configure(15, 10) == [*range(4 + 1, 16)]
    assert (zones.lower.count, zones.upper.count) == (4, 10)
    assert zones.configure(15, 10) == []


def test_fifteen_members_take_the_other_master_as_well() -> None:
    zones = Zones()
    zones.configure(15, 3)
    zones.configure(0, 15)
    assert zones.upper.count == 0
    assert zones.is_member(15)


@given(st.lists(st.tuples(st.integers(-1, 16), st.integers(-1, 20)), max_size=8))
def test_no_channel_is_in_two_zones_whatever_is_asked(asked: list[tuple[int, int]]) -> None:
    zones = Zones()
    for master, count in asked:
        before = [zones.zone_of(channel) for channel in range(16)]
        changed = zones.configure(master, count)
        assert changed == [channel for channel in range(16) if zones.zone_of(channel) is not before[channel]]
        assert not any(channel in zones.lower and channel in zones.upper for channel in range(16))


def test_a_range_on_any_member_holds_for_all_and_the_masters_is_its_own() -> None:
    zones = Zones()
    zones.configure(0, 3)
    zones.set_range(2, 24.0)
    assert [zones.range_of(channel) for channel in range(5)] == [2.0, 24.0, 24.0, 24.0, 2.0]
    zones.set_range(0, 12.0)
    zones.set_range(4, 200.0)
    assert [zones.range_of(channel) for channel in range(5)] == [12.0, 24.0, 24.0, 24.0, 96.0]
    zones.configure(0, 3)
    assert [zones.range_of(channel) for channel in range(4)] == [2.0, 48.0, 48.0, 48.0]


def test_the_players_own_range_overrides_all_but_the_masters() -> None:
    zones = Zones(7.0)
    zones.configure(0, 3)
    zones.set_range(1, 24.0)
    assert [zones.range_of(channel) for channel in (0, 1, 9)] == [2.0, 7.0, 7.0]


def test_a_pedal_speaks_for_its_zone_or_its_channel_and_a_members_for_nobody() -> None:
    zones = Zones()
    zones.configure(15, 2)
    assert [zones.scope(channel) for channel in (15, 14, 3)] == [[15, 13, 14], [], [3]]
