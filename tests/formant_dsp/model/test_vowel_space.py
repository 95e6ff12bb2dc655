"""Between any two vowels there is, at any speed: no click and no hole. A property over random pairs of all tables."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.judges.signals import RATE, every_vowel, moved, still, sweep
from support.sound.spectrum import high_band_db, third_difference_db

VOWELS = every_vowel()
ABOVE = 1.5
"""The high band begins so far above the highest formant: nothing of a vowel is left there but what moved."""


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(VOWELS), st.sampled_from(VOWELS), st.floats(85.0, 500.0), st.floats(0.0, 0.3),
    st.sampled_from(["voice", "modfm", "poisson", "chowning", "natural"]),
)  # fmt: skip
def test_no_click_and_no_hole(
    a: tuple[str, object], b: tuple[str, object], f0: float, seconds: float, algorithm: str
) -> None:
    """Judge 6: what a move adds to the high band stays below -60 dB re all, third difference below -20 dB or that of a
    brighter end. The level over 30 ms stays within what its two ends and 6 dB of interference on the way allow."""
    start, stop = (still(f0_hz=f0, vowel=v[1], algorithm=algorithm) for v in (a, b))
    path = [(at, still(f0_hz=f0, vowel=p.vowel, algorithm=algorithm)) for at, p in sweep(start, stop, seconds)]
    y = moved(start, path)[RATE // 5 :]
    edge = min(ABOVE * max(*start.vowel.frequency_hz, *stop.vowel.frequency_hz) + 2000.0, 12_000.0)
    ends = [moved(p, [])[RATE // 5 :] for p in (start, stop)]
    assert high_band_db(y, RATE, edge) < max(-60.0, 3.0 + max(high_band_db(end, RATE, edge) for end in ends))
    assert third_difference_db(y) < max(-20.0, 1.0 + max(map(third_difference_db, ends)))
    level = 10 * np.log10(np.convolve(y**2, np.ones(1440) / 1440, "valid")[:: RATE // 1000] + 1e-12)
    quietest_end = min(np.median(level[:200]), np.median(level[-200:]))
    assert level.min() > quietest_end - 6.0
