from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from formant_net.midi.file.track import END, LYRIC, Track, TrackEvent
from formant_net.midi.parser import SYSEX, Message


def _read(text: str) -> tuple[list[TrackEvent], list[str]]:
    track = Track(bytes.fromhex(text))
    return list(track), track.warnings


def _messages(text: str) -> list[str]:
    return [(bytes((e.message.kind,)) + e.message.data).hex() for e in _read(text)[0] if e.message is not None]


def test_times_running_status_and_the_end() -> None:
    events, warnings = _read("00 90 45 7F 83 60 45 00 00 FF 2F 00 00 90 45 7F")
    assert [(event.tick, event.kind) for event in events] == [(0, -1), (480, -1), (480, END)]
    assert events[1].message == Message(0x90, 0, b"\x45\x00")
    assert warnings == []


def test_running_status_across_a_sysex_or_a_meta_event_is_followed_and_said() -> None:
    events, warnings = _read("00 90 45 7F 00 F0 02 7D F7 0A 45 00 00 FF 01 01 41 00 47 7F")
    assert [event.message.data for event in events if event.message and event.message.kind == 0x90] == [
        b"\x45\x7f", b"\x45\x00", b"\x47\x7f",
    ]  # fmt: skip
    assert warnings == ["running status continues after a SysEx or meta event"]


def test_a_sysex_in_pieces_and_escaped_bytes() -> None:
    events, warnings = _read("00 F0 02 7D 01 05 F7 03 02 03 F7 00 F7 01 F3 00 90 45 7F")
    assert [(e.message.kind, e.message.data) for e in events if e.message] == [
        (SYSEX, b"\x7d\x01\x02\x03"), (0x90, b"\x45\x7f"),
    ]  # fmt: skip
    assert warnings == ["escaped bytes are skipped"]


def test_broken_events_are_skipped_and_the_rest_is_played() -> None:
    assert _messages("00 90 C5 7F 00 90 47 7F") == ["90477f"]
    assert _messages("00 45 00 90 47 7F") == ["90477f"]
    assert _messages("00 FF 59 02 7F 09 00 90 47 7F") == ["90477f"]  # a key signature of 127 sharps
    assert _messages("00 90 47 7F 00 90 48") == ["90477f"]
    assert _messages("00 F5 00 90 47 7F") == ["90477f"]


def test_text_comes_as_bytes() -> None:
    events, _ = _read("00 FF 05 03 52 C3 A9")
    assert events == [TrackEvent(0, None, LYRIC, b"R\xc3\xa9")]


@given(st.binary(max_size=300))
def test_any_bytes_give_events_in_order_and_no_error(data: bytes) -> None:
    track = Track(data)
    ticks = [event.tick for event in track]
    assert ticks == sorted(ticks)
    assert len(track.warnings) == len(set(track.warnings))
