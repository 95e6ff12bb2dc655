"""Pictures of sound: spectrograms and spectra, drawn with NumPy and Pillow."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Array = NDArray[np.float64]
RATE = 48000
WINDOW = 2048
"""43 ms: harmonics of 100 Hz stand apart, a vibrato of 6 Hz is seen to move."""

INK, PAPER, GRID = (40, 40, 48), (255, 255, 255), (222, 222, 228)
BLUE, RED, GREY = (38, 98, 176), (204, 72, 52), (150, 150, 160)
_STOPS = np.array([
    (255, 255, 255), (226, 236, 244), (160, 200, 226), (88, 150, 200), (44, 96, 160), (40, 48, 110), (24, 16, 56),
])  # fmt: skip
"""White is silence, dark is loud: also in print."""


Curve = tuple[Array, Array, tuple[int, int, int], str]
"""Hz, dB, colour, name."""


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def levels(y: Array, columns: int, top_hz: float, depth_db: float = 65.0) -> Array:
    """Short-time spectrum, low at the bottom: float64[rows, columns], 0 (`depth_db` below the peak) … 1."""
    half = WINDOW // 2
    padded = np.concatenate((np.zeros(half), y, np.zeros(half)))
    starts = np.linspace(0, len(padded) - WINDOW, columns).astype(int)
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[starts] * np.hanning(WINDOW)
    power = np.abs(np.fft.rfft(frames, 2 * WINDOW, axis=1)) ** 2
    rows = int(top_hz / RATE * 2 * WINDOW)
    level = 10 * np.log10(power[:, :rows].T + 1e-12)
    return np.asarray(np.clip((level - level.max()) / depth_db + 1.0, 0.0, 1.0)[::-1])


def coloured(values: Array) -> Image.Image:
    at = values * (len(_STOPS) - 1)
    low = np.minimum(at.astype(int), len(_STOPS) - 2)
    share = (at - low)[..., None]
    return Image.fromarray((_STOPS[low] * (1 - share) + _STOPS[low + 1] * share).astype(np.uint8))


def spectrogram(
    y: Array, title: str = "", *, width: int = 520, height: int = 220, top_hz: float = 5000.0,
    marks: Sequence[tuple[float, str]] = (),
) -> Image.Image:  # fmt: skip
    """Time along, frequency up. marks: (time in s, what begins there)."""
    left, right, top, bottom = 40, 10, 22 if title or marks else 8, 22
    inner = (width - left - right, height - top - bottom)
    picture = Image.new("RGB", (width, height), PAPER)
    picture.paste(coloured(levels(y, inner[0], top_hz)).resize(inner, Image.Resampling.LANCZOS), (left, top))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((left, top, left + inner[0], top + inner[1]), outline=GRID)
    small = font(11)
    step_hz = 1000.0 if top_hz <= 6000 else 2000.0
    for i in range(int(top_hz / step_hz) + 1):
        at = top + inner[1] - inner[1] * i * step_hz / top_hz
        draw.line((left - 4, at, left, at), fill=GREY)
        draw.text((left - 7, at), f"{i * step_hz / 1000:g}", fill=INK, font=small, anchor="rm")
    draw.text((4, 2), "kHz", fill=INK, font=small)
    seconds = len(y) / RATE
    step = 0.5 if seconds < 3.5 else 1.0
    for i in range(int(seconds / step) + 1):
        at = left + inner[0] * i * step / seconds
        draw.line((at, height - bottom, at, height - bottom + 4), fill=GREY)
        label = f"{i * step:g} s" if i == int(seconds / step) else f"{i * step:g}"
        draw.text((min(at, width - 14), height - bottom + 5), label, fill=INK, font=small, anchor="ma")
    draw.text((left, 4), title, fill=INK, font=font(13))
    for t, label in marks:
        draw.text((left + inner[0] * t / seconds, 4), label, fill=INK, font=font(13), anchor="ma")
    return picture


def spectrum(
    lines: Sequence[tuple[float, float]], curves: Sequence[Curve], title: str = "", *, width: int = 520,
    height: int = 260, top_hz: float = 5000.0, low_db: float = -60.0, high_db: float = 5.0,
) -> Image.Image:  # fmt: skip
    """Harmonics as lines, (Hz, dB), and curves over them: (Hz, dB, colour, name)."""
    left, right, top, bottom = 44, 12, 24 if title else 10, 24
    picture = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(picture)
    inner = (width - left - right, height - top - bottom)

    def x(hz: float) -> float:
        return left + inner[0] * hz / top_hz

    def y(db: float) -> float:
        return top + inner[1] * (high_db - min(max(db, low_db), high_db)) / (high_db - low_db)

    small = font(11)
    for level in range(int(low_db), int(high_db) + 1, 20):
        draw.line((left, y(level), width - right, y(level)), fill=GRID)
        draw.text((left - 6, y(level)), f"{level}", fill=INK, font=small, anchor="rm")
    draw.text((4, 4), "dB", fill=INK, font=small)
    for khz in range(int(top_hz / 1000) + 1):
        draw.line((x(khz * 1000), y(low_db), x(khz * 1000), y(low_db) + 4), fill=GREY)
        draw.text(
            (x(khz * 1000), y(low_db) + 6), f"{khz}" + (" kHz" if khz == 0 else ""), fill=INK, font=small, anchor="ma"
        )
    for hz, db in lines:
        if hz < top_hz and db > low_db:
            draw.line((x(hz), y(low_db), x(hz), y(db)), fill=INK, width=2)
    for i, (curve_hz, curve_db, colour, name) in enumerate(curves):
        shown = [(f, d) for f, d in zip(curve_hz, curve_db, strict=True) if f <= top_hz and d > low_db]
        draw.line([(x(f), y(d)) for f, d in shown], fill=colour, width=2)
        draw.text((width - right - 4, top + 4 + 15 * i), name, fill=colour, font=font(12), anchor="ra")
    draw.text((left, 4), title, fill=INK, font=font(13))
    return picture


def stacked(pictures: Sequence[Image.Image], columns: int = 1) -> Image.Image:
    """Pictures of one size, side by side and below each other."""
    width, height = pictures[0].size
    rows = -(-len(pictures) // columns)
    whole = Image.new("RGB", (width * columns, height * rows), PAPER)
    for i, picture in enumerate(pictures):
        whole.paste(picture, (i % columns * width, i // columns * height))
    return whole


def png(picture: Image.Image, colours: int = 48) -> bytes:
    """A small PNG: few colours are enough for a picture of one ink."""
    data = io.BytesIO()
    picture.quantize(colours, dither=Image.Dither.NONE).save(data, "PNG", optimize=True)
    return data.getvalue()
