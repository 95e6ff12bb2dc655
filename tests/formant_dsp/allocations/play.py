"""Plays all that a bank can do through the C callback, and prints what the audio path asked for and what happened.

play.py LIBRARY [FAULT]      run by test_allocations.py with LIBRARY (count.c) loaded before everything else
"""

import ctypes
import json
import sys

import formant_dsp as fd
from formant_dsp.callback import StreamState

FRAMES = 100  # no multiple of the hop
CHANNELS = 2


class Planted(ctypes.Structure):
    _fields_ = (("callback", ctypes.c_void_p), ("user", ctypes.c_void_p), ("fault", ctypes.c_int))


def main(library: str, fault: int) -> None:
    count = ctypes.CDLL(library)
    count.blocks.restype = ctypes.c_long
    bank = fd.Bank(voices=8, channels=CHANNELS, ring_capacity=4096)
    state = StreamState(bank, CHANNELS, budget=0.0)  # no shedding yet: it depends on the machine
    play, user = ctypes.c_void_p(state.callback_address), ctypes.c_void_p(state.user_address)
    if fault:
        wrapped = Planted(play, user, fault)
        play, user = ctypes.cast(count.planted, ctypes.c_void_p), ctypes.cast(ctypes.pointer(wrapped), ctypes.c_void_p)
    out = (ctypes.c_float * (FRAMES * CHANNELS))()
    path = fd.VowelPath.sung("tenor")
    asked = blocks = 0

    def sound(n: int) -> None:
        nonlocal asked, blocks
        asked += count.blocks(play, user, out, ctypes.c_ulong(FRAMES), n)
        blocks += n

    def note(key: int, life: bool) -> fd.VoiceParams:
        lively = {
            "drift_cents": 10.0, "jitter_percent": 0.4, "shimmer_db": 0.2, "flutter": 20.0, "breath": 0.3,
            "voiced": 0.8, "zing": 0.3, "symmetry": 0.3, "lease_s": 0.5,
        } if life else {}  # fmt: skip
        return fd.VoiceParams(
            f0_hz=110.0 * 2 ** (key % 24 / 12), vowel=path.at(key % 7 / 7), pan=key % 5 / 2 - 1, level_db=12.0,
            algorithm=fd.ALGORITHMS[key % len(fd.ALGORITHMS)], attack_s=0.005, release_s=0.05, **lively,
        )  # fmt: skip

    sound(10)  # nothing to sing
    for turn in range(40):
        life = turn % 2 == 1
        for i in range(3):  # 8 voices: from the third turn on they are stolen
            bank.note_on(3 * turn + i + 1, note(3 * turn + i, life))
        sound(10)
        for i in range(3):
            bank.update(3 * turn + i + 1, note(3 * turn + i + 11, life))
        bank.set_volume(0.5 + turn % 2 / 2)
        sound(10)
        bank.note_off(3 * turn + 1)
        sound(3)
    bank.fade(False)
    sound(100)
    bank.fade(True)
    sound(600)  # longer than any lease
    for key in range(1000, 1008):
        bank.note_on(key, note(key, False))
    state.budget = 1e-6  # every hop takes longer
    sound(100)
    bank.all_off()
    sound(300)
    print(json.dumps({"asked": asked, "calls": blocks, **state.counters(), **bank.counters()}))


main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)
