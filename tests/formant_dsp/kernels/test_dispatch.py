"""The best kernels that can run here are chosen; the environment or the caller may choose others, and no others."""

from __future__ import annotations

import pytest

from formant_dsp.kernels import cpu, dispatch

BASELINES = {"sse2", "neon", "generic"}


@pytest.fixture(autouse=True)
def _nothing_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORMANT_ISA", raising=False)


def test_a_baseline_that_any_processor_has_is_there_and_comes_last() -> None:
    assert dispatch.isas()[-1] in BASELINES
    assert set(dispatch.isas()[:-1]).isdisjoint(BASELINES)


def test_without_a_wish_the_best_is_in_use() -> None:
    assert dispatch.isa() == dispatch.isas()[0]
    assert dispatch.load().isa == dispatch.isas()[0]


def test_a_wish_of_the_environment_or_of_the_caller_is_met(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in dispatch.isas():
        assert dispatch.load(name).isa == name
        monkeypatch.setenv("FORMANT_ISA", name)
        assert dispatch.isa() == dispatch.load().isa == name


def test_what_cannot_run_here_is_refused_with_what_can(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=f"'z80' cannot run here: choose one of .*{dispatch.isas()[-1]}"):
        dispatch.load("z80")
    monkeypatch.setenv("FORMANT_ISA", "z80")
    with pytest.raises(ValueError, match=r"FORMANT_ISA=z80 cannot run here.*or unset it"):
        dispatch.isa()


def test_a_processor_of_the_lowest_level_gets_the_baseline_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu, "level", lambda: 1)
    assert len(dispatch.isas.__wrapped__()) == 1
