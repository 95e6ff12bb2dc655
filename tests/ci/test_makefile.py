"""The Makefile: what each target would set up, said by `make -n`, which runs nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.suite.require import require

ROOT = Path(__file__).parents[2]


def would_run(target: str, venv: Path) -> str:
    """The commands of a target, with its virtual environment at `venv`."""
    require("make", how="apt-get install make")
    command = ["make", "--dry-run", "--no-print-directory", target, f"VENV={venv}", f"PYTHON={sys.executable}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr == "", "a shell that make starts while it reads the Makefile has failed"
    return done.stdout


@pytest.fixture
def half_made(tmp_path: Path) -> Path:
    """What `python3 -m venv` leaves behind on a Debian without python3-venv: a Python and no pip."""
    venv = tmp_path / "half"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    return venv


@pytest.fixture
def whole(half_made: Path) -> Path:
    """A virtual environment in which `import pip` works."""
    (package,) = half_made.glob("lib/python*/site-packages")
    (package / "pip.py").touch()
    return half_made


def installs(commands: str) -> list[str]:
    """The arguments of each `pip install`, without options."""
    found = re.findall(r"pip --disable-pip-version-check install -q (.+)", commands)
    return [arguments.strip("'") for arguments in found]


def test_a_half_made_environment_is_made_again(half_made: Path) -> None:
    assert f"venv --clear {half_made}" in would_run("run", half_made)


def test_an_environment_that_is_whole_is_kept(whole: Path) -> None:
    assert "venv --clear" not in would_run("run", whole)


def test_run_installs_what_runs_and_nothing_else(whole: Path) -> None:
    assert installs(would_run("run", whole)) == ["."]


def test_tests_and_lint_add_their_packages_and_compile_nothing_again(whole: Path) -> None:
    assert installs(would_run("bench-quick", whole)) == [".", "formant-synth[test]"]
    assert installs(would_run("lint", whole)) == [".", "formant-synth[test]", "formant-synth[lint]"]


def test_what_is_set_up_for_one_purpose_is_not_set_up_again(whole: Path) -> None:
    for stamp in ("to-run", "to-test"):
        (whole / stamp).touch()
    assert not installs(would_run("run", whole))
    assert not installs(would_run("bench-quick", whole))
    assert installs(would_run("lint", whole)) == ["formant-synth[lint]"]


def test_help_lists_every_target_that_is_called_by_name(whole: Path) -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = {name for line in re.findall(r"^\.PHONY: ([a-z -]+)$", text, re.MULTILINE) for name in line.split()}
    done = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    listed = set(re.findall(r"^  make (\S+) +\S", done, re.MULTILINE))
    helpers = {"system-packages", "portaudio"}
    assert listed == named - helpers
    assert "run" in listed
    assert "test" in listed


def test_the_tests_start_no_service_on_the_machine_of_a_developer() -> None:
    """Debian's packages of programs such as Prometheus start a service as soon as they are installed."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    (listed,) = re.findall(r"^SYSTEM_PACKAGES :=((?:.*\\\n)*.*)$", text, re.MULTILINE)
    packages = listed.replace("\\", " ").split()
    assert {"systemd", "pulseaudio"} <= set(packages)
    scripts = [path for name in packages for path in Path("/var/lib/dpkg/info").glob(f"{name}*.postinst")]
    starts = [path.name for path in scripts if path.name.partition(":")[0].removesuffix(".postinst") in packages]
    starts = [name for name in starts if "deb-systemd-invoke $" in Path("/var/lib/dpkg/info", name).read_text()]
    assert starts == [], "put it into SERVICES, which are unpacked"
