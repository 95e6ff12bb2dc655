"""How fast is the bank in a page? bank.wasm in Node and Chromium beside the native bank, in one run; JSON lines.

    python benchmarks/wasm/run.py --voices 64 --rounds 5

Blocks have 128 frames, as on a browser's audio thread. The share of a core is that of the block at the tenth percentile
in the best round after its first second, because other work on the machine only makes a block slower. All other figures
are of that round, too. Chromium's clock has steps of 5 µs here, because the page is isolated. The last rows are the
plain kernel alone (kernel.c), in Node: nanoseconds for a hop of one voice, the best of 200 turns.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import runpy
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

from formant_dsp import Bank, isas
from formant_dsp.browser.bundle import bundle
from formant_dsp.kernels import dispatch
from formant_dsp.model.params import VoiceParams
from formant_dsp.model.presets import load

SING = Path(__file__).with_name("sing.mjs")
KERNEL = Path(__file__).with_name("kernel.c")
WASM = Path(__file__).resolve().parents[2] / "packaging" / "wasm"
SOURCES = Path(__file__).resolve().parents[2] / "src" / "formant_dsp"
RATE, BLOCK = 48000, 128
HOPS = 2000
"""Hops of the kernel in one turn, as in sing.mjs."""


def native(isa: str, voices: int, seconds: float) -> list[float]:
    """Microseconds of each block of the native bank, the call from Python included."""
    bank, preset = Bank(voices=voices, sample_rate=RATE, channels=2, isa=isa), load("plain")
    for key in range(1, voices + 1):
        (voice,) = preset.voice_params(key / voices, 0.3, 0.7)
        assert isinstance(voice, VoiceParams)
        assert bank.note_on(key, voice)
    out, took = np.empty((BLOCK, 2), np.float32), []
    for _ in range(int(np.ceil(seconds * RATE / BLOCK))):
        began = time.perf_counter_ns()
        bank.render(BLOCK, out)
        took.append((time.perf_counter_ns() - began) / 1000.0)
    assert bank.active == voices
    return took


def in_node(wasm: Path, voices: int, seconds: float) -> list[float]:
    """Microseconds of each block of bank.wasm."""
    words = ["node", str(SING), str(wasm), str(wasm.with_name("voices.json")), str(voices), str(seconds)]
    return list(json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout))


class Isolated(SimpleHTTPRequestHandler):
    """The files of a folder, as pages whose clock is fine."""

    def end_headers(self) -> None:
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


Timed = Callable[[str, int, float], list[float]]


@contextmanager
def chromium(folder: Path) -> Iterator[Timed]:
    """`timed(name of a bank, voices, seconds)`: microseconds of each block, on a new page each time."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))
    from support.browser.chromium import Chromium, LoopThread

    shutil.copy(SING, folder / "sing.mjs")
    (folder / "index.html").write_text("<!doctype html>")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Isolated, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    thread = LoopThread()
    browser = Chromium(thread)

    def timed(name: str, voices: int, seconds: float) -> list[float]:
        tab = browser.tab()
        tab.goto(f"http://127.0.0.1:{server.server_address[1]}/")
        if not tab.evaluate("crossOriginIsolated"):
            raise RuntimeError("the page is not isolated: its clock is too coarse")
        took = tab.evaluate(
            f"""async () => {{
              const {{ blocks }} = await import("/sing.mjs");
              const bytes = await (await fetch("/{name}")).arrayBuffer();
              const made = await (await fetch("/voices.json")).json();
              return blocks(bytes, made, {voices}, {seconds}, () => 1000 * performance.now());
            }}"""
        )
        tab.close()
        return list(took)

    yield timed
    browser.close()
    thread.close()
    server.shutdown()


def kernels(folder: Path, isa: str) -> dict[str, float]:
    """Nanoseconds for a hop of the plain kernel alone: in bank.wasm, in its twin, and native."""
    build = runpy.run_path(str(WASM / "build.py"))["build"]
    found = {}
    for bank in build(folder / "kernel", more=[KERNEL]):
        words = ["node", str(SING), str(bank)]
        found[bank.name] = float(subprocess.run(words, check=True, capture_output=True).stdout)
    found[isa] = native_kernel(folder, isa)
    return found


def native_kernel(folder: Path, isa: str) -> float:
    """The same loop around the native kernel."""
    library = folder / "kernel.so"
    flags = ["-std=gnu11", "-O2", "-shared", "-fPIC", "-I", str(SOURCES)]
    subprocess.run(["cc", *flags, str(KERNEL), "-o", str(library)], check=True)
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    table = ctypes.c_void_p(pointer(dispatch.load(isa).capsule, b"formant_dsp.kernels"))
    hops, best = ctypes.CDLL(str(library)).formant_hops, float("inf")
    for _ in range(200):
        began = time.perf_counter_ns()
        hops(table, HOPS)
        best = min(best, (time.perf_counter_ns() - began) / HOPS)
    return best


def figures(took: list[float]) -> dict[str, float]:
    """Share of a core, percentiles of a block (µs), and what the first second took, ms."""
    blocks = np.array(took)
    warm = blocks[RATE // BLOCK :]
    return {
        "core_percent": round(100.0 * float(np.percentile(warm, 10)) * 1e-6 * RATE / BLOCK, 2),
        "block_us_p50": round(float(np.percentile(warm, 50)), 1),
        "block_us_p99": round(float(np.percentile(warm, 99)), 1),
        "first_second_ms": round(float(blocks[: RATE // BLOCK].sum()) / 1000.0, 1),
        "first_block_us_max": round(float(blocks[: RATE // BLOCK].max()), 1),
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--voices", type=int, default=64)
    arguments.add_argument("--seconds", type=float, default=5.0, help="of sound in each round, more than 1")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--chromium", action=argparse.BooleanOptionalAction, default=True, help="also in Chromium")
    given = arguments.parse_args()
    files = bundle()
    if not files:
        sys.exit("this build has no bank.wasm: `make wasm` says what is missing")
    if shutil.which("node") is None:
        sys.exit("node is not installed: apt-get install nodejs")
    if given.chromium and shutil.which("chromium") is None:
        sys.exit("chromium is not installed: apt-get install chromium, or give --no-chromium")
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        for name, body in files.items():
            (Path(folder) / name).write_bytes(body)
        baseline = isas()[-1]
        timed = stack.enter_context(chromium(Path(folder))) if given.chromium else None
        kinds: dict[str, Callable[[], list[float]]] = {
            "bank.wasm": lambda: in_node(Path(folder) / "bank.wasm", given.voices, given.seconds),
            "bank-plain.wasm": lambda: in_node(Path(folder) / "bank-plain.wasm", given.voices, given.seconds),
            baseline: lambda: native(baseline, given.voices, given.seconds),
        }
        if timed is not None:
            for name in ("bank.wasm", "bank-plain.wasm"):
                kinds[f"{name}, Chromium"] = partial(timed, name, given.voices, given.seconds)
        best: dict[str, dict[str, float]] = {}
        for _ in range(given.rounds):
            for kind, run in kinds.items():
                found = figures(run())
                if kind not in best or found["core_percent"] < best[kind]["core_percent"]:
                    best[kind] = found
        alone = kernels(Path(folder), baseline)
    for kind, found in best.items():
        of_native = round(best[baseline]["core_percent"] / found["core_percent"], 2)
        print(json.dumps({"kind": kind, "voices": given.voices, **found, f"speed_of_{baseline}": of_native}))
    for kind, ns in alone.items():
        of_native = round(alone[baseline] / ns, 2)
        print(json.dumps({"kind": f"kernel of {kind}", "hop_ns": round(ns, 1), f"speed_of_{baseline}": of_native}))


if __name__ == "__main__":
    main()
