"""Everything that Python may do to a bank while it sounds. Run by test_audio_proofs.py under the thread sanitizer.

play.py PUMP [--fault]      --fault renders from here too, which nobody may
"""

import ctypes
import json
import sys
import time

import numpy as np

import formant_dsp as fd
from formant_dsp.callback import StreamState

SECONDS = 3.0

pump = ctypes.PyDLL(sys.argv[1])
bank = fd.Bank(voices=6)
state = StreamState(bank, 2)
params = [fd.VoiceParams(f0_hz=110.0 * 2 ** (i / 12), lease_s=0.05, algorithm=fd.ALGORITHMS[i % 4]) for i in range(24)]
assert pump.pump_start(ctypes.c_void_p(state.callback_address), ctypes.c_void_p(state.user_address)) == 0
began, key = time.monotonic(), 0
while time.monotonic() - began < SECONDS:
    key += 10
    for i in range(key, key + 10):  # more than there are voices
        bank.note_on(i, params[i % 24])
    for i in range(key, key + 10, 3):
        bank.update(i, params[(i + 7) % 24])
        bank.note_off(i + 1)
    if key % 50 == 0:
        bank.note_on(key, params[0], frame=bank.frame + 200)
        bank.set_volume(key % 7 / 7.0)
        bank.fade(key % 100 != 0)
        state.counters()
        bank.counters()
        _ = bank.active, bank.latency_frames
    if key % 500 == 0:
        bank.all_off()
        time.sleep(0.1)  # until leases end
    if "--fault" in sys.argv:
        state.render_into(np.zeros((64, 2), np.float32))
    time.sleep(1e-3)
pump.pump_stop()
print(json.dumps({**bank.counters(), **state.counters()}))
