"""Known vulnerabilities of what Formant runs on: `make audit`. Exit code 1 if there are any.

Only what is installed with `formant-synth` itself (with all its optional parts for running) is asked about, in the
versions that are installed here; tools for tests and lint are not part of what anybody runs. Without a way to the
database (PyPI's, which also carries OSV) it says so and ends with 0: that a laptop is offline breaks nothing, and a
pipeline that is online is held up.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

EXTRAS = {"fast", "edges"}


def closure(root: str, extras: set[str]) -> dict[str, str]:
    """Names and versions of everything that `root` needs, itself left out."""
    from packaging.requirements import Requirement

    found: dict[str, str] = {}
    waiting = [(root, extras)]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, wanted = waiting.pop()
        if (name, frozenset(wanted)) in seen:
            continue
        seen.add((name, frozenset(wanted)))
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # an optional part that is not installed here
        if name != root:
            found[re.sub(r"[-_.]+", "-", distribution.metadata["Name"]).lower()] = distribution.version
        for text in distribution.requires or []:
            requirement = Requirement(text)
            if requirement.marker is None or any(requirement.marker.evaluate({"extra": one}) for one in wanted | {""}):
                waiting.append((requirement.name, set(requirement.extras)))
    return found


def main() -> int:
    packages = closure("formant-synth", EXTRAS)
    with tempfile.TemporaryDirectory() as folder:
        pinned = Path(folder) / "requirements.txt"
        pinned.write_text("".join(f"{name}=={version}\n" for name, version in sorted(packages.items())))
        command = [
            sys.executable,
            "-m",
            "pip_audit",
            "-r",
            str(pinned),
            "--no-deps",
            "--disable-pip",
            "--timeout",
            "15",
        ]
        done = subprocess.run(
            [*command, "--format", "json", "--progress-spinner", "off"], capture_output=True, text=True
        )
    lines, code = report(done.stdout, done.stderr)
    print("\n".join(lines))
    return code


def report(answer: str, errors: str) -> tuple[list[str], int]:
    """What pip-audit said, in words, and the exit code."""
    try:
        asked = json.loads(answer)["dependencies"]
    except (ValueError, KeyError):
        last = (errors.strip().splitlines() or ["no answer"])[-1]
        return [
            f"NOT AUDITED: the database of vulnerabilities cannot be reached ({last[:200]}). Run it again online."
        ], 0
    known = [one for one in asked if not one.get("skip_reason")]
    unknown = [str(one["name"]) for one in asked if one.get("skip_reason")]
    if not known:
        return ["NOT AUDITED: the index that is used here knows no vulnerabilities. Run it again against pypi.org."], 0
    lines = []
    for one in known:
        for flaw in one.get("vulns", []):
            fixed = ", ".join(flaw.get("fix_versions") or ["no version yet"])
            repaired = f"repaired in {fixed}: raise its lower bound in pyproject.toml"
            lines.append(f"{one['name']} {one['version']}: {flaw['id']}, {repaired}")
    word = f"; not known there: {', '.join(unknown)}" if unknown else ""
    return [*lines, f"audited {len(known)} packages: {len(lines)} known vulnerabilities{word}"], 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
