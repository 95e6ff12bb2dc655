"""What a port's messages do is in the vectors (tests/vectors/midi). Here: what is said, and what they cannot say."""

from __future__ import annotations

import itertools

import pytest
from support.virtual.midi_hand import MidiHand

from formant_net.midi.mapping import Mapping, parse

ZONE = "B0 65 00 64 06 06 "


@pytest.mark.parametrize(
    ("port", "mapping", "data", "words"),
    [
        ("A", Mapping(), ZONE + "0F", ["A: MPE, lower zone, 15 members, as it asked"]),
        ("A", Mapping(), ZONE + "00", ["A: MPE, lower zone off, as it asked"]),
        ("Osmose MIDI 1", Mapping(), "FE", ["Osmose MIDI 1: Osmose, MPE, lower zone (--mpe off overrides)"]),
        ("A", Mapping(mpe="upper"), "FE", ["A: MPE, upper zone, as --mpe says"]),
        ("A", Mapping(mpe="off"), ZONE + "0F", []),
        ("A", Mapping(), "91 45 7F E1 00 42 92 47 7F E2 00 3E",
         ["A: treated as MPE, lower zone, ±48 semitones: --mpe off or --bend N overrides"]),
    ],
)  # fmt: skip
def test_what_was_decided_is_said(port: str, mapping: Mapping, data: str, words: list[str]) -> None:
    assert MidiHand(mapping).bytes(data, port=port).said == words


def test_pedals_on_master_member_and_a_foreign_channel_in_every_order_leave_nothing() -> None:
    pedals = ["B0 40", "B1 40", "B9 40"]
    for downs in itertools.permutations(pedals):
        for ups in itertools.permutations(pedals):
            hand = MidiHand().bytes(ZONE + "07").bytes("91 45 7F 99 47 7F", 0.1)
            for each in downs:
                hand.bytes(f"{each} 7F")
            hand.bytes("81 45 00 89 47 00", 0.2)
            assert hand.notes() == [69.0, 71.0]
            for each in ups:
                hand.bytes(f"{each} 00", hand.now + 0.1)
            assert hand.notes() == []


def test_sixteen_notes_on_sixteen_channels_are_sung_and_lifted() -> None:
    hand = MidiHand().bytes(ZONE + "0F")
    hand.bytes("".join(f"9{channel:X}{60 + channel:02X}7F" for channel in range(16)), 0.1)
    assert hand.notes() == [60.0 + channel for channel in range(16)]
    hand.bytes("".join(f"8{channel:X}{60 + channel:02X}00" for channel in range(16)), 0.2)
    assert hand.notes() == []


def test_programs_are_presets_by_a_table_and_nothing_without_one() -> None:
    table = parse('[programs]\n5 = "choir"')
    assert MidiHand(table).bytes("C0 05 C0 06").presets == ["choir"]
    assert MidiHand().bytes("C0 05").presets == []
    assert MidiHand(table).bytes(ZONE + "0F C1 05").presets == []


def test_a_controller_that_asks_for_its_zone_again_and_again_is_answered_once() -> None:
    hand = MidiHand()
    for count in ("0F", "0F", "07", "07", "00", "00"):
        hand.bytes(ZONE + count, hand.now + 1.0)
    assert hand.said == [
        "A: MPE, lower zone, 15 members, as it asked",
        "A: MPE, lower zone, 7 members, as it asked",
        "A: MPE, lower zone off, as it asked",
    ]


def test_volume_goes_out_at_most_ten_times_a_second_and_the_last_one_does() -> None:
    hand = MidiHand()
    for step in range(128):
        hand.bytes(f"B0 07 {step:02X}", step / 1000.0)
    hand.run(1.0)
    assert len(hand.volumes) <= 3
    assert hand.volumes[-1] == 1.0


def test_a_retuned_or_released_note_of_another_port_is_left_alone() -> None:
    hand = MidiHand().bytes("90 3C 7F").bytes("90 3C 40", port="B")
    hand.bytes("F0 7F 7F 08 02 00 01 3C 3C 40 00 F7", 0.1, port="B").run(0.2)
    assert hand.notes() == [60.0, 60.5]
