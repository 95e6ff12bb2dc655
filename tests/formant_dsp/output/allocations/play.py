"""Plays all that a bank can do through the C callback, and prints what the audio path asked for and what happened.

play.py LIBRARY [FAULT]      run by test_allocations.py with LIBRARY (count.c) loaded before everything else
"""

import ctypes
import json
import sys

import formant_dsp as fd
from formant_dsp.model.choir import ChoirBank
from formant_dsp.model.presets import load, names
from formant_dsp.output.callback import StreamState

FRAMES = 100  # no multiple of the hop
PLACES = ((1, "line"), (2, "line"), (5, "ring"))


class Planted(ctypes.Structure):
    _fields_ = (("callback", ctypes.c_void_p), ("user", ctypes.c_void_p), ("fault", ctypes.c_int))


def play(count: ctypes.CDLL, fault: int, channels: int, layout: str) -> dict[str, int]:
    """Everything that can be asked of a bank of so many channels; what the audio path asked for, and what happened."""
    bank = fd.Bank(voices=8, channels=channels, layout=layout, ring_capacity=4096)
    state = StreamState(bank, channels, budget=0.0)  # no shedding yet: it depends on the machine
    callback, user = ctypes.c_void_p(state.callback_address), ctypes.c_void_p(state.user_address)
    if fault:
        wrapped = Planted(callback, user, fault)
        callback = ctypes.cast(count.planted, ctypes.c_void_p)
        user = ctypes.cast(ctypes.pointer(wrapped), ctypes.c_void_p)
    out = (ctypes.c_float * (FRAMES * channels))()
    path = fd.VowelPath.sung("tenor")
    asked = blocks = 0

    def sound(n: int) -> None:
        nonlocal asked, blocks
        asked += count.blocks(callback, user, out, ctypes.c_ulong(FRAMES), n)
        blocks += n

    def note(key: int, life: bool) -> fd.VoiceParams:
        lively = {
            "drift_cents": 10.0, "jitter_percent": 0.4, "shimmer_db": 0.2, "flutter": 20.0, "breath": 0.3,
            "voiced": 0.8, "zing": 0.3, "symmetry": 0.3, "lease_s": 0.5, "vibrato_drift_percent": 5.0,
            "scoop_cents": 60.0, "breath_lead_s": 0.05, "onset_tilt_db": 10.0, "delay_s": 0.01, "portamento_s": 0.1,
        } if life else {}  # fmt: skip
        return fd.VoiceParams(
            f0_hz=110.0 * 2 ** (key % 43 / 12), vowel=path.at(key % 7 / 7), pan=key % 5 / 2 - 1, level_db=12.0,
            algorithm=fd.ALGORITHMS[key % len(fd.ALGORITHMS)], attack_s=0.005, release_s=0.05, **lively,
        )  # fmt: skip

    sound(10)  # nothing to sing
    for turn in range(40):
        life = turn % 2 == 1
        for i in range(3):  # 8 voices: from the third turn on they are stolen
            frame = bank.frame + 777 if i == 1 else None  # one of them later, at its frame
            bank.note_on(3 * turn + i + 1, note(3 * turn + i, life), frame=frame)
        sound(10)
        for i in range(3):
            bank.update(3 * turn + i + 1, note(3 * turn + i + 11, life))
        bank.set_volume(0.5 + turn % 2 / 2)
        sound(10)
        bank.note_off(3 * turn + 1)
        sound(3)
    choir = ChoirBank(bank)  # every preset, changed while its note is held, choirs among them
    for key, name in enumerate(names(), start=10_000):
        choir.note_on(key, load(name).voice_params(0.9, 0.2, 0.7))
        sound(5)
        choir.update(key, load(names()[key % len(names())]).voice_params(0.4, 0.8, None))
        sound(5)
        choir.note_off(key)
    bank.fade(False)
    sound(100)
    bank.fade(True)
    sound(1500)  # longer than any lease and any release
    for key in range(1000, 1008):
        bank.note_on(key, note(key, False))
    state.budget = 1e-6  # every hop takes longer
    sound(100)
    bank.all_off()
    sound(300)
    return {"asked": asked, "calls": blocks, **state.counters(), **bank.counters()}


def main(library: str, fault: int) -> None:
    count = ctypes.CDLL(library)
    count.blocks.restype = ctypes.c_long
    print(json.dumps([play(count, fault, *place) for place in PLACES]))


main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)
