"""The whole audio path under the thread sanitizer: ring, bank and callback against everything that Python does to them.

The audio thread of the proof never takes the interpreter's lock, which would order things that are not ordered.
`make ring-proofs` installs what this needs and runs it.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from support.suite.planted import ROOT
from support.suite.require import require

import formant_dsp
from formant_dsp.kernels import cpu

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # importlib mode leaves it out

from shared_fields import fields, written_by_audio  # noqa: E402

RACE = 66
MODULES = {"ring": "bank/queue", "core": "bank", "bank": "bank", "callback": "output"}
"""What is compiled for the sanitizer, and its room."""
STORE = "atomic_store_explicit(p, v, memory_order_relaxed);"
TORN = f"if ((size_t)((const char *)p - formant_torn) < formant_torn_bytes) *(uint64_t *)p = v; else {STORE}"
"""A store of rt.h, and what the proof makes of it: one field, chosen while it runs, is stored plainly."""
pytestmark = pytest.mark.timeout(600)  # it compiles


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the installed package whose three modules are compiled again, for the sanitizer."""
    require("gcc", "cmake", "ninja")
    folder = tmp_path_factory.mktemp("sanitized")
    package = folder / "formant_dsp"
    shutil.copytree(Path(formant_dsp.__file__).parent, package)
    installed = Path(cpu.__file__).parents[1]
    for module in installed.rglob("*.so"):
        shutil.copy(module, package / module.relative_to(installed))
    project = folder / "project"
    shutil.copytree(ROOT / "src" / "formant_dsp", project / "src" / "formant_dsp")
    shutil.copy(ROOT / "CMakeLists.txt", project)
    header = project / "src" / "formant_dsp" / "native" / "rt.h"
    text = header.read_text(encoding="utf-8")
    assert text.count(STORE) == 1
    declared = "extern const char *formant_torn;\nextern size_t formant_torn_bytes;\n"
    text = text.replace(STORE, TORN).replace(
        "typedef _Atomic uint64_t", f"#include <stddef.h>\n{declared}typedef _Atomic uint64_t"
    )
    header.write_text(text, encoding="utf-8")
    build = folder / "build"
    subprocess.run(
        [
            *("cmake", "-S", project, "-B", build, "-G", "Ninja"),
            *("-DCMAKE_C_FLAGS=-fsanitize=thread -g", f"-DPython_EXECUTABLE={sys.executable}"),
        ],
        check=True,
        timeout=200,
        capture_output=True,
    )
    subprocess.run(["ninja", "-C", build, *MODULES], check=True, timeout=500, capture_output=True)
    for name, room in MODULES.items():
        (module,) = build.glob(f"{name}.*.so")
        shutil.copy(module, package / room)
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
            "LD_PRELOAD": f"{preload.stdout.strip()} {folder / 'pump.so'}",
            "TSAN_OPTIONS": f"exitcode={RACE} halt_on_error=1 history_size=7",
            "PYTHONPATH": os.pathsep.join([str(folder), sysconfig.get_path("platlib"), sysconfig.get_path("purelib")]),
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


NEVER_STORED = {"bank.invalid"}
"""Counts hops that were not finite, and there are none."""


def test_python_and_the_audio_thread_share_nothing_unordered(folder: Path) -> None:
    """And both of them touch every field."""
    done = play(folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert set(json.loads(done.stdout)["changed"]) == written_by_audio() - NEVER_STORED


def test_a_second_consumer_is_found(folder: Path) -> None:
    done = play(folder, "consumer")
    assert done.returncode == RACE
    assert "data race" in done.stderr


@pytest.mark.parametrize("field", [f"{owner}.{name}" for owner in ("bank", "stream") for name in fields(owner)])
def test_each_shared_field_that_is_stored_plainly_is_found(folder: Path, field: str) -> None:
    """One field of native/shared.h at a time: so the proof touches every one of them from two threads."""
    done = play(folder, field)
    start, size = int(done.stdout.split()[0], 16), int(done.stdout.split()[1])
    if field in NEVER_STORED:
        assert (done.returncode, done.stderr) == (0, "")
        return
    assert done.returncode == RACE, done.stderr
    found = [int(address, 16) for address in re.findall(r"of size 8 at 0x([0-9a-f]+)", done.stderr)]
    assert found
    assert all(start <= address < start + size for address in found)
