"""In CI as root a test is skipped only for what the machine really lacks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.suite.features import FEATURES

TESTS = Path(__file__).parents[1]

CONFTEST = """
from support.suite.features import Feature, NoOtherSkips, need
import support.suite.features as features
features.LACKED = Feature("wings", lambda: False)
features.PRESENT = Feature("feet", lambda: True)

def pytest_configure(config):
    config.pluginmanager.register(NoOtherSkips((features.LACKED, features.PRESENT)))
"""
SUITE = """
import pytest
from support.suite import features

def test_lacks(): features.need(features.LACKED)
def test_has(): features.need(features.PRESENT)
def test_untrue(): pytest.skip(features.PRESENT.reason)
def test_unlisted(): pytest.skip("not today")
@pytest.mark.skipif(True, reason="never")
def test_marked(): pass
@pytest.mark.xfail(reason="known")
def test_expected(): assert False
"""


def test_only_a_listed_feature_that_is_lacking_skips(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_suite.py").write_text(SUITE)
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir=."]
    done = subprocess.run(
        [*command, "-o", f"pythonpath={TESTS}", "."], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    outcomes = {}
    for line in done.stdout.splitlines():
        word, _, rest = line.partition(" ")
        if word in ("PASSED", "FAILED", "ERROR", "XFAIL") and "::" in rest:
            outcomes[rest.split("::")[1].split(" ")[0]] = word
    assert outcomes == {
        "test_has": "PASSED",
        "test_untrue": "FAILED",
        "test_unlisted": "FAILED",
        "test_marked": "ERROR",
        "test_expected": "XFAIL",
    }, done.stdout
    assert "1 skipped" in done.stdout


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="root as POSIX has it")
def test_each_feature_can_be_looked_for_and_says_what_is_lacking() -> None:
    for feature in FEATURES:
        assert feature.present() in (True, False)
        assert feature.reason.startswith("this machine lacks ")
