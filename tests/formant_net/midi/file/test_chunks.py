from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.virtual.midi_file import chunk, midi_file, track

from formant_net.midi.file.chunks import MidiFileError, read_chunks


def test_tracks_and_ticks_of_a_whole_file() -> None:
    chunks = read_chunks(midi_file("00 90 45 7F", "00 FF 2F 00"))
    assert (chunks.format, chunks.division.ticks_per_beat, len(chunks.tracks)) == (1, 480, 2)
    assert chunks.warnings == []


@pytest.mark.parametrize(
    ("division", "tick_s"), [("E7 28", 1 / 1000), ("E8 02", 1 / 48), ("E2 50", 1 / 2400), ("E3 0A", 1001 / 300_000)]
)
def test_time_code_is_seconds_a_tick(division: str, tick_s: float) -> None:
    found = read_chunks(midi_file("00", division=division)).division
    assert found.ticks_per_beat == 0
    assert found.tick_s == pytest.approx(tick_s)


def test_foreign_chunks_long_headers_and_wrong_counts_are_taken_as_they_come() -> None:
    data = midi_file(chunk(b"XFIH", b"words"), track("00 FF 2F 00"), count=7)
    chunks = read_chunks(data)
    assert len(chunks.tracks) == 1
    assert chunks.warnings == ["the file says that it has 7 tracks, and has 1"]
    longer = chunk(b"MThd", bytes.fromhex("00 00 00 01 01 E0 FF FF")) + track("00 FF 2F 00")
    assert len(read_chunks(longer).tracks) == 1


def test_a_cut_track_is_taken_as_far_as_it_goes() -> None:
    chunks = read_chunks(midi_file(track("00 90 45 7F", size=1000)))
    assert chunks.tracks == [b"\x00\x90\x45\x7f"]
    assert chunks.warnings == ["track 1 ends too early: it is played up to there"]


@pytest.mark.parametrize("size", [0, 3, 6, 12, 20, 23, 31, 10_000, 0x7FFFFFFF])
def test_a_track_that_states_a_wrong_length_is_whole_and_hides_no_other(size: int) -> None:
    """XMI2MID writes some bytes too many (mido/mido#480); others wrote 0 or the length of all (midifile#44)."""
    first, second = "00 90 45 7F 83 60 80 45 00 00 FF 2F 00", "00 90 47 7F 83 60 80 47 00 00 FF 2F 00"
    chunks = read_chunks(midi_file(track(first, size=size), track(second), track(second)))
    assert len(chunks.tracks) == 3
    assert chunks.tracks[0].startswith(bytes.fromhex(first))
    assert chunks.tracks[1:] == [bytes.fromhex(second)] * 2
    assert chunks.warnings == ["track 1 states a wrong length: it is played up to the next one"]


def test_the_last_track_is_whole_though_it_states_too_few_bytes() -> None:
    whole = "00 90 45 7F 83 60 80 45 00 00 FF 2F 00"
    assert read_chunks(midi_file(track(whole, size=4))).tracks == [bytes.fromhex(whole)]


def test_bytes_between_and_before_chunks_are_skipped() -> None:
    odd = b"\x01" * 11
    chunks = read_chunks(bytes(128) + midi_file(odd, track("00 FF 2F 00"), b"\x00", track("00 FF 2F 00"), count=2))
    assert [each[:4] for each in chunks.tracks] == [bytes.fromhex("00 FF 2F 00")] * 2


def test_a_riff_file_is_unwrapped() -> None:
    inside = midi_file("00 FF 2F 00")
    listed = b"LIST" + (3).to_bytes(4, "little") + b"abc\x00"
    body = b"RMID" + listed + b"data" + len(inside).to_bytes(4, "little") + inside
    assert len(read_chunks(b"RIFF" + len(body).to_bytes(4, "little") + body).tracks) == 1
    with pytest.raises(MidiFileError, match="no MIDI data"):
        read_chunks(b"RIFF\x04\x00\x00\x00RMID")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "does not begin with MThd"),
        (b"{\"t\": 0}", "does not begin with MThd"),
        (b"MThd\x00\x00\x00\x06\x00", "the header ends too early"),
        (midi_file("00", format=3), "format 3 is not known"),
        (midi_file("00", division="00 00"), "0 ticks"),
        (midi_file("00", division="E7 00"), "time code"),
        (midi_file("00", division="81 01"), "time code"),
        (midi_file(), "no track"),
    ],
)  # fmt: skip
def test_what_cannot_be_played_is_refused_in_words(data: bytes, words: str) -> None:
    with pytest.raises(MidiFileError, match=re.escape(words)):
        read_chunks(data)


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_chunks_or_refused(data: bytes, headed: bool) -> None:
    try:
        chunks = read_chunks(midi_file() + data if headed else data)
    except MidiFileError:
        return
    assert chunks.tracks
