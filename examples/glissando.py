"""Two octaves up and down on a: the harmonics move through resting formants. Then a jump with a slow portamento.

python examples/glissando.py glissando.wav
"""

import math
import sys

import soundfile

import formant_dsp as fd
from formant_dsp.score import Event, render_score

RATE = 48000
bank = fd.Bank(voices=1, sample_rate=RATE)
a = fd.sung("soprano")["a"]

events = []
for i in range(400):
    octaves = 2.0 * (0.5 - 0.5 * math.cos(2 * math.pi * i / 400))
    params = fd.VoiceParams(f0_hz=220.0 * 2.0**octaves, vowel=a, resonance=1.0, vibrato_cents=0.0)
    events.append(Event(i * RATE // 100, 1, params))
leap = fd.VoiceParams(f0_hz=440.0, vowel=a, portamento_s=0.35, vibrato_cents=30.0)
events += [Event(4 * RATE, 1, leap), Event(6 * RATE, 1, None)]

with soundfile.SoundFile(sys.argv[1] if len(sys.argv) > 1 else "glissando.wav", "w", RATE, 1, "PCM_24") as file:
    for block in render_score(bank, events, 13 * RATE // 2):
        file.write(block)
