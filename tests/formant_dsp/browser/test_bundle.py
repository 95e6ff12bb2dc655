"""What a page is given to sing with."""

from __future__ import annotations

import json

from formant_dsp.browser.bundle import CODE_ROOM, VOICES, WASM, bundle, voices, wasm
from formant_dsp.model.params import ROW_TAU_S
from formant_dsp.model.presets import load, names, parse

OWN = """
title = "t"
description = "d"
[voice]
vibrato_cents = 3
[choir]
singers = 3
"""


def test_every_shipped_preset_is_among_the_voices_with_all_that_a_page_needs() -> None:
    told = json.loads(voices())
    assert sorted(told["presets"]) == sorted(names())
    assert told["default"] in told["presets"]
    assert told["row_tau_s"] == list(ROW_TAU_S)
    choir = told["presets"]["choir"]
    assert choir == {
        "singers": load("choir").singers,
        "surface": load("choir").surface,
        "code": load("choir").code.tolist(),
    }


def test_a_preset_of_ones_own_is_told_like_a_shipped_one_and_may_replace_it() -> None:
    told = json.loads(voices([parse(OWN, name="mine"), parse(OWN, name="plain")]))["presets"]
    assert told["mine"]["singers"] == told["plain"]["singers"] == 3
    assert len(told) == len(names()) + 1


def test_a_preset_that_is_too_large_for_a_page_is_left_out() -> None:
    vowel = '[[vowels.own]]\nname = "v{0}"\nfrequency_hz = [500.0]\nbandwidth_hz = [80.0]\nlevel_db = [0.0]\n'
    many = OWN + "".join(vowel.format(n) for n in range(CODE_ROOM // 15))
    preset = parse(many, name="vast")
    assert len(preset.code) > CODE_ROOM
    assert "vast" not in json.loads(voices([preset]))["presets"]


def test_a_build_has_both_banks_or_none_and_without_them_there_is_no_bundle() -> None:
    banks = wasm()
    assert set(banks) in (set(), set(WASM))
    assert set(bundle()) == ({*WASM, VOICES} if banks else set())
    assert all(body.startswith(b"\0asm") for body in banks.values())
