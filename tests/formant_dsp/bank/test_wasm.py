"""The bank as WebAssembly sings the same bits as the native one, in Node, Chromium and Firefox; small, and alone."""

from __future__ import annotations

import base64
import ctypes
import gzip
import importlib.util
import math
import random
import shutil
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.browser.chromium import Chromium, chromium, loop_thread
from support.browser.marionette import Firefox, firefox
from support.sound import every_preset as every
from support.suite.require import require

from formant_dsp import HOP, Bank, isas
from formant_dsp.bank import core
from formant_dsp.choir import ChoirBank
from formant_dsp.model.params import ROWS
from formant_dsp.model.placement import pan_of
from formant_dsp.presets import load, names

sys.path.insert(0, str(Path(__file__).parent))  # importlib mode leaves it out

from test_core import CHANNELS, EVENT_BYTES, RATE, RING, SEED, VOICES, scene, setup  # type: ignore[import-not-found]

__all__ = ["chromium", "firefox", "loop_thread"]

BUILD = Path(__file__).parents[3] / "packaging" / "wasm" / "build.py"
SING = Path(__file__).parent / "alone" / "sing.mjs"
MOST_BYTES, MOST_GZIP = 180_000, 60_000
"""What a page may have to load."""
X86 = "sse2" in isas()


@pytest.fixture(scope="module")
def banks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """bank.wasm and its twin without SIMD: those of this build, or just built where it had no compiler for them."""
    installed = Path(core.__file__).with_name("bank.wasm")
    if installed.is_file():
        return {path.stem: path for path in (installed, installed.with_name("bank-plain.wasm"))}
    folder = tmp_path_factory.mktemp("wasm")
    build(folder)
    return {path.stem: path for path in folder.glob("*.wasm")}


def build(folder: Path) -> None:
    """Builds both from the Cython sources."""
    if importlib.util.find_spec("ziglang") is None:
        require("clang", "wasm-ld", how="make wasm")
    if importlib.util.find_spec("Cython") is None:
        pytest.skip("Cython is not installed: run `make wasm` once")
    command = [sys.executable, str(BUILD), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr


def native(isa: str) -> tuple[bytes, np.ndarray]:
    """A second of all algorithms: its events, and what a native bank makes of them."""
    bank = Bank(voices=VOICES, sample_rate=RATE, channels=CHANNELS, seed=SEED, ring_capacity=RING, isa=isa)
    events = b"".join(scene(bank))
    return events, bank.render(RATE)


def node(wasm: Path, folder: Path, made: bytes, events: bytes, block: int, frames: int) -> np.ndarray:
    require("node", how="apt-get install nodejs")
    (folder / "setup").write_bytes(made)
    (folder / "events").write_bytes(events)
    words = ["node", str(SING), str(wasm), str(folder / "setup"), str(folder / "events"), str(block), str(frames)]
    done = subprocess.run(words, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr.decode()
    return np.frombuffer(done.stdout, np.float32)


@pytest.mark.skipif(not X86, reason="the same bits are those of SSE2, which only x86-64 has")
@pytest.mark.parametrize("name", ["bank", "bank-plain"])
@pytest.mark.parametrize("block", [HOP, 128, 800])
def test_every_sample_is_that_of_sse2(banks: dict[str, Path], tmp_path: Path, name: str, block: int) -> None:
    events, wanted = native("sse2")
    found = node(banks[name], tmp_path, setup(), events, block, RATE)
    assert np.abs(wanted).max() > 0.01
    assert found.tobytes() == wanted.tobytes()
    assert node(banks[name], tmp_path, setup(), events[:-EVENT_BYTES], block, RATE).tobytes() != wanted.tobytes()


@pytest.mark.skipif(not X86, reason="the same bits are those of SSE2, which only x86-64 has")
def test_every_preset_has_the_bits_of_sse2(banks: dict[str, Path], tmp_path: Path) -> None:
    events, wanted = every.every_preset()
    ring = {"ring_capacity": every.CAPACITY, "ring_reserve": every.CAPACITY // 4}
    made = setup(sample_rate=float(every.RATE), voices=every.VOICES, channels=2, seed=every.SEED, **ring)
    found = node(banks["bank"], tmp_path, made, events, 128, len(wanted))
    assert found.tobytes() == wanted.tobytes()


@pytest.mark.parametrize("isa", [isa for isa in isas() if isa != "sse2"])
def test_other_instruction_sets_differ_by_90_db_at_least(banks: dict[str, Path], tmp_path: Path, isa: str) -> None:
    events, wanted = native(isa)
    found = node(banks["bank"], tmp_path, setup(), events, 128, RATE)
    error = np.sqrt(np.mean((found - wanted.ravel()) ** 2)) / np.sqrt(np.mean(wanted**2))
    assert 20 * np.log10(max(error, 1e-12)) < -90.0


EVENT = np.dtype(
    [("frame", "<u8"), ("key", "<i8"), ("log2_f0", "<f8"), ("whole", "<i4", 3), ("numbers", "<f4", 6), ("delay", "<i4"),
     ("more", "<f4", 10), ("target", "<f4", ROWS)]
)  # fmt: skip
"""A formant_event_t (native/event.h)."""


@pytest.mark.parametrize("name", names())
def test_300_touches_become_the_same_voices_in_a_page_and_on_a_box(
    banks: dict[str, Path], tmp_path: Path, name: str
) -> None:
    """To the last digit that floats allow: the two libraries of logarithms may round differently."""
    require("node", how="apt-get install nodejs")
    preset, random_ = load(name), random.Random(name)
    capacity, frame = 32768, 2**40 + 5
    bank = Bank(voices=1, sample_rate=48000, channels=2, ring_capacity=capacity)
    choir = ChoirBank(bank)
    rows = []
    for key in range(1, 301):
        x, y = random_.random(), random_.random()
        z = random_.choice([None, 0.0, 1.0, random_.random()])
        note = random_.choice([None, None, random_.uniform(10.0, 120.0)])
        place = random_.choice([None, (random_.random(), random_.random())])
        voices = preset.voice_params(x, y, z, note=note, place=place, lease_s=1.0)
        sung = [replace(each, pan=pan_of(x, 0.5, each.pan)) for each in voices]
        assert choir.note_on(key, sung, frame=frame)
        rows += [frame, key, x, y, math.nan if z is None else z, math.nan if note is None else note]
        rows += [math.nan, math.nan] if place is None else [*place]
    ((address, size),) = bank.regions
    memory = ctypes.string_at(address, size)
    first = memory.index(struct.pack("=Q", frame))
    wanted = np.frombuffer(memory, EVENT, 300 * preset.singers, first)

    (tmp_path / "code").write_bytes(preset.code.tobytes())
    (tmp_path / "touches").write_bytes(np.array(rows).tobytes())
    script = SING.with_name("touch.mjs")
    words = ["node", str(script), str(banks["bank"]), str(tmp_path / "code"), str(tmp_path / "touches"), "48000"]
    done = subprocess.run(words, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr.decode()
    found = np.frombuffer(done.stdout, EVENT)
    assert len(found) == len(wanted)
    for field in ("frame", "key", "whole", "delay"):
        assert np.array_equal(found[field], wanted[field]), field
    assert found["log2_f0"] == pytest.approx(wanted["log2_f0"], rel=1e-14)
    for field in ("numbers", "more", "target"):
        np.testing.assert_allclose(found[field], wanted[field], rtol=2e-7, atol=2e-7, err_msg=field)
    assert np.std(wanted["target"], axis=0)[:5].min() > 0.0


def in_a_page(evaluate: Any, banks: dict[str, Path], made: bytes, events: bytes, frames: int) -> bytes:
    """What a browser makes of the events, on a page without a policy."""
    values = [base64.b64encode(part).decode() for part in (banks["bank"].read_bytes(), made, events)]
    text = SING.read_text("utf-8").replace("export function", "function").partition("if (globalThis.process")[0]
    parts = ", ".join(f"Uint8Array.from(atob('{value}'), (c) => c.charCodeAt(0))" for value in values)
    script = f"""(() => {{ {text}
      const bytes = new Uint8Array(sing({parts}, 128, {frames}).buffer);
      let out = '';
      for (let at = 0; at < bytes.length; at += 8192) out += String.fromCharCode(...bytes.subarray(at, at + 8192));
      return btoa(out);
    }})()"""
    return base64.b64decode(evaluate(script))


@pytest.mark.skipif(not X86, reason="the same bits are those of SSE2, which only x86-64 has")
def test_chromium_sings_the_same_bits(chromium: Chromium, banks: dict[str, Path]) -> None:
    events, wanted = native("sse2")
    tab = chromium.tab()
    try:
        assert in_a_page(tab.evaluate, banks, setup(), events, RATE) == wanted.tobytes()
    finally:
        tab.close()


@pytest.mark.skipif(not X86, reason="the same bits are those of SSE2, which only x86-64 has")
def test_firefox_sings_the_same_bits(firefox: Firefox, banks: dict[str, Path]) -> None:
    events, wanted = native("sse2")
    tab = firefox.tab()
    try:
        assert in_a_page(tab.evaluate, banks, setup(), events, RATE) == wanted.tobytes()
    finally:
        tab.close()


def test_it_is_small_enough_for_a_phone(banks: dict[str, Path]) -> None:
    assert set(banks) == {"bank", "bank-plain"}
    for path in banks.values():
        assert path.stat().st_size <= MOST_BYTES
        assert len(gzip.compress(path.read_bytes(), 9)) <= MOST_GZIP


def test_a_setup_out_of_range_makes_no_bank(banks: dict[str, Path], tmp_path: Path) -> None:
    for wrong in ({"voices": 0}, {"sample_rate": 7999.0}, {"channels": 9}):
        assert len(node(banks["bank"], tmp_path, setup(**wrong), b"", 128, 1000)) == 0


@pytest.mark.long
@pytest.mark.timeout(600)  # a compiler runs
def test_the_same_sources_give_the_same_bytes(banks: dict[str, Path], tmp_path: Path) -> None:
    """Those of the build, which were made of the same C in another folder, by the same compiler."""
    build(tmp_path)
    for path in banks.values():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()


def test_without_a_compiler_it_says_what_to_install(tmp_path: Path) -> None:
    if importlib.util.find_spec("ziglang") is not None:
        pytest.skip("ziglang is installed, which is a compiler")
    empty = tmp_path / "bin"
    empty.mkdir()
    (empty / "python").symlink_to(shutil.which("python3") or sys.executable)
    command = [sys.executable, str(BUILD), str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, env={"PATH": str(empty)}, timeout=300)
    assert done.returncode != 0
    assert "pip install ziglang" in done.stderr


def test_a_compiler_that_fails_stops_only_a_build_that_needs_it(tmp_path: Path) -> None:
    """An install goes on without the page's own voice; a wheel does not."""
    broken = [f"--{name}={tmp_path / 'none.c'}" for name in ("kernels", "core", "mapping")]
    env = {"PATH": str(tmp_path)}
    for name in ("clang", "wasm-ld"):
        (tmp_path / name).write_text("#!/bin/sh\necho broken >&2\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "sh").symlink_to("/bin/sh")
    command = [sys.executable, str(BUILD), str(tmp_path / "out"), *broken]
    done = subprocess.run([*command, "--optional"], capture_output=True, text=True, env=env, timeout=300)
    assert done.returncode == 0
    assert "pages of this build cannot sing" in done.stderr
    assert not list((tmp_path / "out").glob("*.wasm"))
    assert subprocess.run(command, capture_output=True, env=env, timeout=300).returncode != 0
