"""Prose is read in a window beside another one: its lines have at most 120 characters, wherever it stands.

Pages, docstrings and comments of every language. All lines of Python are held by ruff. Code of other languages may be
longer where a line is a formula or a signature. Tables, and fenced blocks of pages, are no prose.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MOST = 120
PLACES = (".ci", ".github", "benchmarks", "docs", "examples", "listening", "packaging", "proofs", "src", "tests")
BUILT = {"node_modules", "__pycache__"}

HASH, MARKUP = r"(^|\s)#+(\s|$)", r"<!--|-->"
SLASHES = r"^\s*\*|(^|\s)//\s|/\*"
COMMENTS = {
    **dict.fromkeys((".pyx", ".pxd", ".toml", ".yml", ".cfg", ".sh", ".cmake"), HASH),
    **dict.fromkeys((".c", ".h", ".cpp", ".js", ".mjs", ".css"), SLASHES),
    **dict.fromkeys((".html", ".svg"), MARKUP),
    ".md": "",
}
"""How a line with a comment looks in each language; in a page every line is prose."""
NAMED = {"Makefile": HASH, "CMakeLists.txt": HASH, "run": HASH, "pyproject.toml": HASH}
"""Files without such a suffix, or outside of PLACES."""


def long_lines(text: str, suffix: str, comment: str) -> list[int]:
    """Numbers of the lines of prose that are too long."""
    found, fenced, quoted = [], False, False
    for number, line in enumerate(text.splitlines(), 1):
        if suffix == ".md":
            fenced ^= line.lstrip().startswith("```")
            prose = not fenced and not line.startswith("|")
        else:
            quotes = suffix in (".pyx", ".pxd") and line.count('"""')
            prose = quoted or bool(quotes) or re.search(comment, line) is not None
            quoted ^= quotes % 2 == 1
            line = re.split(r" @(?:param|returns?|type) ", line)[0]  # from there on JSDoc is types
        if prose and len(line) > MOST:
            found.append(number)
    return found


def files() -> list[Path]:
    inside = [path for place in PLACES for path in (ROOT / place).rglob("*") if path.suffix in COMMENTS]
    return sorted(
        path
        for path in {*inside, *ROOT.glob("*.md"), *(ROOT / name for name in NAMED), ROOT / ".ci" / "run"}
        if path.is_file() and not BUILT & set(path.parts)
    )


def test_lines_of_prose_are_no_longer_than_120_characters() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in files()
        for number in long_lines(
            path.read_text("utf-8"), path.suffix, COMMENTS.get(path.suffix) or NAMED.get(path.name, "")
        )
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("line", "suffix"),
    [
        ("x" * 121, ".md"),
        ("# " + "x" * 119, ".pxd"),
        ("f(x)  # " + "x" * 113, ".pyx"),
        ('"""' + "x" * 118, ".pyx"),
        ('"""One.\n' + "x" * 121, ".pxd"),
        ("/* " + "x" * 118, ".h"),
        ("f();  // " + "x" * 112, ".js"),
    ],
)
def test_a_longer_one_is_found(line: str, suffix: str) -> None:
    number = line.count("\n") + 1
    assert long_lines(line, suffix, COMMENTS[suffix]) == [number]
    assert long_lines(line[:-1], suffix, COMMENTS[suffix]) == []


def test_code_tables_and_blocks_are_no_prose() -> None:
    code = "x = " + "y + " * 40
    assert long_lines(code, ".pyx", COMMENTS[".pyx"]) == []
    assert long_lines(f"/** A sum. @param {{number}} {code} */", ".js", COMMENTS[".js"]) == []
    assert long_lines(f"```text\n{code}\n```\n| {code} |\n", ".md", "") == []
