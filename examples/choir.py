"""A chord that moves from u to a and back, rendered without a network: three voices, then a fourth from another thread.

python examples/choir.py choir.wav
"""

from __future__ import annotations

import sys
import threading

import numpy as np
import soundfile

import formant_dsp as fd

RATE = 48000
bank = fd.Bank(voices=8, sample_rate=RATE, seed=1)
path = fd.VowelPath.sung("alto", vowels=("u", "o", "a"))


def voice(f0_hz: float, position: float) -> fd.VoiceParams:
    return fd.VoiceParams(f0_hz=f0_hz, vowel=path.at(position), vibrato_cents=35.0, drift_cents=6.0)


chord = {1: 220.0, 2: 277.18, 3: 329.63}
for key, f0_hz in chord.items():
    bank.note_on(key, voice(f0_hz, 0.0))


def descant() -> None:
    """Any thread may play while another renders; a call says False when the lock-free ring between them is full."""
    bank.note_on(4, voice(440.0, 1.0), frame=2 * RATE)
    bank.note_off(4, frame=4 * RATE)


player = threading.Thread(target=descant)
player.start()

blocks = []
for step in range(500):  # 10 ms each
    opening = 0.5 - 0.5 * np.cos(2 * np.pi * step / 500)
    for key, f0_hz in chord.items():
        if step < 450:
            bank.update(key, voice(f0_hz, opening))
        elif step == 450:
            bank.note_off(key)
    blocks.append(bank.render(RATE // 100))
player.join()

target = sys.argv[1] if len(sys.argv) > 1 else "choir.wav"
soundfile.write(target, np.concatenate(blocks), RATE, subtype="PCM_24")
print(f"{target}: {len(blocks) / 100:.1f} s, {bank.isa}, {bank.counters()['notes']} notes")
