"""What fuzzing has found so far is tried again, every time; and a brief run looks for more where it can.

`tests/fuzz/campaign.py` is the long run. The kept inputs (`corpus/`, a folder a target) reach what it reached.
"""

from __future__ import annotations

import importlib.util
import random
import subprocess
import sys
from pathlib import Path

import pytest
from fuzz.seeds import seeds
from fuzz.targets import TARGETS
from support.suite.features import FUZZER, need

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"


def kept(target: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((CORPUS / target).iterdir())] + seeds()[target]


@pytest.mark.parametrize("target", list(TARGETS))
def test_everything_that_was_kept_is_still_answered_by_the_rules(target: str) -> None:
    inputs = kept(target)
    assert len(inputs) > len(seeds()[target]), "the corpus has gone"
    for data in inputs:
        TARGETS[target](data)


@pytest.mark.parametrize("target", list(TARGETS))
def test_kept_inputs_with_a_slip_of_the_hand_are_too(target: str) -> None:
    """A few blind changes of each, the same at every run: this needs no fuzzer."""
    for number, data in enumerate(kept(target)[:40]):
        chance = random.Random(f"{target} {number}")
        for _ in range(5):
            changed = bytearray(data)
            for _ in range(chance.randint(1, 4)):
                where = chance.randrange(len(changed) + 1)
                changed[where : where + chance.choice((0, 1, 4))] = chance.randbytes(chance.choice((0, 1, 2)))
            TARGETS[target](bytes(changed))


LONG = pytest.mark.long


@pytest.mark.parametrize("target", ["frames", pytest.param("hub", marks=LONG), pytest.param("description", marks=LONG)])
def test_a_brief_run_finds_nothing_new(target: str, tmp_path: Path) -> None:
    need(FUZZER)
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed: `pip install '.[test]'` brings it")
    folder = tmp_path / "corpus"
    folder.mkdir()
    for number, data in enumerate(kept(target)):
        (folder / str(number)).write_bytes(data)
    limits = ["-max_total_time=3", "-max_len=4096", f"-dict={HERE / 'words.dict'}", f"-artifact_prefix={tmp_path}/"]
    command = [sys.executable, str(HERE / "run.py"), target, str(folder), *limits]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "cov:" in done.stderr, "nothing was instrumented"
