"""The ring proved: memory order by relacy, index logic by spin, both on the product's own native/ring.h.

Each proof has to find planted faults, or it proves nothing. `make ring-proofs` installs the tools and runs this.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from support.suite.planted import INDICES, NATIVE, ORDERS, RING_PROOFS, planted
from support.suite.require import require

DEPTH = "2000000"
pytestmark = pytest.mark.timeout(300)  # it compiles


def relacy(headers: Path, folder: Path, optimise: str = "-O0") -> subprocess.CompletedProcess[str]:
    require("g++")
    program = folder / "ring_relacy"
    subprocess.run(
        ["g++", "-std=c++14", optimise, "-w", "-I", headers, "-o", program, RING_PROOFS / "ring_relacy.cpp"],
        check=True,
        timeout=250,
    )
    return subprocess.run([program], capture_output=True, text=True, timeout=250, check=False)


def spin(headers: Path, folder: Path, model: str, *, liveness: bool) -> str:
    """What the search says. Every state is looked at, or it is an error."""
    require("spin", "gcc")
    (folder / "ring.pml").write_text(model)
    subprocess.run(["spin", "-a", "ring.pml"], cwd=folder, check=True, timeout=60, capture_output=True)
    kind = "-DNP" if liveness else "-DSAFETY"
    subprocess.run(
        ["gcc", "-O1", "-w", "-I", RING_PROOFS, "-I", headers, kind, "-o", "pan", "pan.c"],
        cwd=folder,
        check=True,
        timeout=60,
    )
    search = ["./pan", "-b", f"-m{DEPTH}", *(("-l", "-f") if liveness else ())]
    return subprocess.run(search, cwd=folder, capture_output=True, text=True, timeout=250, check=True).stdout


MODEL = (RING_PROOFS / "ring.pml").read_text()


def test_every_execution_of_the_memory_model_is_right(tmp_path: Path) -> None:
    done = relacy(NATIVE, tmp_path, "-O1")
    assert done.returncode == 0, done.stdout
    executions = [int(line.split()[0]) for line in done.stdout.splitlines() if line.endswith(" executions")]
    assert len(executions) == 2
    assert min(executions) > 100_000


@pytest.mark.parametrize("fault", ORDERS)
def test_relacy_finds_each_order_that_is_too_weak(fault: str, tmp_path: Path) -> None:
    done = relacy(planted(tmp_path, *ORDERS[fault]), tmp_path)
    assert done.returncode == 1
    assert "DATA RACE" in done.stdout


def test_every_interleaving_keeps_all_items_in_order_and_refuses_none_without_need(tmp_path: Path) -> None:
    said = spin(NATIVE, tmp_path, MODEL, liveness=False)
    assert "errors: 0" in said
    assert said.count("unreached in proctype") == 2
    assert said.count('"-end-"') == said.count(", state ")  # nothing but the ends, which never come, is unreached


def test_items_come_through_for_ever(tmp_path: Path) -> None:
    assert "errors: 0" in spin(NATIVE, tmp_path, MODEL, liveness=True)


@pytest.mark.parametrize("fault", INDICES)
def test_spin_finds_each_fault_of_the_index_logic(fault: str, tmp_path: Path) -> None:
    said = spin(planted(tmp_path, *INDICES[fault]), tmp_path, MODEL, liveness=False)
    assert "errors: 1" in said


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("slot[at] = t;\n          tail = t + 1;", "tail = t + 1;\n          slot[at] = t;"),
        ("assert(slot[at] == expected);", "head = h + 1; assert(slot[at] == expected);"),
    ],
    ids=["published before it is written", "given back before it is read"],
)
def test_spin_finds_each_wrong_order_of_steps(old: str, new: str, tmp_path: Path) -> None:
    assert MODEL.count(old) == 1
    assert "errors: 1" in spin(NATIVE, tmp_path, MODEL.replace(old, new), liveness=False)


def test_spin_finds_a_ring_that_stands_still(tmp_path: Path) -> None:
    never = planted(tmp_path, "return tail != head;", "return 0;")
    assert "errors: 1" in spin(never, tmp_path, MODEL.replace("assert(USED(t, h) == 0)", "skip"), liveness=True)
