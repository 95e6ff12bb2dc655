"""A voice that becomes a whisper and returns: noise and voice have the same formants.

python examples/whisper.py whisper.wav
"""

import sys

import soundfile

import formant_dsp as fd
from formant_dsp.expression import Expression, express
from formant_dsp.score import Event, render_score

RATE = 48000
bank = fd.Bank(voices=1, sample_rate=RATE, seed=2)
path = fd.VowelPath.sung("alto", vowels=("a", "e", "i", "o", "a"))

events = []
for i in range(500):
    t = i / 500
    air = min(1.0, 3.0 * (0.5 - abs(t - 0.5)))  # voiced, whispered in the middle, voiced
    sung = express(path.at(t), 196.0, Expression(breath=0.5 * air, whisper=air))
    params = fd.VoiceParams(f0_hz=196.0, vowel=sung.vowel, vibrato_cents=20.0, **sung.fields)
    events.append(Event(i * RATE // 100, 1, params))
events.append(Event(5 * RATE, 1, None))

with soundfile.SoundFile(sys.argv[1] if len(sys.argv) > 1 else "whisper.wav", "w", RATE, 1, "PCM_24") as file:
    for block in render_score(bank, events, 11 * RATE // 2):
        file.write(block)
