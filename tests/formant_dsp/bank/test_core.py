"""The bank without Python: a program that has no Python in it makes the same sound, to the bit."""

from __future__ import annotations

import ctypes
import json
import shlex
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.suite.require import require

import formant_dsp
from formant_dsp import ALGORITHMS, HOP, Bank, VoiceParams, VowelPath, isas
from formant_dsp.model.params import ROW_TAU_S, ROWS

sys.path.insert(0, str(Path(__file__).parents[1] / "kernels"))  # importlib mode leaves it out

import vectorised

HERE = Path(__file__).parent
ROOT = Path(__file__).parents[3]
PACKAGE = Path(formant_dsp.__file__).parent
EVENT_BYTES = 264
VOICES, RATE, CHANNELS, SEED, RING = 7, 44100, 2, 11, 256
BASELINE = isas()[-1]


def setup(**changes: float) -> bytes:
    """The bytes of a formant_bank_setup_t (native/event.h)."""
    values = {
        "sample_rate": RATE, "ring_capacity": RING, "ring_reserve": RING // 4, "voices": VOICES, "channels": CHANNELS,
        "ring_layout": 0, "seed": SEED,
    }  # fmt: skip
    return struct.pack(f"=dQQiiiI{ROWS}d", *(values | changes).values(), *ROW_TAU_S)


def pushed(bank: Bank, key: int, frame: int) -> bytes:
    """The event that was pushed last with this key and frame, out of the bank's memory."""
    ((address, size),) = bank.regions
    memory = ctypes.string_at(address, size)
    at = memory.rindex(struct.pack("=Qq", frame, key))
    return memory[at : at + EVENT_BYTES]


def scene(bank: Bank) -> list[bytes]:
    """Pushes notes, moves and releases of all algorithms, with colour, breath and places; returns the events."""
    path = VowelPath.sung("alto")
    events = []
    for i in range(60):
        key, frame = 1000 + i % 11, 1 + 331 * i
        params = VoiceParams(
            f0_hz=90.0 * 2.0 ** (i * 7 % 37 / 12.0), vowel=path.at(i % 9 / 8.0), algorithm=ALGORITHMS[i % 5],
            level_db=-12.0 - i % 4, vibrato_cents=30.0, jitter_percent=0.5, shimmer_db=0.2, flutter=10.0,
            drift_cents=4.0, breath=0.2 * (i % 3), zing=0.3 * (i % 2), symmetry=0.5 - 0.1 * (i % 2),
            pan=i % 5 / 2.0 - 1.0,
            scoop_cents=50.0 * (i % 2), breath_lead_s=0.02 * (i % 2), onset_tilt_db=6.0 * (i % 2), lease_s=0.3,
            delay_s=0.004 * (i % 2),
        )  # fmt: skip
        if i % 4 == 2:
            assert bank.update(key - 1, params, frame=frame)
            events.append(pushed(bank, key - 1, frame))
        elif i % 7 == 6:
            assert bank.note_off(key - 2, frame=frame)
            events.append(pushed(bank, key - 2, frame))
        else:
            assert bank.note_on(key, params, frame=frame)
            events.append(pushed(bank, key, frame))
    return events


def compiler(build: Path, name: str) -> list[str]:
    """How the build compiled a file: the compiler and its flags, without input and output."""
    (entry,) = [
        entry
        for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
        if Path(entry["file"]).name == name
    ]
    words = shlex.split(entry["command"])
    paths = {words.index(flag) + n for flag in ("-o", "-c") for n in (0, 1)}
    return [word for i, word in enumerate(words) if i not in paths]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """alone.c, linked with the C of the bank and of the baseline kernels, and with nothing of Python."""
    build = vectorised.latest_build(ROOT / "build")
    if build is None or not (build / "core.c").exists():
        pytest.skip("the bank was not built by gcc in this tree: run `make dev` or `make test` once")
    assert build is not None
    require("cc")
    folder = tmp_path_factory.mktemp("alone")
    objects = []
    for source in (build / f"_kernels_{BASELINE}.c", build / "core.c", HERE / "alone" / "alone.c"):
        objects.append(folder / f"{source.stem}.o")
        command = compiler(build, source.name if source.parent == build else "core.c")
        sections = ["-ffunction-sections", "-fdata-sections"]
        subprocess.run([*command, *sections, "-c", source, "-o", objects[-1]], check=True, timeout=300)
    subprocess.run(["cc", "-Wl,--gc-sections", *objects, "-lm", "-o", folder / "alone"], check=True, timeout=300)
    return folder / "alone"


def play(program: Path, folder: Path, events: list[bytes], block: int, frames: int) -> np.ndarray:
    (folder / "setup").write_bytes(setup())
    (folder / "events").write_bytes(b"".join(events))
    words: list[str | Path] = [program, folder / "setup", folder / "events", str(block), str(frames)]
    done = subprocess.run(words, capture_output=True, timeout=300, check=True)
    return np.frombuffer(done.stdout, np.float32).reshape(-1, CHANNELS)


@pytest.mark.parametrize("block", [HOP, 800])
def test_a_program_without_python_sings_the_same_bits(program: Path, tmp_path: Path, block: int) -> None:
    bank = Bank(
        voices=VOICES, sample_rate=RATE, channels=CHANNELS, seed=SEED, ring_capacity=RING, isa=BASELINE
    )  # fmt: skip
    events = scene(bank)
    frames = RATE
    wanted = bank.render(frames)
    assert np.abs(wanted).max() > 0.01
    assert bank.counters()["stolen"] > 0
    assert bank.counters()["expired"] > 0
    found = play(program, tmp_path, events, block, frames)
    assert found.tobytes() == wanted.tobytes()
    other = play(program, tmp_path, events[:-1], block, frames)
    assert other.tobytes() != wanted.tobytes()


def test_no_symbol_of_python_is_left_in_the_program(program: Path) -> None:
    require("nm")
    symbols = subprocess.run(["nm", program], capture_output=True, text=True, check=True, timeout=300).stdout
    assert "formant_bank_read" in symbols
    assert not [line for line in symbols.splitlines() if line.split()[-1].startswith(("Py", "_Py"))]


def test_the_bytes_of_a_bank_are_those_that_python_takes(program: Path, tmp_path: Path) -> None:
    (tmp_path / "setup").write_bytes(setup())
    said = subprocess.run([program, tmp_path / "setup"], capture_output=True, text=True, check=True, timeout=300).stdout
    bank = Bank(voices=VOICES, sample_rate=RATE, channels=CHANNELS, ring_capacity=RING)
    assert int(said) == bank.regions[0][1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"voices": 0}, {"voices": 1025}, {"channels": 0}, {"channels": 9}, {"sample_rate": 7999.0},
        {"sample_rate": 192001.0}, {"sample_rate": float("nan")}, {"ring_capacity": 1}, {"ring_capacity": 100},
        {"ring_capacity": 131072}, {"ring_reserve": RING},
    ],
    ids=str,
)  # fmt: skip
def test_a_setup_out_of_range_needs_no_bytes(program: Path, tmp_path: Path, wrong: dict[str, float]) -> None:
    (tmp_path / "setup").write_bytes(setup(**wrong))
    said = subprocess.run([program, tmp_path / "setup"], capture_output=True, text=True, check=True, timeout=300).stdout
    assert int(said) == 0
