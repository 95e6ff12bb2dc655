"""What a fresh installation of formant-synth must do; run by its own Python, with nothing else installed.

    python smoke.py [--patience FACTOR]

Version, files, kernels against the reference in float64, a rendered file, a server, and a synth that a controller
reaches over WebRTC and plays. FACTOR stretches every waiting time, for an emulated processor. Exit 1 names the step.
"""

from __future__ import annotations

import argparse
import platform
import re
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from importlib import metadata, resources
from pathlib import Path

import numpy as np
import soundfile

import formant_dsp as fd
from formant_dsp import reference
from formant_dsp.score.score import Event

RATE = 48000
EMULATED = 10.0
"""From this patience on there is no real time: touches come late, and later than a voice is held (250 ms), so that a
note has to sound, but not for as long as it was played."""
NODE = [sys.executable, "-m", "formant_net"]


def version() -> str:
    said = subprocess.run([command("formant-node"), "--version"], capture_output=True, text=True, check=True).stdout
    installed = metadata.version("formant-synth")
    assert said.split()[-1] == installed, f"the command says {said!r}, the package {installed}"
    return f"{installed}, Python {platform.python_version()}, {platform.machine()}, kernels {', '.join(fd.isas())}"


def command(name: str) -> str:
    """A console script as the installation made it."""
    suffix = ".exe" if sys.platform == "win32" else ""
    return str(Path(sysconfig.get_path("scripts")) / (name + suffix))


def files() -> str:
    dsp, net = resources.files("formant_dsp"), resources.files("formant_net")
    wanted = [
        dsp / "py.typed",
        dsp / "bank" / "bank.pyi",
        dsp / "bank" / "bank.pxd",
        dsp / "data" / "formants.csv",
        net / "py.typed",
        dsp / "bank" / "bank.wasm",
        dsp / "bank" / "bank-plain.wasm",
    ]
    wanted += [net / "page" / "index.html", net / "page" / "main.js"]
    missing = [str(path) for path in wanted if not path.is_file()]
    assert not missing, f"not installed: {missing}"
    installed = [str(file) for file in metadata.files("formant-synth") or []]
    assert any(file.endswith("LICENSE") for file in installed), "no licence"
    assert not [file for file in installed if file.endswith((".c", ".pyx"))], "sources that nobody can use"
    presets = [file for file in installed if "presets/" in file.replace("\\", "/")]
    assert presets, "no presets"
    return f"{len(installed)}, {len(presets)} of them presets"


def kernels() -> str:
    """Every instruction set that runs here, every algorithm: rms error below -110 dB (float32 gives about -120)."""
    worst: dict[str, float] = {}
    for algorithm in fd.ALGORITHMS:
        path = fd.VowelPath.sung("tenor")

        def sung(f0_hz: float, at: float, algorithm: str = algorithm, path: fd.VowelPath = path) -> fd.VoiceParams:
            return fd.VoiceParams(f0_hz=f0_hz, vowel=path.at(at), algorithm=algorithm, vibrato_cents=0.0)

        events = [Event(0, 1, sung(110, 0.0)), Event(1001, 2, sung(331, 0.4)), Event(4000, 1, sung(220, 1.0))]
        events += [Event(9000, 2, None), Event(11000, 1, None)]
        want = reference.render(events, RATE // 4)
        for isa in fd.isas():
            bank = fd.Bank(isa=isa)
            for event in events:
                if event.params is None:
                    bank.note_off(event.key, frame=event.frame)
                else:
                    bank.note_on(event.key, event.params, frame=event.frame)
            error = bank.render(RATE // 4) - want
            level_db = 10 * np.log10(np.mean(error**2) / np.mean(want**2))
            worst[isa] = max(worst.get(isa, -300.0), float(level_db))
    assert max(worst.values()) < -110.0, f"error to the reference in dB: {worst}"
    return "error to the reference at most " + ", ".join(f"{isa} {db:.1f} dB" for isa, db in worst.items())


def render(folder: Path) -> str:
    path = folder / "render.wav"
    subprocess.run([command("formant-node"), "render", "-o", str(path), "--vowel", "a", "--f0", "110"], check=True)
    sound, rate = soundfile.read(path)
    assert rate == RATE
    assert 0.02 < np.abs(sound).max() < 0.9
    return f"{len(sound) / rate:.1f} s, peak {np.abs(sound).max():.2f}"


class Node:
    """One `formant-node` process, waited for by what it prints."""

    def __init__(self, *arguments: str, patience: float) -> None:
        self._patience = patience
        self._lines: list[str] = []
        self._news = threading.Condition()
        self._process = subprocess.Popen(
            [*NODE, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._news:
                self._lines.append(line.rstrip())
                self._news.notify_all()

    def wait_for(self, words: str) -> str:
        def found() -> str | None:
            return next((line for line in self._lines if words in line), None)

        with self._news:
            line = self._news.wait_for(found, timeout=15.0 * self._patience)
        assert line is not None, f"{words!r} did not come; the process said:\n" + "\n".join(self._lines)
        return line

    def wait(self) -> None:
        code = self._process.wait(60.0 * self._patience)
        assert code == 0, f"exit code {code}; the process said:\n" + "\n".join(self._lines)

    def stop(self) -> None:
        self._process.terminate()
        code = self._process.wait(15.0 * self._patience)
        assert code == 0 or sys.platform == "win32", f"exit code {code}:\n" + "\n".join(self._lines)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


def link(folder: Path, patience: float) -> str:
    """Server, synth and controller as three processes; the page is fetched; a note is played and recorded."""
    wav, gesture = folder / "played.wav", folder / "note.jsonl"
    gesture.write_text('{"t": 0.0, "x": 0.3, "y": 0.0}\n{"t": 1.0, "active": false}\n', encoding="utf-8")
    nodes: list[Node] = []

    def start(*arguments: str) -> Node:
        nodes.append(Node(*arguments, patience=patience))
        return nodes[-1]

    try:
        server = start("server", "--host", "127.0.0.1", "--port", "0", "--key", "cantabile")
        found = re.search(r"http://\S+:(\d+)/", server.wait_for("Join:"))
        assert found is not None
        base = f"http://127.0.0.1:{found[1]}/"
        with urllib.request.urlopen(base, timeout=15.0 * patience) as answer:
            assert b"<html" in answer.read().lower()
        url = base + "#key=cantabile"
        slow = ["--max-age", "2000"] if patience >= EMULATED else []  # touches older than this are not played
        silent = start("synth", url, "--audio", "none", *slow)
        synth = start("synth", url, "--audio", f"wav:{wav}", "--vibrato", "0", *slow)
        silent.wait_for("Ready")
        synth.wait_for("Ready")
        began = time.monotonic()
        start("controller", url, "--gesture", str(gesture), "--wait-synths", "2").wait()
        took_s = time.monotonic() - began
        for node in (synth, silent, server):
            node.stop()
        sound, _ = soundfile.read(wav)
        loud_s = float(np.mean(np.abs(sound) > 1e-3) * len(sound) / RATE)
        least_s = 0.5 if patience < EMULATED else 0.05
        assert loud_s > least_s, f"only {loud_s:.2f} s of sound came out of a note of 1 s"
    finally:
        for node in nodes:
            node.kill()
    return f"two synths played over WebRTC, {loud_s:.2f} s of sound, controller done in {took_s:.1f} s"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patience", type=float, default=1.0, help="stretches every waiting time")
    patience = parser.parse_args().patience
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        steps: list[tuple[str, Callable[[], str]]] = [
            ("version", version),
            ("files", files),
            ("kernels", kernels),
            ("render", lambda: render(folder)),
            ("link", lambda: link(folder, patience)),
        ]
        for step, run in steps:
            began = time.monotonic()
            try:
                print(f"{step}: {run()} ({time.monotonic() - began:.1f} s)", flush=True)
            except (AssertionError, subprocess.SubprocessError, OSError) as error:
                print(f"{step}: FAILED: {error}", flush=True)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
