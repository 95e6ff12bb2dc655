from __future__ import annotations

from support.virtual.midi_file import midi_file
from support.virtual.midi_hand import MidiHand

from formant_net.midi.file.playback import Playback, for_file, touches_of
from formant_net.midi.file.song import Song, read_song
from formant_net.midi.mapping import Mapping, parse

HALF = "83 60"  # ticks of half a second
VOWELS = ("a", "e", "i", "o", "u")
TWO = f"00 B0 01 7F 00 90 45 7F {HALF} 80 45 00 00 90 47 7F {HALF} 80 47 00"


def _song(*tracks: str) -> Song:
    return read_song(midi_file(*tracks))


def _play(hand: MidiHand, playback: Playback, until: float) -> None:
    while (due := playback.next_deadline()) is not None and due <= until:
        hand.run(due)
        playback.on_deadline(hand.now)
        hand.settle()
    hand.run(until)


def _playing(song: Song) -> tuple[MidiHand, Playback]:
    hand = MidiHand()
    playback = Playback(song, hand.player)
    playback.play(hand.now)
    return hand, playback


def test_notes_come_at_their_time_and_the_end_is_the_end() -> None:
    hand, playback = _playing(_song(TWO))
    _play(hand, playback, 0.3)
    assert hand.notes() == [69.0]
    assert abs(playback.position(hand.now) - 0.3) < 1e-9
    _play(hand, playback, 0.8)
    assert hand.notes() == [71.0]
    _play(hand, playback, 2.0)
    assert playback.ended
    assert hand.down == {}


def test_stop_lifts_everything_and_play_goes_on_from_there() -> None:
    hand, playback = _playing(_song(TWO))
    _play(hand, playback, 0.7)
    playback.stop(hand.now)
    hand.settle()
    assert hand.down == {}
    assert not playback.playing
    _play(hand, playback, 5.0)
    assert hand.down == {}
    playback.play(hand.now)
    assert abs(playback.position(hand.now) - 0.7) < 1e-9
    _play(hand, playback, 5.4)
    assert playback.ended


def test_seek_lifts_everything_and_controllers_are_as_if_it_had_been_played() -> None:
    hand, playback = _playing(_song(TWO))
    _play(hand, playback, 0.3)
    playback.seek(0.5, hand.now)
    hand.settle()
    assert hand.down == {}
    _play(hand, playback, hand.now + 0.1)
    assert hand.notes() == [71.0]
    assert hand.one().y == 1.0
    playback.seek(0.0, hand.now)
    _play(hand, playback, hand.now + 0.1)
    assert hand.notes() == [69.0]


def test_a_seek_sets_the_last_preset_before_the_place_and_no_other() -> None:
    programs = "".join(f"01 C0 {number % 3:02X} " for number in range(50))  # the last one is 1
    hand = MidiHand(parse('[programs]\n0 = "plain"\n1 = "choir"\n2 = "bass"'))
    playback = Playback(_song(f"{programs} {HALF} 90 45 7F {HALF} 80 45 00 00 C0 00"), hand.player)
    playback.seek(0.4, hand.now)
    hand.settle()
    assert hand.presets == ["choir"]


def test_a_late_call_shifts_nothing() -> None:
    hand, playback = _playing(_song(TWO))
    hand.run(0.9)
    playback.on_deadline(hand.now)
    hand.settle()
    assert 71.0 in hand.notes()
    _play(hand, playback, 1.1)
    assert hand.down == {}


def test_lyrics_choose_the_vowel() -> None:
    song = _song(f"00 FF 05 02 6C 61 00 90 45 7F {HALF} FF 05 02 6D 69 {HALF} 80 45 00")
    hand, playback = _playing(song)
    _play(hand, playback, 0.2)
    assert hand.one().vowel == "a"
    _play(hand, playback, 0.7)
    assert hand.one().vowel == "i"


def test_a_rendered_vowel_lies_where_the_surface_has_it() -> None:
    song = _song("00 B0 01 40 00 FF 05 02 6D 69 00 90 45 7F 83 60 FF 05 02 6D 6F 83 60 80 45 00")
    assert [each.y for each in touches_of(song, Mapping(), VOWELS)[0]] == [0.5, 0.75, 0.75]
    wheel = [each.y for each in touches_of(song, Mapping(), ["a", "i"])[0]]
    assert wheel == [1.0, 0.5039, 0.5039], "where the surface has no o, the wheel counts"
    assert [each.vowel for each in touches_of(song, Mapping(), None)[0]] == ["i", "o", "o"]


def test_a_wheel_that_moves_after_the_syllable_overrides_it() -> None:
    song = _song("00 FF 05 02 6C 61 00 90 45 7F 83 60 B0 01 40 83 60 80 45 00")
    hand, playback = _playing(song)
    _play(hand, playback, 0.7)
    assert (hand.one().vowel, hand.one().y) == (None, 0.5039)


def test_a_song_as_a_gesture_has_every_note_as_long_as_it_is_written() -> None:
    touches, left_out = touches_of(_song(TWO), Mapping(), VOWELS)
    assert [(round(t.t, 6), t.note, t.active) for t in touches] == [
        (0.0, 69.0, True), (0.5, 69.0, False), (0.5, 71.0, True), (1.0, 71.0, False)
    ]  # fmt: skip
    assert sum(left_out.values()) == 0


def test_two_ports_have_the_same_channel_twice() -> None:
    touches, _ = touches_of(
        _song("00 90 45 7F 83 60 80 45 00", "00 FF 21 01 01 00 90 45 40 87 40 80 45 00"), Mapping(), VOWELS
    )
    assert [(t.t, t.z, t.active) for t in touches if not t.active] == [(0.5, 1.0, False), (1.0, 0.5039, False)]


def test_more_notes_than_a_gesture_holds_are_counted() -> None:
    text = "".join(f"00 90 {key:02X} 7F " for key in range(40)) + f"{HALF} FF 2F 00"
    touches, left_out = touches_of(_song(text), Mapping(), VOWELS)
    assert len({t.id for t in touches}) == 32
    assert sum(left_out.values()) == 8


def test_percussion_is_left_out_unless_it_is_mpe_or_asked_for() -> None:
    drums = _song("00 99 45 7F 83 60 89 45 00")
    assert touches_of(drums, Mapping(), VOWELS)[0] == []
    assert len(touches_of(drums, parse("channels = [10]"), VOWELS)[0]) == 2
    mpe = _song("00 B0 65 00 00 64 06 00 06 0F 00 99 45 7F 83 60 89 45 00")
    assert 10 in for_file(mpe, Mapping()).channels
    assert len(touches_of(mpe, Mapping(), VOWELS)[0]) == 2


def test_bends_of_two_parts_of_a_file_are_not_taken_for_mpe() -> None:
    song = _song("00 91 45 7F 00 E1 00 50 00 92 47 7F 00 E2 00 30 83 60 E1 00 60 83 60 81 45 00 00 82 47 00")
    touches, _ = touches_of(song, Mapping(), VOWELS)
    assert max(touch.note or 0.0 for touch in touches) < 72.0


def test_a_dense_file_is_done() -> None:
    text = "".join(f"01 90 {40 + i % 50:02X} 7F 01 {40 + i % 50:02X} 00 " for i in range(2000))
    counted: list[int] = []
    touches, left_out = touches_of(_song(text), Mapping(), VOWELS, counted.append)
    assert len(touches) == 4000
    assert sum(left_out.values()) == 0
    assert sum(counted) > 2000
