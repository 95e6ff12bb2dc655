"""A round for four voices, Frère Jacques, each on a vowel of its own: one score of events at exact frames.

python examples/canon.py canon.wav
"""

import sys

import soundfile

import formant_dsp as fd
from formant_dsp.presets import load
from formant_dsp.score import Event, render_score

RATE, BEAT_S = 48000, 0.42
TUNE = [  # semitones above the tonic, beats
    (0, 1), (2, 1), (4, 1), (0, 1), (0, 1), (2, 1), (4, 1), (0, 1),
    (4, 1), (5, 1), (7, 2), (4, 1), (5, 1), (7, 2),
    (7, 0.5), (9, 0.5), (7, 0.5), (5, 0.5), (4, 1), (0, 1), (7, 0.5), (9, 0.5), (7, 0.5), (5, 0.5), (4, 1), (0, 1),
    (0, 1), (-5, 1), (0, 2), (0, 1), (-5, 1), (0, 2),
]  # fmt: skip
VOICES = [("soprano", 523.25), ("alto", 261.63), ("tenor", 261.63), ("bass", 130.81)]

events = []
for voice, (name, tonic_hz) in enumerate(VOICES):
    preset, beat = load(name), 8.0 * voice
    for number, (semitones, beats) in enumerate(TUNE):
        (params,) = preset.voice_params(preset.x_of(tonic_hz * 2.0 ** (semitones / 12)), (number % 5) / 4, 0.55)
        key = 1000 * (voice + 1) + number
        events.append(Event(round(beat * BEAT_S * RATE), key, params))
        beat += beats
        events.append(Event(round((beat * BEAT_S - 0.04) * RATE), key, None))
events.sort(key=lambda event: event.frame)

bank = fd.Bank(voices=16, sample_rate=RATE, seed=3)
with soundfile.SoundFile(sys.argv[1] if len(sys.argv) > 1 else "canon.wav", "w", RATE, 1, "PCM_24") as file:
    for block in render_score(bank, events, events[-1].frame + RATE):
        file.write(block)
