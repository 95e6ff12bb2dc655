"""Fenced code blocks of the pages, with what a comment above one says about how it is tested.

    <!-- not run: REASON -->         the test only checks that the commands exist with these options
    <!-- runs until: TEXT -->        the command does not end; the test waits for TEXT and ends it after the page

A block without a comment is run, and has to end with exit code 0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "examples" / "README.md", *(ROOT / "docs").rglob("*.md")])
LANGUAGES = frozenset({"console", "python", "toml", "json", "text", "yaml", "ini", "nginx", "javascript", "http"})

_FENCE = re.compile(r"^( *)```([^\n`]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_MARK = re.compile(r"<!-- (not run|runs until): (.+?) -->\n\s*$")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block.

    not_run      why it is not run; empty where it is
    runs_until   what a command that does not end prints when it is ready; empty for commands that end
    """

    page: Path
    line: int
    language: str
    text: str
    not_run: str = ""
    runs_until: str = ""

    @property
    def where(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks_of(page: Path) -> list[Block]:
    """Every fenced block of a page, in order; Sphinx' own directives (```{toctree}) left out."""
    text = page.read_text("utf-8")
    found = []
    for fence in _FENCE.finditer(text):
        language = fence[2].strip()
        if language.startswith("{"):
            continue
        mark = _MARK.search(text, 0, fence.start())
        kind, said = (mark[1], mark[2]) if mark else ("", "")
        body = re.sub(rf"^{fence[1]}", "", fence[3], flags=re.MULTILINE)
        found.append(
            Block(
                page,
                text.count("\n", 0, fence.start()) + 1,
                language,
                body,
                not_run=said if kind == "not run" else "",
                runs_until=said if kind == "runs until" else "",
            )
        )
    return found


def without_blocks(page: Path) -> str:
    """The prose of a page: what stands outside of fenced blocks."""
    return _FENCE.sub("", page.read_text("utf-8"))


def commands_of(block: Block) -> list[str]:
    """The command lines of a block, continued lines joined, without comments."""
    joined = block.text.replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]
