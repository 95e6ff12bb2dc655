"""A hand that plays at random, by a seed, and the verdict over many samples."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

from formant_net.ops.soak import FINGERS, RandomHand, Sample, line, summarise


def play(seed: int, seconds: float, step: float = 1 / 60) -> list[tuple[float, list[object]]]:
    hand = RandomHand(Random(seed))
    return [(i * step, list(hand.touches(100.0 + i * step))) for i in range(round(seconds / step))]


def test_the_same_seed_plays_the_same_and_another_one_does_not() -> None:
    assert play(1, 5.0) == play(1, 5.0)
    assert play(1, 5.0) != play(2, 5.0)


def test_fingers_come_down_move_within_the_surface_and_lift() -> None:
    hand = RandomHand(Random(3))
    down: set[int | str] = set()
    lifts, most, moved = 0, 0, 0
    last: dict[int | str, tuple[float, float]] = {}
    for i in range(60 * 60):
        seen = hand.touches(1.0 + i / 60)
        assert {touch.id for touch in seen} >= down  # a finger that is down is in every report, its lift as well
        for touch in seen:
            assert touch.x is not None
            assert 0.0 <= touch.x <= 1.0
            assert 0.0 <= touch.y <= 1.0
            if touch.active:
                moved += touch.id in down and last[touch.id] != (touch.x, touch.y)
                down.add(touch.id)
                last[touch.id] = touch.x, touch.y
            else:
                down.remove(touch.id)
                lifts += 1
        most = max(most, len(down))
    assert lifts > 100
    assert moved > 100
    assert 3 <= most <= FINGERS


def sample(t_s: float, rss_mb: float, **fields: int) -> Sample:
    counts: dict[str, Any] = dict.fromkeys(Sample.__struct_fields__, 0) | {"notes": round(t_s)} | fields
    return Sample(**counts | {"t_s": t_s, "rss_mb": rss_mb})


def test_memory_that_fills_its_caches_and_stays_is_flat() -> None:
    rss = [90.0 + min(i, 15) for i in range(200)]
    summary = summarise([sample(10.0 * i, mb) for i, mb in enumerate(rss, 1)])
    assert summary["ok"]
    assert (summary["rss_first_mb"], summary["rss_last_mb"]) == (105.0, 105.0)
    assert summary["minutes"] == pytest.approx(33.33)
    assert abs(summary["rss_mb_per_hour"]) < 0.01


def test_memory_that_grows_all_the_time_is_not() -> None:
    summary = summarise([sample(10.0 * i, 100.0 + 0.05 * i) for i in range(1, 200)])
    assert not summary["ok"]
    assert "memory grew by" in summary["why"][0]
    assert summary["rss_mb_per_hour"] == pytest.approx(18.0, rel=0.01)


def test_a_run_of_seconds_does_not_judge_memory() -> None:
    assert summarise([sample(0.5 * i, 95.0 + 0.3 * i) for i in range(1, 13)])["ok"]


@pytest.mark.parametrize(("fields", "words"), [({"invalid": 2}, "not finite"), ({"notes": 0}, "nothing was played")])
def test_sound_that_is_not_finite_or_not_there_is_a_failure(fields: dict[str, int], words: str) -> None:
    summary = summarise([sample(float(i), 100.0, **fields) for i in range(1, 20)])
    assert not summary["ok"]
    assert words in summary["why"][0]


def test_too_few_samples_say_nothing() -> None:
    with pytest.raises(ValueError, match="longer"):
        summarise([sample(1.0, 100.0)] * 7)


def test_a_line_is_one_json_object_with_every_field() -> None:
    text = line(sample(1.5, 99.25))
    assert "\n" not in text
    assert set(json.loads(text)) == set(Sample.__struct_fields__)
