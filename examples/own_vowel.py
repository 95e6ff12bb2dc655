"""Vowels of your own, and a plane between four of them: two numbers choose the vowel.

python examples/own_vowel.py own_vowel.wav
"""

import math
import sys

import soundfile

import formant_dsp as fd
from formant_dsp.score import Event, render_score
from formant_dsp.tract import bandwidth_hz, tract_levels

RATE = 48000


def vowel(f1: float, f2: float) -> fd.Vowel:
    """Two formants given; the others, widths and levels as a tract would have them."""
    centres = (f1, f2, max(2500.0, f2 + 400.0), 3500.0, 4400.0)
    widths = tuple(map(bandwidth_hz, centres))
    return fd.Vowel(centres, widths, tract_levels(centres, widths))


corners = {
    (0.0, 0.0): vowel(300, 700),
    (1.0, 0.0): vowel(280, 2300),
    (0.0, 1.0): vowel(700, 1050),
    (1.0, 1.0): vowel(750, 1700),
}
plane = fd.VowelPlane(tuple(corners), tuple(corners.values()))

events = []
for i in range(500):  # once round the plane
    angle = 2 * math.pi * i / 500
    sung = plane.at(0.5 + 0.5 * math.cos(angle), 0.5 + 0.5 * math.sin(angle))
    events.append(Event(i * RATE // 100, 1, fd.VoiceParams(f0_hz=123.47, vowel=sung, vibrato_cents=30.0)))
events.append(Event(5 * RATE, 1, None))

bank = fd.Bank(voices=1, sample_rate=RATE)
with soundfile.SoundFile(sys.argv[1] if len(sys.argv) > 1 else "own_vowel.wav", "w", RATE, 1, "PCM_24") as file:
    for block in render_score(bank, events, 11 * RATE // 2):
        file.write(block)
