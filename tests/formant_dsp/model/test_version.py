"""The version: that of the distribution, and of no cost to those who do not ask."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata

import pytest

import formant_dsp


def test_the_version_is_that_of_the_distribution() -> None:
    assert formant_dsp.__version__ == metadata.version("formant-synth")
    with pytest.raises(AttributeError, match="no attribute 'versoin'"):
        formant_dsp.versoin  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize(("code", "imported"), [("formant_dsp", False), ("formant_dsp.__version__", True)])
def test_it_is_looked_up_when_it_is_asked_for(code: str, imported: bool) -> None:
    program = f"import formant_dsp, sys; {code}; print('importlib.metadata' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=300)
    assert done.stdout.strip() == str(imported)
