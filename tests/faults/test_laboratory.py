"""Random schedules of faults break no rule; and the laboratory is deterministic, replayable and able to fail."""

from __future__ import annotations

import contextlib
from dataclasses import asdict

import pytest
from faults import mutations
from faults.lab.cases import CASES, try_case
from faults.lab.numbers import percentile
from faults.lab.schedule import KINDS, draw_schedule, rule_of, run_schedule, shrink
from faults.lab.stamps import Stamps
from faults.lab.witness import Violation
from faults.search import explain
from support.suite.cases import some

SEEDS = some(range(150), 75)
RECOVERY_S = 2.0


def test_whatever_fails_everything_comes_right_by_itself() -> None:
    """`python -m faults.search` tries others, as many as one likes."""
    recoveries: list[float] = []
    for seed in SEEDS:
        schedule = draw_schedule(seed)
        report = run_schedule(schedule)
        assert not report.violation, "\n" + explain(schedule, report.violation)
        recoveries += report.recoveries
    assert len(recoveries) > 120
    assert percentile(recoveries, 0.95) <= RECOVERY_S, "from path back and peer listed to linked"


def test_every_kind_of_fault_is_drawn() -> None:
    drawn = {step.kind for seed in SEEDS for step in draw_schedule(seed).steps}
    assert drawn == set(KINDS)


def test_clocks_of_controllers_are_drawn_with_every_step_that_browsers_have_and_are_set_by_hours() -> None:
    drawn = [Stamps.draw(f"{seed} ctrl-a") for seed in range(200)]
    assert {clock.step_ms for clock in drawn} == {0.0, 0.1, 1.0, 50 / 3, 50.0, 100.0}
    assert {clock.shuffled for clock in drawn if clock.step_ms} == {False, True}
    sets = [step.number for seed in SEEDS for step in draw_schedule(seed).steps if step.kind == "clock set"]
    assert min(sets) < -1.0
    assert max(sets) > 1.0


@pytest.mark.parametrize("seed", [3, 77])
def test_a_seed_is_the_whole_story(seed: int) -> None:
    first, again = (asdict(run_schedule(draw_schedule(seed))) for _ in range(2))
    assert first == again
    assert first["events"] > 100


def test_a_failure_is_shrunk_and_told_with_the_command_that_shows_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    mutations.silence_is_not_death(monkeypatch)
    schedules = (draw_schedule(seed) for seed in range(100))
    schedule, report = next(
        (schedule, report)
        for schedule in schedules
        if len(schedule.steps) > 5 and (report := run_schedule(schedule)).violation
    )
    smaller, kept = shrink(schedule, report.violation)
    assert len(smaller.steps) < len(schedule.steps)
    assert rule_of(run_schedule(schedule.keep(kept)).violation) == rule_of(report.violation)
    words = explain(schedule, report.violation)
    assert f"python -m faults.search --seed {schedule.seed} --keep {','.join(map(str, kept))}" in words


@pytest.mark.parametrize("plant", mutations.MUTATIONS, ids=lambda plant: plant.__name__)
def test_a_planted_fault_is_found(plant: mutations.Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    kinds = mutations.MUTATIONS[plant]
    assert any(run_schedule(draw_schedule(seed, kinds)).violation for seed in range(150)), "nothing was noticed"


@pytest.mark.parametrize("plant", mutations.SLOW, ids=lambda plant: plant.__name__)
def test_a_planted_fault_that_only_makes_it_slow_is_found(
    plant: mutations.Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = CASES[mutations.SLOW[plant]]
    assert try_case(case, 0).recovery_s <= case.recovery_s
    plant(monkeypatch)
    with contextlib.suppress(Violation):
        assert percentile([try_case(case, seed).recovery_s for seed in range(6)], 0.95) > case.recovery_s
