"""What an import must not do to its host, and what the compiler must have done."""

from __future__ import annotations

import subprocess
import sys

import numpy as np


def test_import_and_render_leave_denormals_to_the_host() -> None:
    """Linking with -ffast-math would switch the whole process; the bank flushes to zero only in its own calls."""
    code = (
        "import numpy as np, formant_dsp as fd\n"
        "tiny = np.float32(1e-40)\n"
        "fd.Bank().render(1000)\n"
        "assert tiny * np.float32(0.5) > 0, 'denormals are flushed'\n"
        "assert np.float64(1e-310) * 0.5 > 0\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)


def test_import_does_not_bring_the_network() -> None:
    code = (
        "import sys, formant_dsp\n"
        "found = {'asyncio', 'aiortc', 'websockets', 'sounddevice', 'soundfile'} & set(sys.modules)\n"
        "assert not found, found\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)


def test_decaying_voices_cost_no_more_than_sounding_ones() -> None:
    """Denormals would be hundreds of times slower; flush-to-zero and an end at -96 dB keep them away."""
    from formant_dsp import Bank, VoiceParams

    bank = Bank(voices=4)
    assert bank.note_on(1, VoiceParams(level_db=-80.0, release_s=10.0))
    bank.render(4800)
    assert bank.note_off(1)
    y = bank.render(48000 * 16)
    assert bank.active == 0
    smallest = np.abs(y[y != 0]).min()
    assert smallest >= np.finfo(np.float32).tiny
