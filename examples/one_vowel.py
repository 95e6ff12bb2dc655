"""The shortest example: a tenor sings a for two seconds.

python examples/one_vowel.py one_vowel.wav
"""

import sys

import numpy as np
import soundfile

import formant_dsp as fd

bank = fd.Bank(voices=1, sample_rate=48000)
bank.note_on(1, fd.VoiceParams(f0_hz=146.83, vowel=fd.sung("tenor")["a"], vibrato_cents=40.0))
held = bank.render(2 * 48000)
bank.note_off(1)
released = bank.render(24000)
soundfile.write(sys.argv[1] if len(sys.argv) > 1 else "one_vowel.wav", np.concatenate((held, released)), 48000)
