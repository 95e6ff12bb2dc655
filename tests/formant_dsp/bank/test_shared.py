"""Fields that two threads touch stand in native/shared.h and ring.h, and nowhere else. proofs/audio plays them."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import numpy as np
import pytest

import formant_dsp
from formant_dsp import Bank
from formant_dsp.output.callback import StreamState

PACKAGE = Path(formant_dsp.__file__).parent
FIELD = re.compile(r"^\s+(?:formant_)?(?:ring_)?atomic_t [\w, \[\]]+;?(?:\s*(?:#|/\*).*)?$", re.MULTILINE)
"""A declaration of atomic fields in a structure, in C or Cython."""


def test_atomic_fields_are_declared_in_two_headers_only() -> None:
    sources = [path for path in PACKAGE.rglob("*") if path.suffix in (".pxd", ".pyx", ".h")]
    found = {path.name for path in sources if FIELD.search(path.read_text(encoding="utf-8"))}
    assert found == {"shared.h", "ring.h", "shared.pxd", "ring.pxd"}


def test_the_lists_for_c_and_for_cython_are_the_same() -> None:
    header = (PACKAGE / "native" / "shared.h").read_text(encoding="utf-8")
    listed = re.findall(r"^ +formant_atomic_t (\w+)(?:\[\d+\])?;", header, re.MULTILINE)
    rows = re.findall(
        r"^ +atomic_t ([\w, \[\]]+)$", (PACKAGE / "bank" / "queue" / "shared.pxd").read_text(), re.MULTILINE
    )
    assert len(listed) > 20
    assert listed == re.findall(r"[a-z]\w*", re.sub(r"\[\d+\]", "", ", ".join(rows)))


def test_each_shared_field_says_what_it_is() -> None:
    header = (PACKAGE / "native" / "shared.h").read_text(encoding="utf-8")
    for line in header.splitlines():
        assert "    formant_atomic_t" not in line or "/* " in line


def test_a_second_thread_that_renders_is_refused() -> None:
    bank = Bank(voices=64)
    for key in range(1, 65):
        assert bank.note_on(key, formant_dsp.VoiceParams())
    long = threading.Thread(target=bank.render, args=(48000 * 20,))
    long.start()

    def render_until_it_ends() -> None:
        while long.is_alive():
            bank.render(0)

    with pytest.raises(RuntimeError, match="another thread renders this bank"):
        render_until_it_ends()
    with pytest.raises(RuntimeError, match="another thread renders this bank"):
        StreamState(bank)
    long.join()
    assert np.isfinite(bank.render(64)).all()
