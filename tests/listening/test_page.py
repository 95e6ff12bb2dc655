"""The listening page as it is made and opened: from a disk, in a real browser, without a network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.browser.chromium import OpenTab
from support.sound.loudness import lufs, true_peak_db

ROOT = Path(__file__).parents[2]
ONLY = ("tract", "effort", "choir", "inaudible")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make listen` makes, of four pairs."""
    target = tmp_path_factory.mktemp("listen")
    chosen = [word for slug in ONLY for word in ("--only", slug)]
    path = os.pathsep.join((str(ROOT / "tests"), str(ROOT)))
    done = subprocess.run(
        [sys.executable, "-m", "listening", str(target), *chosen],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, check=True, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.stdout.strip() == f"Open {(target / 'index.html').as_uri()}"
    return target


def test_both_sounds_of_a_pair_are_equally_loud_and_do_not_clip(folder: Path) -> None:
    for slug in ONLY:
        for letter in "ab":
            y, rate = soundfile.read(folder / "sounds" / f"{slug}-{letter}.flac")
            assert rate == 48000
            assert lufs(y) == pytest.approx(-23.0, abs=0.05)
            assert max(true_peak_db(channel) for channel in np.atleast_2d(y.T)) < -1.0
    assert soundfile.info(folder / "sounds" / "choir-b.flac").channels == 2


def test_figures_say_how_far_apart_a_pair_is(folder: Path) -> None:
    text = (folder / "index.html").read_text(encoding="utf-8")
    apart = dict(zip(ONLY, map(float, re.findall(r"D = ([\d.]+)", text)), strict=True))
    assert apart["inaudible"] < 2.4
    assert apart["effort"] > 8.6


def test_the_page_needs_nothing_but_its_folder(folder: Path) -> None:
    text = (folder / "index.html").read_text(encoding="utf-8")
    sources = re.findall(r'(?:src|href)="([^"#][^"]*)"', text)
    assert len(sources) >= 4 * len(ONLY)
    for source in sources:
        assert source.startswith("data:") or (folder / source).is_file(), source


def test_players_pictures_and_blind_test_work(folder: Path, open_tab: OpenTab) -> None:
    desk = {"viewport": {"width": 1200, "height": 900}, "is_mobile": False, "has_touch": False, "offline": True}
    tab = open_tab((folder / "index.html").as_uri(), **desk)
    players = 2 * len(ONLY)
    tab.until(
        f"[...document.querySelectorAll('audio')].filter(a => a.readyState >= 1 && a.duration > 2).length === {players}"
    )
    assert tab.evaluate("() => [...document.images].filter(i => i.naturalWidth > 400).length") == players
    tab.click("#effort summary")
    tab.click("#effort [data-play=B]")
    tab.until("[...document.querySelectorAll('audio')].some(a => a.dataset.letter === 'B' && a.currentTime > 0.05)")
    tab.click("#effort [data-play=A]")
    tab.until(
        "[...document.querySelectorAll('audio')].filter(a => !a.paused).map(a => a.dataset.letter).join() === 'A'"
    )
    for _ in range(16):
        tab.click("#effort [data-answer=A]")
    assert re.fullmatch(r"\d+ of 16 right: .* \(p = [01]\.\d{3}\)", tab.text("#effort output"))
    assert tab.evaluate("() => luck(12, 16).toFixed(4)") == "0.0384"
    assert tab.errors == []
