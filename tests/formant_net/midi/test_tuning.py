from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formant_net.midi.tuning import Tuning


def _pitches(tuning: Tuning, channel: int = 0) -> list[float]:
    return [pitch for key in range(128) if (pitch := tuning.pitch(channel, key)) is not None]


EQUAL = [float(key) for key in range(128)]


@given(st.binary(max_size=500).map(lambda data: bytes(byte & 0x7F for byte in data)))
def test_any_sysex_leaves_pitches_of_0_to_129(data: bytes) -> None:
    tuning = Tuning()
    for head in (b"", b"\x7f\x7f\x08", b"\x7e\x00\x08"):
        tuning.sysex(head + data)
        assert all(-1.0 <= pitch <= 129.0 for pitch in _pitches(tuning))


def test_a_bulk_dump_tunes_all_keys() -> None:
    tuning = Tuning()
    keys = b"".join(bytes((key, 0x20, 0)) for key in range(128))
    assert tuning.sysex(b"\x7e\x00\x08\x01\x00" + b"quarter tones   " + keys + b"\x00") is False
    assert _pitches(tuning) == [key + 0.25 for key in range(128)]


def test_a_bulk_dump_of_a_bank_and_single_keys_of_a_bank() -> None:
    tuning = Tuning()
    keys = b"".join(bytes((key, 0x40, 0)) for key in range(128))
    tuning.sysex(b"\x7e\x00\x08\x04\x01\x00" + b"half steps above" + keys + b"\x00")
    assert tuning.pitch(3, 60) == 60.5
    assert tuning.sysex(b"\x7f\x00\x08\x07\x01\x00\x02\x3c\x3c\x00\x00\x3d\x3d\x00\x01") is True
    assert tuning.pitch(0, 60) == 60.0
    assert tuning.pitch(0, 61) == pytest.approx(61 + 1 / 16384)


def test_an_octave_holds_for_the_channels_of_its_mask() -> None:
    tuning = Tuning()
    steps = bytes([64 + 10] + [64] * 11)
    tuning.sysex(b"\x7e\x00\x08\x08" + bytes((0b01, 0b1000000, 0b0000010)) + steps)
    assert [channel for channel in range(16) if tuning.pitch(channel, 60) == pytest.approx(60.1)] == [1, 13, 14]


@pytest.mark.parametrize(
    "text",
    ["", "7E 00 06 01", "7F 7F 08", "7F 7F 08 02 00", "7F 7F 08 02 00 02 3C 3D 00 00", "7E 00 08 01 00 41",
     "7F 7F 08 08 03 7F 7F 40",
     "7F 7F 08 05 00", "7F 7F 08 02 00 01 3C 7F 7F 7F"],
)  # fmt: skip
def test_what_is_cut_or_about_something_else_changes_nothing(text: str) -> None:
    tuning = Tuning()
    tuning.sysex(bytes.fromhex(text))
    assert _pitches(tuning) == EQUAL


def test_given_pitches_hold_until_a_message_changes_them_and_silent_keys_stay_silent() -> None:
    keys = tuple(None if key == 61 else key + 0.25 for key in range(128))
    tuning = Tuning(keys)
    tuning.sysex(b"\x7e\x00\x08\x08\x03\x7f\x7f" + bytes([64 + 10] * 12))
    assert tuning.pitch(0, 60) == pytest.approx(60.35)
    assert tuning.pitch(0, 61) is None
    assert tuning.sysex(b"\x7f\x00\x08\x02\x00\x02\x3c\x3c\x00\x00\x3d\x3d\x00\x00") is True
    assert [tuning.pitch(0, 60), tuning.pitch(0, 61)] == pytest.approx([60.1, 61.1])
