from __future__ import annotations

import importlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.suite.require import require_library
from support.virtual.midi_file import midi_file

from formant_net.midi.file.chunks import MidiFileError
from formant_net.midi.file.song import Song, decoded, read_song

NOTE = "00 90 45 7F 83 60 80 45 00 00 FF 2F 00"


def _notes(song: Song) -> list[tuple[float, int, int]]:
    """(t, key, 1 on or 0 off)"""
    return [
        (round(event.t, 6), event.message.data[0], int(event.message.kind == 0x90 and event.message.data[1] > 0))
        for event in song.events
        if event.message.kind in (0x80, 0x90)
    ]


def test_seconds_are_by_the_tempo_of_any_track_from_its_place_on() -> None:
    song = read_song(midi_file("00 90 45 7F 87 40 80 45 00", "83 60 FF 51 03 0F 42 40"))
    assert _notes(song) == [(0.0, 69, 1), (1.5, 69, 0)]  # a quarter of 0.5 s, then one of 1 s
    assert song.length_s == 1.5


def test_a_tempo_that_is_said_thousands_of_times_shifts_nothing() -> None:
    """Rounding at each of them made files longer elsewhere (FluidSynth#141)."""
    song = read_song(
        midi_file("00 FF 51 03 09 27 C1 00 90 45 7F " + "01 FF 51 03 09 27 C1 " * 9600 + "00 80 45 00")
    )  # 600,001 us
    assert song.length_s == pytest.approx(20 * 0.600001, abs=1e-6)


def test_time_code_is_not_stretched_by_a_tempo() -> None:
    song = read_song(midi_file("00 FF 51 03 0F 42 40 00 90 45 7F 87 68 80 45 00", division="E7 28"))
    assert _notes(song) == [(0.0, 69, 1), (1.0, 69, 0)]


def test_tracks_of_format_2_are_played_one_after_another() -> None:
    song = read_song(midi_file(NOTE, "00 90 47 7F 83 60 80 47 00", format=2))
    assert _notes(song) == [(0.0, 69, 1), (0.5, 69, 0), (0.5, 71, 1), (1.0, 71, 0)]


def test_keys_that_are_down_at_the_end_of_their_track_go_up_there_and_no_others() -> None:
    song = read_song(midi_file("00 90 45 7F 83 60 FF 2F 00", "00 90 47 7F 87 40 80 47 00"))
    assert _notes(song) == [(0.0, 69, 1), (0.0, 71, 1), (0.5, 69, 0), (1.0, 71, 0)]


def test_a_note_off_by_running_status_after_a_sysex_is_no_stuck_note() -> None:
    song = read_song(midi_file("00 90 45 7F 00 F0 02 7D F7 83 60 45 00 83 60 90 47 7F 00 47 00"))
    assert _notes(song)[:2] == [(0.0, 69, 1), (0.5, 69, 0)]
    assert song.warnings == ["track 1: running status continues after a SysEx or meta event"]


def test_a_tempo_of_0_is_skipped_and_said() -> None:
    song = read_song(midi_file("00 FF 51 03 00 00 00 " + NOTE))
    assert song.length_s == 0.5
    assert song.warnings == ["a tempo of 0 is skipped"]


def test_ports_tell_channels_apart() -> None:
    song = read_song(midi_file(NOTE, "00 FF 21 01 01 " + NOTE))
    assert {event.port for event in song.events} == {0, 1}


@pytest.mark.parametrize("text", ["Sequenced by Ono", "(c) 1997", "Piano"])
def test_words_about_a_file_are_no_lyrics(text: str) -> None:
    event = f"00 FF 01 {len(text):02X} {text.encode().hex()} "
    assert read_song(midi_file(event + NOTE)).syllables == []
    karaoke = "00 FF 01 13 40 4B 4D 49 44 49 20 4B 41 52 41 4F 4B 45 20 46 49 4C 45 " + event + NOTE
    assert [syllable.text for syllable in read_song(midi_file(karaoke)).syllables] == [text]


def test_lyrics_of_either_kind_and_either_writing() -> None:
    song = read_song(midi_file("00 FF 05 03 52 C3 A9 00 FF 05 02 52 E9 00 FF 01 03 41 42 43 " + NOTE))
    assert [syllable.text for syllable in song.syllables] == ["Ré", "Ré"]
    karaoke = read_song(midi_file("00 FF 01 03 40 4C 45 83 60 FF 01 03 2F 41 62 " + NOTE))
    assert [(syllable.t, syllable.text) for syllable in karaoke.syllables] == [(0.5, "/Ab")]
    assert decoded(b"\xff") == "ÿ"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (midi_file("00 FF 2F 00"), "contains no note"),
        (midi_file("FF FF FF 7F 90 45 7F FF FF FF 7F 45 00", division="00 01"), "longer than a day"),
    ],
)
def test_what_cannot_be_played_is_refused_in_words(data: bytes, words: str) -> None:
    with pytest.raises(MidiFileError, match=words):
        read_song(data)


@given(st.lists(st.binary(max_size=80), max_size=4), st.integers(0, 2))
def test_any_tracks_are_a_song_sorted_by_time_or_refused(tracks: list[bytes], kind: int) -> None:
    body = [b"MTrk" + len(each).to_bytes(4, "big") + each for each in tracks]
    try:
        song = read_song(midi_file(*body, format=kind))
    except MidiFileError:
        return
    times = [event.t for event in song.events]
    assert times == sorted(times)
    assert all(0.0 <= t <= song.length_s for t in times)


@given(
    st.lists(
        st.tuples(st.integers(0, 15), st.integers(0, 127), st.integers(1, 127), st.integers(0, 2000)),
        min_size=1, max_size=20,
    ),
    st.lists(st.tuples(st.integers(0, 3000), st.integers(100_000, 2_000_000)), max_size=5),
)  # fmt: skip
def test_another_reader_agrees(notes: list[tuple[int, int, int, int]], tempi: list[tuple[int, int]]) -> None:
    """mido, on files that it writes itself."""
    require_library("mido", "pip install mido")
    mido = importlib.import_module("mido")
    file = mido.MidiFile(ticks_per_beat=96)
    tempo, part = mido.MidiTrack(), mido.MidiTrack()
    file.tracks += [tempo, part]
    for wait, value in tempi:
        tempo.append(mido.MetaMessage("set_tempo", tempo=value, time=wait))
    for channel, note, velocity, ticks in notes:
        part.append(mido.Message("note_on", channel=channel, note=note, velocity=velocity, time=ticks))
        part.append(mido.Message("note_off", channel=channel, note=note, time=ticks))
    out = io.BytesIO()
    file.save(file=out)
    t, wanted = 0.0, []
    for message in mido.MidiFile(file=io.BytesIO(out.getvalue())):
        t += message.time
        if not message.is_meta:
            wanted.append((t, message.bytes()))
    found = [
        (event.t, [event.message.kind | event.message.channel, *event.message.data])
        for event in read_song(out.getvalue()).events
    ]
    assert [each for _, each in found] == [each for _, each in wanted]
    assert [t for t, _ in found] == pytest.approx([t for t, _ in wanted], abs=1e-6)
