"""The headline benchmark in short: sound goes on while Python cannot, on PulseAudio and JACK, with peers or without."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from support.sound.held_chord import CHORD_HZ, PERIOD, RATE, judge
from support.suite.planted import ROOT
from support.suite.require import require

from formant_dsp import Bank, VoiceParams

# A buffer between what a busy machine keeps a thread waiting for and what the lock is held for: see test_callback.py.
SHORT = ["--seconds", "0.9", "--latency", "0.15", "--period", "2048", "--json"]


def run(*arguments: str) -> list[dict[str, Any]]:
    require("pulseaudio", "parecord", "jackd", "jack_rec")
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "hostile" / "run.py", *SHORT, *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    reports: list[dict[str, Any]] = json.loads(done.stdout)["reports"]
    return reports


@pytest.mark.long  # in short, with one of the three ways on PulseAudio: test_callback.py
@pytest.mark.alone
@pytest.mark.parametrize("host", ["pulse", "jack"])
def test_no_break_while_the_interpreter_is_held_three_ways_and_a_python_callback_breaks(host: str) -> None:
    (ours,) = run("--hosts", host, "--turns", "lock", "--players", "formant")
    (python,) = run("--hosts", host, "--turns", "lock", "--players", "python", "--loads", "sleep")
    for load in ("sleep", "regex", "bigint"):
        heard = ours[load]
        assert heard["lock_held_ms"] >= 100  # or nothing was proved
        assert heard["seconds"] > 0.8
        assert (heard["breaks"], heard["silent_ms"], heard["phase_jumps"]) == (0, 0.0, 0), (load, ours)
        assert heard["worst_db"] < -90.0
    assert python["sleep"]["breaks"] > 0


@pytest.mark.long
@pytest.mark.alone
def test_no_break_while_eight_peers_play_and_garbage_is_collected() -> None:
    (report,) = run("--hosts", "pulse", "--turns", "network", "--players", "formant", "--one-core")
    assert report["peers"] == 8
    assert report["touches"] > 100
    assert report["limited"] == 0  # or the fingers would have bent the chord
    for load in ("network", "gc"):
        heard = report[load]
        assert (heard["breaks"], heard["silent_ms"], heard["phase_jumps"]) == (0, 0.0, 0), (load, report)


def test_the_judge_finds_what_is_lost_doubled_or_bent() -> None:
    bank = Bank(voices=8)
    for key, f0 in enumerate(CHORD_HZ, 1):
        assert bank.note_on(key, VoiceParams(f0_hz=f0, vibrato_cents=0.0, level_db=-6.0))
    right = bank.render(3 * RATE).astype(np.float64)
    at = 2 * RATE
    whole = judge(right, 0.5)
    assert (whole.breaks, whole.silent_ms, whole.phase_jumps) == (0, 0.0, 0)
    assert whole.worst_db < -90.0
    for frames in (1, 64, 256):
        lost = judge(np.concatenate((right[:at], right[at + frames :])), 0.5)
        assert (lost.breaks, lost.phase_jumps, lost.moved_frames) == (1, 1, frames)
        doubled = judge(np.concatenate((right[:at], right[at - frames :])), 0.5)
        assert (doubled.breaks, doubled.phase_jumps, doubled.moved_frames) == (1, 1, PERIOD - frames)
    silenced = right.copy()
    silenced[at : at + 480] = 0.0
    muted = judge(silenced, 0.5)
    assert (muted.breaks, muted.phase_jumps) == (1, 0)
    assert 8.0 < muted.silent_ms <= 10.0
    clicked = right.copy()
    clicked[at] += 0.001
    assert judge(clicked, 0.5).breaks == 1
    with pytest.raises(ValueError, match="only"):
        judge(right, 0.5, 10.0)
