"""Everything that Python may do to a bank while it sounds. Run by test_audio_proofs.py under the thread sanitizer.

play.py PUMP [FAULT]
    FAULT   "consumer": this thread renders, too, which only one thread may;
            "bank.NAME" or "stream.NAME": this field of native/shared.h is stored plainly

The sanitizer finds a race only where nothing orders the two accesses. Each push orders what the audio thread stored
before with what this thread reads after it. So each step ends in a window: this thread pushes nothing and reads all
fields until it has seen those that it waits for change. It waits for blocks and changes and for no time, so the
schedule of a slow machine decides nothing. A step that waits in vain for PATIENCE_S ends the program with its fields.
"""

import ctypes
import json
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

import formant_dsp as fd
from formant_dsp.output.callback import StreamState

sys.path.insert(0, str(Path(__file__).parent))
from shared_fields import fields, place

PATIENCE_S = 45.0
STORM_S = 2.0
CHANNELS = 2
VOICES = 6

fault = sys.argv[2] if len(sys.argv) > 2 else ""
pump = ctypes.PyDLL(sys.argv[1])
bank = fd.Bank(voices=VOICES, channels=1)
state = StreamState(bank, CHANNELS)
if "." in fault:
    owner, name = fault.split(".")
    offset, size = place(owner, name)
    address = (bank.address if owner == "bank" else state.user_address) + offset
    ctypes.c_void_p.in_dll(pump, "formant_torn").value = address
    ctypes.c_size_t.in_dll(pump, "formant_torn_bytes").value = size
    print(hex(address), size, flush=True)
params = [fd.VoiceParams(f0_hz=110.0 * 2 ** (i / 12), lease_s=0.05, algorithm=fd.ALGORITHMS[i % 4]) for i in range(24)]
held = [fd.VoiceParams(f0_hz=110.0 * 2 ** (i / 12), lease_s=0.0) for i in range(24)]
huge = fd.VoiceParams(vowel=fd.Vowel((500.0,) * 5, (50.0,) * 5, (0.0,) * 5), level_db=0.0, lease_s=0.0)
changed: set[str] = set()
"""Fields that were seen to change between two readings with no push between them."""


def read() -> dict[str, object]:
    """All fields that the audio thread writes, by the names of native/shared.h; of most the value."""
    of_bank, of_stream = bank.counters(), state.counters()
    return {
        **{f"bank.{name}": of_bank[name] for name in fields("bank") if name in of_bank},
        "bank.limit": of_bank["voices_limit"],
        "bank.frame": bank.frame,
        **{f"stream.{name}": of_stream[name] for name in fields("stream") if name in of_stream},
        "stream.late_ns_max": of_stream["late_us_max"],
        "stream.thread": state.thread,
        "stream.zero_ns": state.frame_in(0.0) is not None,
        "stream.render_ns_total": of_stream["render_us_mean"],
        "stream.render_ns_max": of_stream["render_us_max"],
        "stream.peak": state.peak(),
        "stream.histogram": of_stream["render_histogram"],
    }


def window(first: dict[str, object], blocks: int, wanted: Iterable[str] = ()) -> bool:
    """Read for so many blocks, and no longer once all wanted fields have changed since `first`. Whether they have."""
    wanted = set(wanted)
    while True:
        now = read()
        changed.update(field for field in now if now[field] != first[field])
        if wanted and wanted <= changed:
            return True
        if int(str(now["stream.blocks"])) >= int(str(first["stream.blocks"])) + blocks:
            return not wanted


def step(do: Callable[[], object], *wanted: str, blocks: int = 2, pushes: bool = False) -> None:
    """Do something, and again until the wanted fields have changed in a window.

    A push ends a window: after one the window begins anew, and what is wanted must happen again when `do` is done
    again. Without pushes all turns are one window, so that a change between two of them counts. Two blocks: the audio
    thread has then begun one after `do`, and read what `do` has stored.
    """
    until = time.monotonic() + PATIENCE_S
    before = read()
    while True:
        do()
        if window(read() if pushes else before, blocks, wanted):
            return
        if time.monotonic() > until:
            pump.pump_stop()
            sys.exit(f"{set(wanted) - changed} did not change within {PATIENCE_S:.0f} s: {read()}")


def set_budget(budget: float) -> None:
    state.budget = budget


def play_notes(voices: list[fd.VoiceParams], count: int = VOICES) -> None:
    for _ in range(count):
        keys.append(len(keys) + 1)
        bank.note_on(keys[-1], voices[keys[-1] % len(voices)])


keys: list[int] = []


def every_field() -> None:
    """Each field is stored by one thread and read by the other, with nothing that orders the two."""
    first = read()
    assert pump.pump_start(ctypes.c_void_p(state.callback_address), ctypes.c_void_p(state.user_address)) == 0
    of_each_block = ["blocks", "frames", "thread", "zero_ns", "render_ns_total", "render_ns_max", "block_frames"]
    window(first, 2, [f"stream.{name}" for name in of_each_block])
    step(lambda: state.allow_late(2e-9))
    step(lambda: None, "stream.underflows", "stream.overruns", "stream.late", "stream.late_ns_max", blocks=400)
    step(lambda: None, "stream.histogram", "bank.frame", "bank.hops")
    step(lambda: bank.fade(False))
    step(lambda: bank.fade(True))
    step(lambda: bank.set_volume(1.0), pushes=True)
    # Before anything is shed: a slow machine keeps to one voice after it, which is not loud enough.
    step(lambda: play_notes([huge]), "bank.limited", "bank.notes", "bank.active", blocks=400, pushes=True)
    step(lambda: play_notes(held, 1), "bank.stolen", blocks=4, pushes=True)
    step(lambda: bank.note_on(1, held[1], frame=1), "bank.late", blocks=4, pushes=True)
    step(lambda: play_notes(params), "bank.expired", blocks=100, pushes=True)
    step(lambda: play_notes(held), blocks=4, pushes=True)
    step(lambda: set_budget(1e-4), "bank.shed", "bank.limit", blocks=100)  # nobody can
    step(lambda: set_budget(1.0))


def storm() -> None:
    """Everything at once, as fast as it goes."""
    began, key, turn = time.monotonic(), len(keys), 0
    while time.monotonic() - began < STORM_S:
        key += 10
        turn += 1
        for i in range(key, key + 10):  # more than there are voices
            bank.note_on(i, params[i % 24])
        for i in range(key, key + 10, 3):
            bank.update(i, params[(i + 7) % 24])
            bank.note_off(i + 1)
        if turn % 5 == 0:
            bank.note_on(key, params[0], frame=bank.frame + 200)
            bank.note_on(key + 1, params[1], frame=1)  # too late
            bank.set_volume(turn % 7 / 7.0)
            bank.fade(turn % 10 != 0)
        if turn % 7 == 0:
            state.budget = 1e-4 if turn % 2 else 1.0  # nobody can; anybody can
            state.allow_late(1e-9 * (turn % 3))
            _ = state.budget
        if turn % 50 == 0:
            bank.all_off()
        if fault == "consumer":
            state.render_into(np.zeros((64, CHANNELS), np.float32))
        window(read(), 2)
        time.sleep(1e-3)


state.budget = 0.0  # until something shall be shed
every_field()
if "." not in fault:
    storm()
pump.pump_stop()
print(json.dumps({**bank.counters(), **state.counters(), "changed": sorted(changed)}))
