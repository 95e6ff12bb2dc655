from __future__ import annotations

import re

import pytest

from formant_net.midi.devices import Slide
from formant_net.midi.mapping import DEFAULTS, Mapping, MappingError, Use, parse, write


def test_a_file_says_everything() -> None:
    text = """
    mpe = "lower"
    bend = 24
    channels = [1, 3]
    vowel = 0.25
    slide = "relative"
    [controllers]
    21 = "vowel"
    7 = "nothing"
    [programs]
    0 = "choir"
    """
    mapping = parse(text)
    assert (mapping.mpe, mapping.bend, mapping.vowel) == ("lower", 24.0, 0.25)
    assert mapping.channels == {1, 3}
    assert mapping.slide is Slide.RELATIVE
    assert mapping.controllers == {**DEFAULTS, 21: Use.VOWEL, 7: Use.NOTHING}
    assert mapping.programs == {0: "choir"}


def test_an_empty_file_is_the_defaults() -> None:
    assert parse("") == Mapping()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mpe = ", "not TOML"),
        ("mep = 'auto'", "'mep' is not known: use one of bend"),
        ("mpe = 'both'", "mpe = 'both': use one of auto, lower, upper, off"),
        ("bend = 97", "within 0 … 96"),
        ("bend = true", "within 0 … 96"),
        ("bend = nan", "within 0 … 96"),
        ("vowel = 'a'", "within 0 … 1"),
        ("channels = []", "within 1 … 16"),
        ("channels = [0]", "within 1 … 16"),
        ("channels = [1, 1]", "each once"),
        ("channels = [true]", "within 1 … 16"),
        ("channels = 1", "within 1 … 16"),
        ("slide = 'up'", "absolute, relative, from-zero"),
        ("controllers = 1", "must be a table"),
        ("[controllers]\nvowel = 1", "the key is a number within 0 … 127"),
        ("[controllers]\n128 = 'vowel'", "within 0 … 127"),
        ("[controllers]\n21 = 'pan'", "use one of vowel"),
        ("[controllers]\n21 = 1", "use one of vowel"),
        ("[controllers]\n123 = 'vowel'", "MIDI itself uses this number"),
        ("[programs]\n0 = 1", "the name of a preset"),
        ("[programs]\n0 = ''", "the name of a preset"),
        ("[programs]\n\"²\" = 'choir'", "within 0 … 127"),
        (f"[programs]\n{'9' * 5000} = 'choir'", "within 0 … 127"),
        (f"bend = {'9' * 5000}", "not TOML"),
    ],
)
def test_a_wrong_file_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(MappingError, match=re.escape(words)):
        parse(text)


def test_what_is_written_reads_back_and_the_old_number_is_silent() -> None:
    mapping = parse(write({21: Use.VOWEL, 22: Use.EFFORT}))
    assert mapping.controllers[21] is Use.VOWEL
    assert mapping.controllers[1] is Use.NOTHING
    assert mapping.controllers[11] is Use.NOTHING
    assert mapping.controllers[64] is Use.SUSTAIN
    assert parse(write({1: Use.VOWEL})).controllers == DEFAULTS
