from __future__ import annotations

import pytest

from formant_net.midi.devices import UNKNOWN, Slide, device_of


@pytest.mark.parametrize(
    ("port", "members", "slide", "skip"),
    [
        ("Seaboard RISE 2:Seaboard RISE 2 MIDI 1 24:0", 15, Slide.RELATIVE, False),
        ("Osmose MIDI 1", 15, Slide.FROM_ZERO, False),
        ("Osmose Port 1", 15, Slide.FROM_ZERO, False),
        ("Osmose Port 2", 0, Slide.ABSOLUTE, True),
        ("LinnStrument MIDI", 0, Slide.ABSOLUTE, False),
        ("ContinuuMini SN000123 Continuum", 15, Slide.ABSOLUTE, False),
        ("Midi Through Port-0", 0, Slide.ABSOLUTE, True),
    ],
)
def test_what_a_ports_name_says(port: str, members: int, slide: Slide, skip: bool) -> None:
    device = device_of(port)
    assert (device.members, device.slide, device.skip) == (members, slide, skip)


@pytest.mark.parametrize("port", ["", "A-88 MK2", "キーボード", "Klavier für Elise"])
def test_of_another_name_nothing_is_known(port: str) -> None:
    assert device_of(port) is UNKNOWN
