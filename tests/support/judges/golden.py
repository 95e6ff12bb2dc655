"""Features of a fixed scene, kept in tests/data/golden.json, which show unintended changes of the sound.

They are features, not samples or hashes, because instruction sets and math libraries differ in the last bits, which
nobody can hear. A golden changes only with a reason:

PYTHONPATH=tests python -m support.judges.golden                      # what has changed, and whether it can be heard
PYTHONPATH=tests python -m support.judges.golden --write "why"        # and keep it
"""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from support.judges.signals import KS, RATE, steady, still
from support.sound import excitation
from support.sound.loudness import lufs
from support.sound.spectrum import Array, harmonics, high_band_db, odd_f0

from formant_dsp import Bank, VoiceParams, VowelPath, sung

FILE = Path(__file__).parents[2] / "data" / "golden.json"
SECONDS = 3.0
FRAME_S = 0.05
BANDS = 64
RANGE_DB = 60.0
"""Bands and harmonics more than this below the loudest are not compared: what is there is not heard."""


def scene(bank: Bank) -> None:
    """Every 62 ms something begins, moves or ends, in every algorithm."""
    path = VowelPath.sung("bass")
    for i in range(40):
        at = 3000 * i
        key = i % 7 + 1
        params = VoiceParams(
            f0_hz=80.0 * 1.07**i, vowel=path.at((i * 0.37) % 1.0), vibrato_cents=30.0, drift_cents=5.0,
            algorithm=("voice", "modfm", "chowning", "poisson", "natural")[i % 5], level_db=-(i % 5) - 3.0,
            breath=0.2 * (i % 4 == 0), jitter_percent=0.3 * (i % 3 == 0),
        )  # fmt: skip
        assert bank.note_on(key, params, frame=at + i)
        assert bank.update(key, VoiceParams(f0_hz=90.0 * 1.06**i, vowel=path.at((i * 0.61) % 1.0)), frame=at + 700)
        if i % 3:
            assert bank.note_off(key, frame=at + 2222)


def sound(isa: str | None = None) -> Array:
    bank = Bank(voices=16, seed=7, isa=isa)
    scene(bank)
    return bank.render(int(SECONDS * RATE)).astype(np.float64)


def band_levels_db(y: Array) -> Array:
    """[frames of 50 ms, 64 bands one ERB-rate step apart], dB re the loudest, 60 dB deep."""
    n = int(FRAME_S * RATE)
    frames = y[: len(y) // n * n].reshape(-1, n) * np.hanning(n)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    rate = 21.4 * np.log10(1 + 0.00437 * np.fft.rfftfreq(n, 1 / RATE))
    edges = np.linspace(2.0, 34.0, BANDS + 1)
    band = np.stack([power[:, (rate >= a) & (rate < b)].sum(axis=1) for a, b in itertools.pairwise(edges)], axis=1)
    level = 10 * np.log10(band / band.max() + 1e-20)
    return np.asarray(np.maximum(level, -RANGE_DB))


def features(isa: str | None = None) -> dict[str, Any]:
    y = sound(isa)
    table = {}
    for name, vowel in sung("tenor").items():
        for k in KS[1::2]:
            level = 20 * np.log10(harmonics(steady(still(f0_hz=odd_f0(k), vowel=vowel), isa), k)[:20] + 1e-12)
            table[f"{name} {k}"] = np.round(np.maximum(level, level.max() - RANGE_DB), 3).tolist()
    return {
        "lufs": round(lufs(y), 3),
        "high_band_db": round(high_band_db(y, RATE, 9000.0), 2),
        "peak_db": round(20 * np.log10(np.abs(y).max()), 3),
        "harmonics_db": table,
        "bands_db": np.round(band_levels_db(y), 2).tolist(),
        "pattern_db": np.round(excitation.pattern_db(y, RATE), 2).tolist(),
    }


def kept() -> dict[str, Any]:
    return dict(json.loads(FILE.read_text(encoding="utf-8")))


def differences(new: dict[str, Any], old: dict[str, Any]) -> dict[str, float]:
    """Largest difference of each feature in dB or LU, and D of the whole scene."""
    if (
        np.shape(new["bands_db"]) != np.shape(old["bands_db"])
        or new["harmonics_db"].keys() != old["harmonics_db"].keys()
    ):
        return {"features": np.inf}  # the golden was made by another version of this file
    return {
        "lufs": abs(new["lufs"] - old["lufs"]),
        "high_band_db": abs(new["high_band_db"] - old["high_band_db"]),
        "peak_db": abs(new["peak_db"] - old["peak_db"]),
        "harmonics_db": max(
            float(np.abs(np.subtract(new["harmonics_db"][name], old["harmonics_db"][name])).max())
            for name in old["harmonics_db"]
        ),
        "bands_db": float(np.abs(np.subtract(new["bands_db"], old["bands_db"])).max()),
        "distance": excitation.distance(np.array(new["pattern_db"]), np.array(old["pattern_db"])),
    }


def main(argv: list[str]) -> None:
    new = features()
    if FILE.exists():
        found = differences(new, kept())
        d = found.get("distance", np.inf)
        print(", ".join(f"{name} {value:.3g}" for name, value in found.items()))
        print("D < 2.4: inaudible" if d < 2.4 else "D >= 2.4: listen before you keep it")
    if argv[:1] == ["--write"]:
        if len(argv) < 2 or len(argv[1]) < 10:
            raise SystemExit('A golden changes only with a reason: --write "why the sound is meant to have changed"')
        text = json.dumps({"reason": argv[1], **new}, ensure_ascii=False, separators=(",", ":"))
        FILE.write_text(text.replace("],", "],\n") + "\n", encoding="utf-8")
        print(f"{FILE}: {FILE.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
