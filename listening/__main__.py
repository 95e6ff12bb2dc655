"""Renders the page: PYTHONPATH=tests:. python -m listening [FOLDER] [--only SLUG]…"""

from __future__ import annotations

import argparse
from pathlib import Path

import soundfile

from formant_dsp import isa
from listening import figures, spectrogram
from listening.page import Shown, page
from listening.pairs import PAIRS, Pair


def render(pair: Pair, folder: Path) -> Shown:
    """Both sounds into the folder, equally loud, and what can be measured and drawn of them."""
    (a, of_a), (b, of_b) = (figures.matched(make()) for make in (pair.a, pair.b))
    names = (f"sounds/{pair.slug}-a.flac", f"sounds/{pair.slug}-b.flac")
    for name, y in zip(names, (a, b), strict=True):
        soundfile.write(folder / name, y, figures.RATE, subtype="PCM_24")
    pictures = [spectrogram.png(spectrogram.spectrogram(figures.mono(y), top_hz=pair.top_hz)) for y in (a, b)]
    return Shown(pair, names, (pictures[0], pictures[1]), (of_a, of_b), figures.apart(a, b))


def write(folder: Path, pairs: tuple[Pair, ...] = PAIRS) -> Path:
    """The page; its index."""
    (folder / "sounds").mkdir(parents=True, exist_ok=True)
    index = folder / "index.html"
    index.write_text(page([render(pair, folder) for pair in pairs], isa()), encoding="utf-8")
    return index


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m listening", description="Render the listening page.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path("build/listen"))
    parser.add_argument("--only", action="append", choices=[pair.slug for pair in PAIRS], help="these pairs alone")
    given = parser.parse_args()
    chosen = tuple(pair for pair in PAIRS if not given.only or pair.slug in given.only)
    print(f"Open {write(given.folder, chosen).resolve().as_uri()}")


if __name__ == "__main__":
    main()
