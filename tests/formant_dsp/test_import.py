"""Importing the voice is quick: it imports nothing that only a network, a device or a render needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

UNWANTED = {
    "formant_net", "asyncio", "aiortc", "websockets", "msgspec", "click", "structlog",  # the network part
    "sounddevice", "soundfile", "cffi",  # devices and files
    "numpy", "scipy",  # two thirds of the time; the first render imports NumPy
}  # fmt: skip


def imported_by(code: str) -> set[str]:
    """Top-level modules that an interpreter has after running this."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_importing_the_voice_imports_neither_network_nor_numpy() -> None:
    found = imported_by(
        "import formant_dsp; formant_dsp.Bank(); formant_dsp.VoiceParams(vowel=formant_dsp.sung('bass')['o'])"
    )
    assert "formant_dsp" in found
    assert not found & UNWANTED


@pytest.mark.parametrize("module", ["numpy", "asyncio"])
def test_a_module_that_is_imported_would_be_seen(module: str) -> None:
    assert module in imported_by(f"import formant_dsp, {module}") & UNWANTED


def test_the_first_render_imports_numpy() -> None:
    assert "numpy" in imported_by("import formant_dsp; assert formant_dsp.Bank().render(64).shape == (64,)")
