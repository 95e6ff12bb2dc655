"""The audit of dependencies: what is said of flaws, of an index that knows none, and without a network."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", Path(__file__).parents[2] / ".ci" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def report(*dependencies: dict[str, Any]) -> tuple[str, int]:
    lines, code = script().report(json.dumps({"dependencies": dependencies}), "")
    return "\n".join(lines), code


GOOD = {"name": "click", "version": "8.1", "vulns": []}
BAD = {"name": "aiortc", "version": "1.9", "vulns": [{"id": "CVE-1", "fix_versions": ["1.10"]}]}
UNKNOWN = {"name": "ours", "skip_reason": "not found"}


def test_a_known_flaw_fails_and_says_what_repairs_it() -> None:
    said, code = report(GOOD, BAD)
    assert code == 1
    assert "aiortc 1.9: CVE-1, repaired in 1.10" in said
    assert report(GOOD) == ("audited 1 packages: 0 known vulnerabilities", 0)
    assert "not known there: ours" in report(GOOD, UNKNOWN)[0]


def test_nothing_known_is_not_taken_for_nothing_wrong() -> None:
    assert report(UNKNOWN)[0].startswith("NOT AUDITED")
    lines, code = script().report("", "ConnectionError: no route\n")
    assert (code, lines[0].startswith("NOT AUDITED")) == (0, True)
    assert "no route" in lines[0]


def test_what_is_audited_is_what_runs_and_not_what_tests_it() -> None:
    names = script().closure("formant-synth", set())
    assert {"aiortc", "websockets", "cryptography", "pyjwt", "cffi"} <= set(names)
    assert not {"pytest", "ruff", "formant-synth"} & set(names)
