"""The page: one HTML file beside a folder of sounds; works from a disk, without a server, without a network."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from html import escape
from importlib.resources import files

from listening.figures import TARGET_LUFS, Figures
from listening.pairs import Pair


@dataclass(frozen=True)
class Shown:
    """One pair, measured: file names, spectrograms (PNG), figures, and how far apart they are."""

    pair: Pair
    sounds: tuple[str, str]
    pictures: tuple[bytes, bytes]
    figures: tuple[Figures, Figures]
    apart: float


def heard(apart: float) -> str:
    """What a distance of excitation patterns means (van Dinther et al. 2004)."""
    for limit, words in ((2.4, "the same on average"), (4.3, "trained ears may hear it"), (8.6, "audible")):
        if apart < limit:
            return words
    return "clearly different"


def page(shown: list[Shown], isa: str) -> str:
    assets = files("listening")
    contents = " · ".join(f'<a href="#{s.pair.slug}">{escape(s.pair.title)}</a>' for s in shown)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Formant: listen</title>
<link rel="icon" href="data:,">
<style>
{assets.joinpath("page.css").read_text(encoding="utf-8")}</style>
</head>
<body>
<header>
<h1>Listen</h1>
<p>Pairs of sounds that differ in one thing, all at {TARGET_LUFS:g} LUFS. Rendered by the bank itself ({escape(isa)}).
Headphones, please. D is the distance of their excitation patterns: trained ears just notice 2.4, others 4.3. It knows
nothing of phase and of what moves: there a small D says nothing. H is what sounds above 9 kHz, re all; a click would be
there. The blind test plays X, which is A or B: 12 right of 16 are no luck.</p>
<nav>{contents}</nav>
</header>
<main>
{"".join(map(section, shown))}</main>
<script>
{assets.joinpath("page.js").read_text(encoding="utf-8")}</script>
</body>
</html>
"""


def section(s: Shown) -> str:
    sides = "".join(
        side(letter, label, sound, picture, figures)
        for letter, label, sound, picture, figures in zip(
            "AB", (s.pair.a_label, s.pair.b_label), s.sounds, s.pictures, s.figures, strict=True
        )
    )
    return f"""<section id="{s.pair.slug}">
<h2>{escape(s.pair.title)}</h2>
<p>{escape(s.pair.question)}</p>
<div class="sides">
{sides}</div>
<p class="apart"><b>D = {s.apart:.1f}</b>, {heard(s.apart)}.</p>
<details class="blind"><summary>Blind test</summary>
<p><button data-play="A">A</button> <button data-play="B">B</button> <button data-play="X">X</button>
<span class="answers">X is <button data-answer="A">A</button> <button data-answer="B">B</button></span>
<output aria-live="polite">0 of 16</output></p>
</details>
</section>
"""


def side(letter: str, label: str, sound: str, picture: bytes, figures: Figures) -> str:
    image = base64.b64encode(picture).decode("ascii")
    return f"""<figure>
<figcaption><b>{letter}</b> {escape(label)}</figcaption>
<img alt="Spectrogram of {escape(label)}" src="data:image/png;base64,{image}">
<audio controls preload="metadata" data-letter="{letter}" src="{escape(sound)}"></audio>
<small>as rendered {figures.lufs:.1f} LUFS · here {figures.peak_dbtp:.1f} dBTP · H {figures.high_db:.0f} dB</small>
</figure>
"""
