"""A preset sings a gesture file, which records touches of fingers: the same touches give the same samples.

python examples/touch_log.py touch_log.wav
"""

import sys

import soundfile

import formant_dsp as fd
from formant_dsp.choir import sub_key
from formant_dsp.presets import load
from formant_dsp.score import Event, render_score
from formant_net.gesture import read_gesture

RATE = 48000
LOG = """
# a rising third on a, then the vowel turns to i; a second finger joins
{"t": 0.0, "x": 0.3333, "y": 0.0, "z": 0.7}
{"t": 0.6, "x": 0.4444}
{"t": 0.9, "id": "second", "x": 0.5833, "y": 0.75, "z": 0.6}
{"t": 1.2, "y": 0.25}
{"t": 1.4, "y": 0.5, "z": 0.9}
{"t": 1.9, "id": "second", "x": 0.5278, "y": 0.9}
{"t": 3.0, "active": false}
{"t": 3.4, "id": "second", "active": false}
"""

preset = load("alto")
keys: dict[int | str, int] = {}
events = []
touches = read_gesture(LOG.splitlines())
for touch in touches:
    key = keys.setdefault(touch.id, len(keys) + 1)
    singers = preset.voice_params(touch.x, touch.y, touch.z)
    for i, params in enumerate(singers):
        events.append(Event(round(touch.t * RATE), sub_key(key, i), params if touch.active else None))

bank = fd.Bank(voices=8, sample_rate=RATE)
with soundfile.SoundFile(sys.argv[1] if len(sys.argv) > 1 else "touch_log.wav", "w", RATE, 1, "PCM_24") as file:
    for block in render_score(bank, events, round((touches[-1].t + 0.5) * RATE)):
        file.write(block)
