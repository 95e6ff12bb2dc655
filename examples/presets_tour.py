"""Every shipped preset sings the same rising figure, one after the other. The script prints their names and times.

python examples/presets_tour.py presets_tour.wav
"""

import sys

import numpy as np
import soundfile
from numpy.typing import NDArray

import formant_dsp as fd
from formant_dsp.choir import ChoirBank
from formant_dsp.presets import load, names

RATE = 48000
real = fd.Bank(voices=64, sample_rate=RATE, seed=1, channels=2)
bank = ChoirBank(real)  # a note of a choir is several voices

blocks: list[NDArray[np.float32]] = []
for name in names():
    print(f"{sum(map(len, blocks)) / RATE:5.1f} s  {name}")
    preset = load(name)
    for key, x in enumerate((0.3, 0.42, 0.55), start=1):
        for i in range(10):  # the finger moves up through the vowels
            params = preset.voice_params(x, (key - 1 + i / 10) / 3)
            bank.note_on(key, params) if i == 0 else bank.update(key, params)
            blocks.append(real.render(RATE // 25))
        bank.note_off(key)
    blocks.append(real.render(RATE * 3 // 4))

soundfile.write(sys.argv[1] if len(sys.argv) > 1 else "presets_tour.wav", np.concatenate(blocks), RATE, "PCM_24")
