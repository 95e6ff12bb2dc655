"""The pages of docs/ build into a searchable site, strictly, and the site needs no network."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def _build(source: Path, out: Path) -> subprocess.CompletedProcess[str]:
    """What `make docs` runs."""
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", str(source), str(out)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def test_the_makefile_builds_it_as_it_is_built_here() -> None:
    recipe = re.search(r"^docs: .*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert recipe is not None
    assert "-m sphinx -W --keep-going -q docs build/docs" in recipe[1]


def test_every_page_is_built_and_can_be_searched_without_a_network(tmp_path: Path) -> None:
    done = _build(DOCS, tmp_path)
    assert done.returncode == 0, done.stderr
    for page in DOCS.rglob("*.md"):
        assert (tmp_path / page.relative_to(DOCS)).with_suffix(".html").is_file()
    assert "vibrato" in (tmp_path / "searchindex.js").read_text("utf-8")
    for name in ("index.html", "search.html"):
        text = (tmp_path / name).read_text("utf-8")
        assert re.findall(r"<(?:script|link|img)[^>]*(?:src|href)=\"(?:https?:)?//[^\"]*\"", text) == []


def test_a_broken_link_a_broken_anchor_and_a_page_left_out_fail(tmp_path: Path) -> None:
    source = tmp_path / "docs"
    source.mkdir()
    shutil.copy(DOCS / "conf.py", source)
    (source / "index.md").write_text(
        "# Home\n\n[page](nowhere.md), [anchor](#nowhere), ![picture](none.png)\n", "utf-8"
    )
    (source / "alone.md").write_text("# A page in no table of contents\n", "utf-8")
    done = _build(source, tmp_path / "out")
    assert done.returncode != 0
    for what in ("'nowhere.md'", "'nowhere'", "none.png", "alone.md: WARNING: document isn't included in any toctree"):
        assert what in done.stderr
