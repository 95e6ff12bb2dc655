"""One distribution on many Pythons: install, run the tests that need no other program, play a note.

    python packaging/matrix.py [INTERPRETER ...] [--debian SUITE:VERSION ...] [--from FILE]

INTERPRETER is a Python's path; without any, every one from 3.11 of this machine (PATH, pyenv, uv). `--debian sid:3.14`
adds the Python of a Debian release, in a root of its own (needs root). FILE is the wheel or source distribution to
install; by default the project is built once and its wheel used, except for free-threaded Pythons, which build their
own. The last line is JSON; exit 1 when one failed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
REQUIREMENTS = ("pytest>=8", "pytest-benchmark>=5", "pytest-timeout>=2.3", "hypothesis>=6.100", "scipy>=1.11")
NEEDS_MORE = ("parselmouth", "pyloudnorm", "playwright", "require(", "vectorised", "nats")
"""What a test mentions that needs more than that: Praat, a loudness meter, a browser, a program, a compiler."""
_ABOUT = (
    "import platform, sys, sysconfig; free = bool(sysconfig.get_config_var('Py_GIL_DISABLED')); "
    "print(*sys.version_info[:2], int(free), platform.python_version() + 't' * free, platform.python_implementation())"
)


@dataclass(frozen=True, slots=True)
class Python:
    """One interpreter."""

    path: str
    version: str
    free_threaded: bool


def look_at(path: str) -> Python | None:
    """What an interpreter says of itself; None for one that is too old, not CPython or does not run."""
    try:
        said = subprocess.run([path, "-c", _ABOUT], capture_output=True, text=True, check=True, timeout=60).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    major, minor, free, version, implementation = said.split()
    if (int(major), int(minor)) < (3, 11) or implementation != "CPython":
        return None
    return Python(path, version, free == "1")


def of_this_machine() -> list[Python]:
    """Every CPython from 3.11 that can be found, one a version."""
    candidates = [sys.executable]
    for on_path in os.environ.get("PATH", "").split(os.pathsep):
        candidates += [str(path) for path in sorted(Path(on_path).glob("python3.[0-9]*")) if "-" not in path.name]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    uv = Path.home() / ".local" / "share" / "uv" / "python"
    for folder in (pyenv, uv):
        candidates += [str(path) for path in sorted(folder.glob("*/bin/python3"))]
    found: dict[str, Python] = {}
    for path in candidates:
        python = look_at(path)
        if python is not None:
            found.setdefault(python.version, python)
    return sorted(found.values(), key=lambda python: [int(n.rstrip("abcrt+")[:2]) for n in python.version.split(".")])


def tests() -> list[str]:
    """Files of the tests of the voice and the pure cores that need nothing but REQUIREMENTS, as pytest takes them.

    Not the judges: they take minutes, and what they hear is made by the same machine code under every Python.
    """
    folder = PROJECT / "tests"
    support = {path: path.read_text(encoding="utf-8") for path in (folder / "support").glob("*/*.py")}
    more = set(NEEDS_MORE)
    while True:
        needy = [path for path, text in support.items() if any(word in text for word in more)]
        found = {f"support.{path.parent.name}.{path.stem}" for path in needy}
        found |= {f"support.{path.parent.name} import {path.stem}" for path in needy}
        if found <= more:
            break
        more |= found
    files = [
        path
        for path in (*(folder / "formant_dsp").rglob("test_*.py"), *(folder / "formant_net").rglob("test_*.py"))
        if not {"judges", "aio", "cli"} & set(path.relative_to(folder).parts)
    ]
    chosen = [path for path in sorted(files) if not any(word in path.read_text(encoding="utf-8") for word in more)]
    return [path.relative_to(PROJECT).as_posix() for path in chosen]


Run = Callable[..., None]


def try_all(run: Run, python: str, project: str, distribution: str, venv: str) -> None:
    """Install into an empty virtual environment, test, play. CalledProcessError says what failed."""
    inside = "Scripts" if sys.platform == "win32" else "bin"
    own = f"{venv}/{inside}/python"
    run(python, "-m", "venv", "--clear", venv)
    run(own, "-m", "pip", "install", "--quiet", distribution, *REQUIREMENTS)
    run(
        own,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        f"--rootdir={project}",
        "-c",
        f"{project}/pyproject.toml",
        *tests(),
    )
    run(own, f"{project}/packaging/smoke.py", "--patience", "4")


def run_here(*command: str) -> None:
    subprocess.run(command, check=True, cwd=PROJECT)


def build(into: Path) -> tuple[Path, Path]:
    """(source distribution, wheel) of the project as it is now."""
    subprocess.run(
        [sys.executable, "-m", "build", "--outdir", str(into), str(PROJECT)], check=True, stdout=subprocess.DEVNULL
    )
    return next(into.glob("*.tar.gz")), next(into.glob("*.whl"))


def on_python(python: Python, distribution: str, folder: Path) -> str:
    """ "passed in …" or what failed, on an interpreter of this machine."""
    print(f"\n== {python.version}, {python.path}, {Path(distribution).name}", flush=True)
    return _outcome(lambda: try_all(run_here, python.path, str(PROJECT), distribution, str(folder / "venv")))


def on_debian(suite: str, version: str, wheel: str, folder: Path) -> str:
    """The same on a Python of a Debian release."""
    import root  # Linux only

    print(f"\n== Debian {suite}'s Python {version}", flush=True)

    def run_all() -> None:
        machine = root.make(folder / "root", "amd64", suite, [f"python{version}-venv", "libportaudio2"])
        for name in (
            "tests",
            "packaging",
            "examples",
            "benchmarks",
            "deploy",
            "docs",
            "src",
        ):  # read by tests; src is not imported
            shutil.copytree(PROJECT / name, machine.folder / "project" / name)
        machine.put(PROJECT / "pyproject.toml", "project")
        inside = machine.put(Path(wheel))

        def run(*command: str) -> None:
            machine.run("sh", "-c", 'cd /project && exec "$@"', "sh", *command)

        try_all(run, f"python{version}", "/project", inside, "/venv")

    return _outcome(run_all)


def _outcome(run: Callable[[], None]) -> str:
    began = time.monotonic()
    try:
        run()
    except subprocess.CalledProcessError as error:
        return f"failed: {' '.join(map(str, error.cmd[-4:]))}"
    return f"passed in {time.monotonic() - began:.0f} s"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("interpreters", nargs="*", metavar="INTERPRETER")
    parser.add_argument("--debian", nargs="*", default=[], metavar="SUITE:VERSION", help="for example sid:3.14")
    parser.add_argument("--from", dest="distribution", type=Path, help="what to install")
    arguments = parser.parse_args()
    pythons = [look_at(path) for path in arguments.interpreters]
    if None in pythons:
        parser.error(f"{arguments.interpreters[pythons.index(None)]} is no CPython from 3.11 that runs here")
    chosen = [python for python in pythons if python is not None]
    if not chosen and not arguments.debian:
        chosen = of_this_machine()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if arguments.distribution is None:
            sdist, wheel = map(str, build(folder / "dist"))
        else:
            sdist = wheel = str(arguments.distribution.resolve())
        outcome = {}
        for python in chosen:
            outcome[python.version] = on_python(python, sdist if python.free_threaded else wheel, folder)
        for release in arguments.debian:
            suite, _, version = release.partition(":")
            outcome[f"{version} (Debian {suite})"] = on_debian(suite, version, wheel, folder)
    print("\n" + "\n".join(f"{version:20} {said}" for version, said in outcome.items()))
    print(json.dumps(outcome))
    return 0 if outcome and all(said.startswith("passed") for said in outcome.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
