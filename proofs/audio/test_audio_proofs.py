"""The whole audio path under the thread sanitizer: ring, bank and callback against everything that Python does to them.

The audio thread of the proof never takes the interpreter's lock, which would order things that are not ordered.
`make ring-proofs` installs what this needs and runs it.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from support.planted import ROOT
from support.require import require

import formant_dsp
from formant_dsp import cpu

HERE = Path(__file__).parent
RACE = 66
MODULES = ("ring", "bank", "callback")
pytestmark = pytest.mark.timeout(600)  # it compiles


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the installed package whose three modules are compiled again, for the sanitizer."""
    require("gcc", "cmake", "ninja")
    folder = tmp_path_factory.mktemp("sanitized")
    package = folder / "formant_dsp"
    shutil.copytree(Path(formant_dsp.__file__).parent, package)
    for module in Path(cpu.__file__).parent.glob("*.so"):
        shutil.copy(module, package)
    build = folder / "build"
    subprocess.run(
        [
            *("cmake", "-S", ROOT, "-B", build, "-G", "Ninja"),
            *("-DCMAKE_C_FLAGS=-fsanitize=thread -g", f"-DPython_EXECUTABLE={sys.executable}"),
        ],
        check=True,
        timeout=200,
        capture_output=True,
    )
    subprocess.run(["ninja", "-C", build, *MODULES], check=True, timeout=500, capture_output=True)
    for name in MODULES:
        (module,) = build.glob(f"{name}.*.so")
        shutil.copy(module, package)
    subprocess.run(
        [
            "gcc",
            *["-O1", "-g", "-fsanitize=thread", "-shared", "-fPIC", "-pthread", "-o"],
            folder / "pump.so",
            HERE / "pump.c",
        ],
        check=True,
        timeout=60,
    )
    return folder


def play(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    preload = subprocess.run(["gcc", "-print-file-name=libtsan.so"], check=True, capture_output=True, text=True)
    return subprocess.run(
        # -S: an editable installation would come before our copy
        ["setarch", platform.machine(), "-R", sys.executable, "-S", HERE / "play.py", folder / "pump.so", *arguments],
        env={
            **os.environ,
            "LD_PRELOAD": preload.stdout.strip(),
            "TSAN_OPTIONS": f"exitcode={RACE} halt_on_error=1",
            "PYTHONPATH": os.pathsep.join([str(folder), sysconfig.get_path("platlib"), sysconfig.get_path("purelib")]),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_python_and_the_audio_thread_share_nothing_unordered(folder: Path) -> None:
    done = play(folder)
    assert (done.returncode, done.stderr) == (0, "")
    seen = json.loads(done.stdout)
    assert seen["blocks"] > 1000
    assert min(seen["notes"], seen["stolen"], seen["expired"]) > 50


def test_a_second_consumer_is_found(folder: Path) -> None:
    done = play(folder, "--fault")
    assert done.returncode == RACE
    assert "data race" in done.stderr
