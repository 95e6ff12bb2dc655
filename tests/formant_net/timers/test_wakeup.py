from __future__ import annotations

from formant_net.timers.wakeup import Wakeup


def test_the_earliest_wish_counts_until_all_are_forgotten() -> None:
    wakeup = Wakeup()
    wakeup.by(None)
    assert wakeup.at is None
    for moment in (5.0, 3.0, 4.0):
        wakeup.by(moment)
    assert wakeup.at == 3.0
    wakeup.clear()
    wakeup.by(9.0)
    assert wakeup.at == 9.0
