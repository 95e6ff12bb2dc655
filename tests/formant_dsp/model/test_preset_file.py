"""A wrong preset file is refused with its name, the key, the value and what would be right."""

from __future__ import annotations

import pytest

from formant_dsp.model.preset_file import PresetError, decode
from formant_dsp.model.presets import parse

MINIMAL = 'title = "T"\ndescription = "D"\n'
OWN = '[[vowels.own]]\nname = "a"\nfrequency_hz = [700, 1200]\nlevel_db = [0, -6]\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title = ", ["is not TOML"]),
        ("a = " + "[\n" * 5000, ["nested too deeply"]),
        ("#" * 70_000, ["70000 characters", "65536"]),
        (MINIMAL + "[choir]\nseed = 1" + "0" * 400, ["mine.toml"]),
        ('title = "T"\n', ["description"]),
        ("title = 3\ndescription = 'D'\n", ["title", "str"]),
        (MINIMAL + "colour = 3\n", ["colour"]),
        (MINIMAL + "trim_db = 40\n", ["trim_db=40", "-24 … 12 dB"]),
        (MINIMAL + "trim_db = nan\n", ["trim_db=nan", "-24 … 12 dB"]),
        (MINIMAL + "[voice]\nskirt = 3\n", ["voice.skirt=3", "0 … 0.4 share"]),
        (MINIMAL + "[voice]\nskirt = 'wide'\n", ["voice.skirt='wide'", "number"]),
        (MINIMAL + "[voice]\nsparkle = 1\n", ["voice.sparkle is not known", "skirt_width_hz"]),
        (MINIMAL + "[voice]\nzing = 2\n", ["voice.zing=2", "0 … 1 share"]),
        (MINIMAL + "[voice]\nlevel_db = 1\n", ["voice.level_db is not known"]),
        (MINIMAL + "[voice]\nalgorithm = 'moog'\n", ["voice.algorithm='moog'", "chowning"]),
        (MINIMAL + "[voice]\nalgorithm = 3\n", ["voice.algorithm=3", "chowning"]),
        (MINIMAL + "[expression]\nring = 2\n", ["expression.ring=2", "0 … 1"]),
        (MINIMAL + "[expression]\nanger = 1\n", ["expression.anger is not known", "effort"]),
        (MINIMAL + "[choir]\nsingers = 65\n", ["choir.singers=65", "1 … 64"]),
        (MINIMAL + "[choir]\nsingers = 2.5\n", ["choir.singers=2.5", "whole"]),
        (MINIMAL + "[choir]\nseed = 2.5\n", ["choir.seed=2.5", "whole"]),
        (MINIMAL + "[choir]\nseed = nan\n", ["choir.seed=nan", "whole"]),
        (MINIMAL + "[choir]\nseed = inf\n", ["choir.seed=inf", "whole"]),
        (MINIMAL + "[mapping]\noctaves = 0\n", ["mapping.octaves=0", "0.1 … 7 octaves"]),
        (MINIMAL + "[vowels]\ntable = 'mine'\n", ["vowels.table", "'mine'", "h95_tokens"]),
        (MINIMAL + "[vowels]\ngroup = 'elves'\n", ["'elves'", "soprano, alto"]),
        (MINIMAL + "[vowels]\npath = ['a', 'q']\n", ["vowels.path", "'q'", "a (a)"]),
        (MINIMAL + "[vowels]\npath = ['a']\n", ["vowels.path", "two"]),
        (MINIMAL + "[vowels]\nplane = 'round'\n", ["vowels.plane", "round"]),
        (MINIMAL + "[vowels]\nplane = 'ipa'\n", ["vowels.group", "'tenor'", "men, women, children"]),
        (MINIMAL + "[vowels]\nplane = 'anchors'\nwalk = [[0, 0]]\n", ["vowels.walk", "two"]),
        (MINIMAL + "[vowels]\nplane = 'anchors'\nwalk = [[0, 0], [0, 7]]\n", ["vowels.walk", "0 … 1"]),
        (MINIMAL + "[vowels]\nbandwidths = 'wide'\n", ["bandwidths='wide'", "hawks-miller"]),
        (MINIMAL + "[vowels]\nlevels = 'loud'\n", ["levels='loud'", "tract"]),
        (MINIMAL + "[vowels]\nplane = 'corners'\n", ["vowels.own", "[0, 0], [0, 1], [1, 0], [1, 1]"]),
        (MINIMAL + OWN, ["vowels.own[0]", "bandwidth_hz or index"]),
        (MINIMAL + OWN + "bandwidth_hz = [80]\n", ["vowels.own[0].bandwidth_hz has 1 values"]),
        (MINIMAL + OWN + "bandwidth_hz = [80, 9000]\n", ["vowels.own[0].bandwidth_hz", "5 … 2000 Hz"]),
        (MINIMAL + OWN + "index = [0.2, 5]\n", ["vowels.own[0].index=5", "radians"]),
        (MINIMAL + OWN + "bandwidth_hz = [80, 90]\n", ["vowels.path", "two"]),
        (MINIMAL + OWN + "index = [0.2, 0.2]\n" + OWN + "bandwidth_hz = [80, 90]\n", ["every vowel"]),
    ],
)
def test_a_wrong_file_names_file_key_value_and_what_would_be_right(text: str, words: list[str]) -> None:
    with pytest.raises(PresetError) as error:
        parse(text, source="mine.toml")
    for word in ["mine.toml", *words]:
        assert word in str(error.value)


KEY = "a." * 20_000


@pytest.mark.parametrize("text", [f"{KEY}b = 1", f"x = {{{KEY}b = 1}}", f"[{KEY}b]"])
def test_a_key_of_thousands_of_parts_is_refused_before_the_parser_is_busy_for_seconds(text: str) -> None:
    with pytest.raises(ValueError, match="line 2 has 40"):
        decode(f"# of a stranger\n{text}")
