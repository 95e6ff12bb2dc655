"""The files with which a page sings as a box does: bank.wasm, its twin without SIMD, and all presets in one JSON.

The build makes bank.wasm of the same C as the module bank/core and puts it beside that module. Where there was no
compiler for WebAssembly it is missing, and a page can play, but not sing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from importlib.machinery import PathFinder
from pathlib import Path

import formant_dsp.bank
from formant_dsp.model.params import ROW_TAU_S
from formant_dsp.model.presets import DEFAULT, Preset, load, names

WASM = ("bank.wasm", "bank-plain.wasm")
VOICES = "voices.json"
CODE_ROOM = 8192
"""Most numbers of a preset that a page takes (CODE_ROOM of packaging/wasm/page.c)."""


def wasm() -> Mapping[str, bytes]:
    """bank.wasm and bank-plain.wasm by name; empty if this build has none."""
    spec = PathFinder.find_spec("core", formant_dsp.bank.__path__)
    folders = [Path(folder) for folder in formant_dsp.bank.__path__]
    if spec is not None and spec.origin is not None:  # an editable install has its modules in a folder of their own
        folders.append(Path(spec.origin).parent)
    for folder in folders:
        if all((folder / name).is_file() for name in WASM):
            return {name: (folder / name).read_bytes() for name in WASM}
    return {}


def voices(presets: Iterable[Preset] = ()) -> bytes:
    """The shipped presets and further ones as JSON: what a page maps touches with.

    Each preset has `singers`, `surface` (None: too many vowels for labels) and `code` (touch/code.pxd). A preset that
    is too large for a page is left out.
    """
    found = {name: load(name) for name in names()}
    found |= {preset.name: preset for preset in presets}
    compiled = {
        preset.name: {"singers": preset.singers, "surface": preset.surface, "code": preset.code.tolist()}
        for preset in found.values()
        if len(preset.code) <= CODE_ROOM
    }
    return json.dumps({"default": DEFAULT, "row_tau_s": ROW_TAU_S, "presets": compiled}, allow_nan=False).encode()


def bundle(presets: Iterable[Preset] = ()) -> Mapping[str, bytes]:
    """All files by name; empty if this build has no bank.wasm."""
    banks = wasm()
    return {**banks, VOICES: voices(presets)} if banks else {}
