from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from formant_net.midi.parser import MOST_SYSEX_BYTES, SYSEX, Message, Parser

REAL_TIME = st.sampled_from([0xF8, 0xF9, 0xFA, 0xFB, 0xFC, 0xFD])


def _channel(messages: list[Message]) -> list[Message]:
    return [message for message in messages if message.kind < SYSEX]


@given(st.binary(max_size=300))
def test_any_bytes_give_whole_messages_or_nothing(data: bytes) -> None:
    for message in Parser().feed(data):
        assert 0 <= message.channel <= 15
        assert all(byte < 0x80 for byte in message.data)


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=8))
def test_pieces_of_any_size_give_the_same(data: bytes, cuts: list[int]) -> None:
    parser = Parser()
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [message for a, b in itertools.pairwise(places) for message in parser.feed(data[a:b])]
    assert pieces == Parser().feed(data)


@given(st.lists(st.integers(0, 0xF7), max_size=100), st.lists(st.tuples(st.integers(0, 100), REAL_TIME), max_size=20))
def test_real_time_bytes_anywhere_change_nothing(data: list[int], ticks: list[tuple[int, int]]) -> None:
    mixed = list(data)
    for place, byte in ticks:
        mixed.insert(min(place, len(mixed)), byte)
    assert Parser().feed(bytes(mixed)) == Parser().feed(bytes(data))


def test_a_long_sysex_is_dropped_and_counted_and_costs_no_more_memory() -> None:
    parser = Parser()
    assert parser.feed(b"\xf0" + b"\x01" * (10 * MOST_SYSEX_BYTES) + b"\xf7\x90\x45\x7f") == [
        Message(0x90, 0, b"\x45\x7f")
    ]
    assert parser.dropped_sysex == 1
    assert len(parser.feed(b"\xf0" + b"\x01" * MOST_SYSEX_BYTES + b"\xf7")[0].data) == MOST_SYSEX_BYTES


def test_stray_bytes_and_sysex_without_an_end_are_counted() -> None:
    parser = Parser()
    assert _channel(parser.feed(bytes.fromhex("01 02 F7 F0 7D 90 45 7F"))) == [Message(0x90, 0, b"\x45\x7f")]
    assert (parser.stray, parser.dropped_sysex) == (3, 1)


def test_lengths_of_all_channel_messages() -> None:
    data = bytes.fromhex("8F 01 02 9E 01 02 AD 01 02 BC 01 02 CB 01 DA 01 E9 01 02")
    assert [(m.kind, m.channel, len(m.data)) for m in Parser().feed(data)] == [
        (0x80, 15, 2), (0x90, 14, 2), (0xA0, 13, 2), (0xB0, 12, 2), (0xC0, 11, 1), (0xD0, 10, 1), (0xE0, 9, 2),
    ]  # fmt: skip
