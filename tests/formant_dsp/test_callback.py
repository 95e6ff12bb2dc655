"""The real callback in a real PortAudio stream: it plays on while Python cannot."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
from support.pulse import RATE, Pulse
from support.spectrum import click_frames, f0_hz, third_difference_db

# 150 ms of buffer: more than what a busy machine keeps a thread waiting, and half of what the lock is held for. So a
# callback that needs the lock cannot keep up (the second half of the script shows it), and one that does not, can.
_PLAY = """
import ctypes, json, sys, time
import sounddevice
import formant_dsp as fd
from formant_dsp.stream import open_sink

LATENCY_S = 0.15
bank = fd.Bank()
sink = open_sink(bank, "auto", latency=LATENCY_S, on_note=lambda line: sys.exit(line))
bank.note_on(1, fd.VoiceParams(f0_hz=220.0, vibrato_cents=0.0))
sink.start()
time.sleep(0.5)
before = sink.counters()
hold = ctypes.PyDLL(None).usleep       # PyDLL keeps the interpreter lock during the call
for _ in range(6):
    hold(300_000)
    time.sleep(0.005)
after = sink.counters()
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
print(json.dumps({"before": before, "after": after, "lost_in_python": lost}))
"""


def test_sound_goes_on_while_another_thread_holds_the_interpreter_lock() -> None:
    """1.8 s of lock held 300 ms at a time: no underflow, no block missing, no click, no phase jump at the device."""
    with Pulse() as pulse:
        recorder = pulse.recorder().start()
        done = subprocess.run(
            [sys.executable, "-c", _PLAY], env=pulse.env, capture_output=True, text=True, timeout=60, check=False
        )
        sound = recorder.stop()
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    before, after = report["before"], report["after"]
    assert after["underflows"] == 0
    assert report["lost_in_python"] > 0
    assert 1.7 * RATE < after["frames"] - before["frames"] < 2.0 * RATE
    heard = np.flatnonzero(np.abs(sound) > 1e-3)
    middle = sound[heard[0] + RATE // 2 : heard[0] + 2 * RATE]
    assert abs(1200 * np.log2(f0_hz(middle, RATE, 220.0) / 220.0)) < 0.1
    assert click_frames(middle, RATE) == 0
    assert third_difference_db(sound[heard[0] : heard[-1]]) < -20.0
