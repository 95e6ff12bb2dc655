"""The real callback in a real PortAudio stream: it plays on while Python cannot."""

from __future__ import annotations

import ctypes
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from support.sound.spectrum import click_frames, f0_hz, third_difference_db
from support.soundcard.pulse import RATE, Pulse

from formant_dsp import Bank, VoiceParams
from formant_dsp.output.callback import StreamState

# 150 ms of buffer: more than what a busy machine keeps a thread waiting, and half of what the lock is held for. So a
# callback that needs the lock cannot keep up (the second half of the script shows it), and one that does not, can.
_PLAY = """
import ctypes, json, sys, time
import sounddevice
import formant_dsp as fd
from formant_dsp.output.stream import open_sink

LATENCY_S = 0.15
bank = fd.Bank()
sink = open_sink(bank, "auto", latency=LATENCY_S, on_note=lambda line: sys.exit(line))
bank.note_on(1, fd.VoiceParams(f0_hz=220.0, vibrato_cents=0.0))
sink.start()
time.sleep(0.5)
before, began = sink.counters(), time.monotonic()
hold = ctypes.PyDLL(None).usleep       # PyDLL keeps the interpreter lock during the call
for _ in range(6):
    hold(300_000)
    time.sleep(0.005)
after, lasted = sink.counters(), time.monotonic() - began
time.sleep(0.3)
sink.stop()

lost = 0
def callback(out, frames, when, status):
    global lost
    lost += bool(status.output_underflow)
    out.fill(0)
with sounddevice.OutputStream(samplerate=48000, channels=2, latency=LATENCY_S, callback=callback):
    time.sleep(0.3)
    for _ in range(3):
        hold(300_000)
        time.sleep(0.005)
print(json.dumps({"before": before, "after": after, "lasted_s": lasted, "lost_in_python": lost}))
"""


@pytest.mark.alone
def test_sound_goes_on_while_another_thread_holds_the_interpreter_lock() -> None:
    """1.8 s of lock held 300 ms at a time: no underflow, no block missing, no click, no phase jump at the device."""
    with Pulse() as pulse:
        recorder = pulse.recorder().start()
        done = subprocess.run(
            [sys.executable, "-c", _PLAY], env=pulse.env, capture_output=True, text=True, timeout=300, check=False
        )
        sound = recorder.stop()
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    before, after = report["before"], report["after"]
    assert after["underflows"] == 0
    assert report["lost_in_python"] > 0
    played_s = (after["frames"] - before["frames"]) / RATE
    assert abs(played_s - report["lasted_s"]) < 0.2, "but for what the buffer holds"
    heard = np.flatnonzero(np.abs(sound) > 1e-3)
    middle = sound[heard[0] + RATE // 2 : heard[0] + 2 * RATE]
    assert abs(1200 * np.log2(f0_hz(middle, RATE, 220.0) / 220.0)) < 0.1
    assert click_frames(middle, RATE) == 0
    assert third_difference_db(sound[heard[0] : heard[-1]]) < -20.0


@pytest.fixture
def played() -> Iterator[tuple[StreamState, Callable[..., None]]]:
    """A stream's state, and a function that calls back as PortAudio does, once, with 480 frames."""
    state = StreamState(Bank(voices=2), 1)
    kind = ctypes.PYFUNCTYPE(
        *(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong),
        ctypes.c_void_p,
    )
    callback, out = kind(state.callback_address), (ctypes.c_float * 480)()
    yield state, lambda flags=0: callback(None, out, 480, None, flags, state.user_address)
    state.release()


def test_a_callback_is_late_when_the_device_has_run_dry_and_bursts_are_not(
    played: tuple[StreamState, Callable[..., None]],
) -> None:
    """The device holds 1 s; 100 blocks of 10 ms fill it at once."""
    state, call = played
    state.allow_late(1.0)
    assert state.thread == 0
    for _ in range(100):
        call()
    assert state.thread == threading.get_native_id()
    assert state.counters()["late"] == 0
    time.sleep(1.1)
    call()
    counters = state.counters()
    assert counters["late"] == 1
    assert 1.0e6 < counters["late_us_max"] < 60e6
    for _ in range(50):  # what was lost moves the schedule: it is counted once
        call()
    assert state.counters()["late"] == 1


def test_an_underflow_that_the_device_reports_moves_the_schedule(
    played: tuple[StreamState, Callable[..., None]],
) -> None:
    state, call = played
    state.allow_late(0.02)
    call()
    time.sleep(0.1)
    call(4)  # paOutputUnderflow
    counters = state.counters()
    assert (counters["underflows"], counters["late"]) == (1, 0)


def test_a_device_without_latency_counts_no_late_callbacks(played: tuple[StreamState, Callable[..., None]]) -> None:
    state, call = played
    call()
    time.sleep(0.05)
    call()
    assert state.counters()["late"] == 0


_STALLED = """
import sys, time
import formant_dsp as fd
from formant_dsp.output.stream import open_sink
sink = open_sink(fd.Bank(), "auto", on_note=lambda line: sys.exit(line))
sink.start()
while sink.counters()["frames"] < 24_000:  # a stream that has not begun to flow cannot run dry
    time.sleep(0.02)
print("playing", flush=True)
sys.stdin.readline()
deadline = time.monotonic() + 20
while sink.counters()["underflows"] == 0 and time.monotonic() < deadline:
    time.sleep(0.05)
print(sink.counters()["underflows"], flush=True)
sink.stop()
"""


def test_underflows_are_counted_and_not_written_of_on_the_audio_thread() -> None:
    with Pulse() as pulse:
        process = subprocess.Popen(
            [sys.executable, "-c", _STALLED],
            env=pulse.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "playing\n"
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.5)
        process.send_signal(signal.SIGCONT)
        said, errors = process.communicate("go\n", timeout=300)
    assert int(said) > 0
    assert errors == ""


@pytest.fixture
def louder() -> Iterator[tuple[StreamState, Callable[[], float]]]:
    """A stream of two channels that sings a note, and a function that renders a block and gives its greatest sample."""
    bank = Bank(voices=2)
    state = StreamState(bank, 2, [0, -1])
    bank.note_on(1, VoiceParams(f0_hz=220.0, lease_s=0.0))

    def render() -> float:
        block = np.zeros((64, 2), np.float32)
        state.render_into(block)
        return float(np.abs(block).max())

    yield state, render
    state.release()


def test_the_peak_is_that_of_all_blocks_since_it_was_asked_for(
    louder: tuple[StreamState, Callable[[], float]],
) -> None:
    state, render = louder
    render()
    assert state.peak() is None, "the first call begins to measure"
    for _ in range(3):
        peaks = [render() for _ in range(200)]
        assert state.peak() == max(peaks) > 0.0
    assert state.peak() is None, "no block since: an old level is none"
    assert state.peak() is None
    peak = render()
    assert state.peak() == peak


def test_nothing_is_measured_before_anybody_asks_and_after_nobody_does(
    louder: tuple[StreamState, Callable[[], float]],
) -> None:
    state, render = louder
    for _ in range(400):
        render()
    assert state.peak() is None
    quiet = min(max(render() for _ in range(20)) for _ in range(3))
    assert state.peak() is not None
    render()
    state.stop_measuring()
    render()
    assert state.peak() is None, "what was measured before is old"
    assert render() <= quiet * 10
    assert state.peak() is not None
