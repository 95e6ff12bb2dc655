"""All vowels and back on one note: the formants move, the pitch does not.

python examples/vowel_glide.py vowel_glide.wav
"""

import math
import sys

import soundfile

import formant_dsp as fd
from formant_dsp.score import Event, render_score

RATE, SECONDS = 48000, 6.0
bank = fd.Bank(voices=1, sample_rate=RATE)
path = fd.VowelPath.sung("alto", vowels=("u", "o", "a", "e", "i"))

events = []
for i in range(int(SECONDS * 100)):  # a new target every 10 ms; the bank smooths what is between
    place = 0.5 - 0.5 * math.cos(2 * math.pi * i / (SECONDS * 100))
    events.append(Event(i * RATE // 100, 1, fd.VoiceParams(f0_hz=220.0, vowel=path.at(place), vibrato_cents=25.0)))
events.append(Event(int(SECONDS * RATE), 1, None))

with soundfile.SoundFile(sys.argv[1] if len(sys.argv) > 1 else "vowel_glide.wav", "w", RATE, 1, "PCM_24") as file:
    for block in render_score(bank, events, int((SECONDS + 0.5) * RATE)):
        file.write(block)
