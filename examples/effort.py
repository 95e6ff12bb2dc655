"""A crescendo: effort changes level, tilt, first formant and steadiness together, as the pressure of a finger does.

python examples/effort.py effort.wav
"""

import sys

import soundfile

import formant_dsp as fd
from formant_dsp.expression import Expression, express
from formant_dsp.score import Event, render_score

RATE, F0_HZ = 48000, 164.81
bank = fd.Bank(voices=1, sample_rate=RATE)
vowel = fd.sung("tenor")["a"]
unsteady = {"jitter_percent": 0.25, "shimmer_db": 0.15}

events = []
for i in range(500):
    effort = 0.35 + 0.65 * min(i, 500 - i) / 250
    sung = express(vowel, F0_HZ, Expression(ring=0.4), unsteady, effort=effort)
    params = fd.VoiceParams(
        f0_hz=F0_HZ, vowel=sung.vowel, level_db=sung.level_db + 6.0, vibrato_cents=45.0, **sung.fields
    )
    events.append(Event(i * RATE // 100, 1, params))
events.append(Event(5 * RATE, 1, None))

with soundfile.SoundFile(sys.argv[1] if len(sys.argv) > 1 else "effort.wav", "w", RATE, 1, "PCM_24") as file:
    for block in render_score(bank, events, 11 * RATE // 2):
        file.write(block)
