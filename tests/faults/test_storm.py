"""A short storm of newcomers on real processes. `python -m faults.real.storm` is the long one, with its bounds."""

from __future__ import annotations

from faults.real.storm import run


def test_a_storm_of_guests_keeps_no_player_out_and_ends_no_link() -> None:
    """Nothing is timed here: a busy machine may be slow, but everybody gets in and goes on playing."""
    storm = run(2.0, 200.0, synths=1, guests=1, quiet_s=0.5)
    assert storm.came >= 300
    assert sum(storm.heard.get(said, 0) for said in ("registered", "too-many-joins")) > 100
    assert storm.stormed.touches > 0
    assert storm.stormed.linked
    assert storm.stormed.refused == []
    assert storm.stormed.lost == 0
    assert storm.beside.touches > 0, "what the machine costs is measured in the same seconds"
    assert storm.faults == 0
