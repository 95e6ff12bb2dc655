"""Plays for four seconds in real time: on the default device, or into the file that you name.

python examples/realtime.py                 # listen
python examples/realtime.py realtime.wav    # the same, recorded
"""

import sys
import time

import formant_dsp as fd
from formant_dsp.stream import open_sink

bank = fd.Bank(voices=8, sample_rate=48000)
sink = open_sink(bank, f"wav:{sys.argv[1]}" if len(sys.argv) > 1 else "auto")
print(sink.describe())
sink.start()  # from here on a C callback renders; Python only says what shall be sung

path = fd.VowelPath.sung("soprano", vowels=("u", "a", "i"))
for key, semitones in enumerate((0, 4, 7, 12), start=1):
    f0_hz = 261.63 * 2.0 ** (semitones / 12)
    bank.note_on(key, fd.VoiceParams(f0_hz=f0_hz, vowel=path.at(0.5), level_db=-6.0, vibrato_cents=30.0))
    for i in range(20):
        opening = fd.VoiceParams(f0_hz=f0_hz, vowel=path.at(0.5 + i / 40), level_db=-6.0, vibrato_cents=30.0)
        bank.update(key, opening)
        time.sleep(0.04)
bank.all_off()
time.sleep(0.5)
sink.stop()
