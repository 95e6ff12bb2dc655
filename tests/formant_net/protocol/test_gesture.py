from __future__ import annotations

import io
from typing import Any

import pytest

from formant_net.controller.demo import demo
from formant_net.protocol.gesture import GestureError, GestureReader, TimedTouch, lines_of, read_gesture, write_gesture


def test_fields_left_out_stay_as_they_were() -> None:
    touches = read_gesture(
        [
            '{"t": 0, "x": 0.1, "y": 0.2, "z": 0.9}',
            '{"t": 1, "x": 0.5}',
            '{"t": 2, "y": 0}',
            '{"t": 3, "active": false}',
        ]
    )
    assert touches == [
        TimedTouch(0.0, 0, 0.1, 0.2, 0.9),
        TimedTouch(1.0, 0, 0.5, 0.2, 0.9),
        TimedTouch(2.0, 0, 0.5, 0.0, 0.9),
        TimedTouch(3.0, 0, 0.5, 0.0, 0.9, active=False),
    ]


def test_a_finger_that_comes_down_again_inherits_nothing() -> None:
    reader = GestureReader()
    reader.read('{"t": 0, "x": 0.1, "y": 0.2, "z": 0.9}')
    reader.read('{"t": 1, "active": false}')
    assert reader.read('{"t": 2, "x": 0, "y": 0}') == TimedTouch(2.0, 0, 0.0, 0.0, None)


def test_blank_lines_and_comments_are_skipped() -> None:
    assert read_gesture(["# a scale", "", "   ", '{"t": 0, "x": 0, "y": 0}', b"# bytes"])[0].t == 0.0


def test_fingers_still_down_at_the_end_are_lifted_there() -> None:
    touches = read_gesture(['{"t": 0, "id": "a", "x": 0, "y": 0}', '{"t": 1.5, "id": "b", "x": 1, "y": 1}'])
    assert [(t.t, t.id, t.active) for t in touches[2:]] == [(1.5, "a", False), (1.5, "b", False)]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "line 2"),
        ("[1]", "line 2"),
        ('{"x": 0, "y": 0}', "`t` is missing"),
        ('{"t": 0.5, "x": 0, "y": 0}', "before the previous line"),
        ('{"t": 2, "x": 1.5, "y": 0}', "line 2.*x"),
        ('{"t": 2, "x": NaN, "y": 0}', "line 2"),
        ('{"t": 2, "id": 7, "y": 0}', "needs `x` and `y`"),
        ('{"t": 2, "id": 7, "active": false}', "was not down"),
        ('{"t": 2, "x": 0, "y": 0, "velocity": 1}', "velocity"),
        ('{"t": -1, "x": 0, "y": 0}', "line 2"),
        (b'{"t": 2, "id": "\xff", "x": 0, "y": 0}', "line 2"),
        ('{"t": 2, "x": 0, "y": 0}' + " " * 5 + "#" * 5000, "too long"),
    ],
)
def test_a_bad_line_is_named_and_changes_nothing(line: str | bytes, words: str) -> None:
    reader = GestureReader()
    reader.read('{"t": 1, "x": 0.25, "y": 0.75}')
    with pytest.raises(GestureError, match=words):
        reader.read(line)
    assert reader.releases() == [TimedTouch(1.0, 0, 0.25, 0.75, active=False)]


def test_no_more_fingers_than_a_touch_message_holds() -> None:
    reader = GestureReader()
    for finger in range(32):
        reader.read(f'{{"t": 0, "id": {finger}, "x": 0, "y": 0}}')
    with pytest.raises(GestureError, match="at most 32"):
        reader.read('{"t": 0, "id": 99, "x": 0, "y": 0}')


def test_a_live_line_happens_when_it_is_read() -> None:
    reader = GestureReader(live=True)
    first = reader.read('{"x": 0, "y": 0, "t": 99}', now=1.25)
    second = reader.read('{"active": false}', now=2.5)
    assert (first and first.t, second and second.t) == (1.25, 2.5)


def test_a_written_gesture_reads_back_the_same() -> None:
    assert read_gesture(write_gesture(demo()).splitlines()) == demo()


def test_the_demo_is_a_phrase_of_ten_seconds_for_three_voices_with_all_vowels() -> None:
    touches = demo()
    down: set[int | str] = set()
    most = 0
    for touch in touches:
        down = down | {touch.id} if touch.active else down - {touch.id}
        most = max(most, len(down))
    assert not down
    assert most == 3
    assert 8.0 <= touches[-1].t <= 12.0
    assert all(any(abs(touch.y - vowel) < 0.02 for touch in touches) for vowel in (0.0, 0.25, 0.5, 0.75, 1.0))


def test_the_demo_glides_without_a_jump_within_a_breath() -> None:
    last: dict[int | str, TimedTouch] = {}
    for touch in demo():
        before = last.get(touch.id)
        if before is not None and before.active:
            assert touch.x is not None
            assert before.x is not None
            assert abs(touch.x - before.x) * 36 < 1.5, f"{touch.t} s: pitch jumps"
            assert abs(touch.y - before.y) < 0.1, f"{touch.t} s: the vowel jumps"
        last[touch.id] = touch


# --- pitch as a number


def test_a_note_stands_in_for_x_and_stays_as_it_was_like_every_field() -> None:
    touches = read_gesture(
        [
            '{"t": 0, "note": 60.5, "vel": 0.8, "y": 0}',
            '{"t": 1, "y": 1}',
            '{"t": 2, "note": 62}',
            '{"t": 3, "x": 0.25}',
            '{"t": 4, "active": false}',
        ]
    )
    assert [(touch.x, touch.note, touch.vel) for touch in touches] == [
        (None, 60.5, 0.8),
        (None, 60.5, 0.8),
        (None, 62.0, 0.8),
        (0.25, 62.0, 0.8),
        (0.25, 62.0, 0.8),
    ]


def test_a_finger_that_comes_down_again_has_no_note_of_before() -> None:
    reader = GestureReader()
    for line in ('{"t": 0, "note": 60, "y": 0}', '{"t": 1, "active": false}'):
        reader.read(line)
    with pytest.raises(GestureError, match="`note`"):
        reader.read('{"t": 2, "y": 0}')


@pytest.mark.parametrize("line", ['{"t":0,"y":0,"note":136}', '{"t":0,"y":0,"note":-1}', '{"t":0,"x":0,"y":0,"vel":2}'])
def test_notes_and_velocities_have_a_range(line: str) -> None:
    with pytest.raises(GestureError, match="line 1"):
        read_gesture([line])


def test_a_gesture_with_notes_reads_back_the_same_and_without_them_as_it_always_was() -> None:
    touches = read_gesture(['{"t": 0, "note": 60.5, "vel": 0.8, "y": 0, "z": 0.5}', '{"t": 1, "active": false}'])
    assert read_gesture(write_gesture(touches).splitlines()) == touches
    plain = write_gesture([TimedTouch(0.0, 0, 0.5, 0.25)])
    assert plain == '{"t":0.0,"id":0,"x":0.5,"y":0.25,"active":true}\n'


@pytest.mark.parametrize("line", ['\ufeff{"t":0,"x":0.3,"y":0}', b'\xef\xbb\xbf{"t":0,"x":0.3,"y":0}\r\n'])
def test_a_byte_order_mark_in_front_of_the_first_line_is_no_part_of_it(line: str | bytes) -> None:
    reader = GestureReader()
    touch = reader.read(line)
    assert touch is not None
    assert touch.x == 0.3
    with pytest.raises(GestureError, match="line 2"):
        reader.read(line)


def test_a_line_that_never_ends_is_refused_after_its_beginning() -> None:
    class Endless(io.RawIOBase):
        read_bytes = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            buffer[:] = b"x" * len(buffer)
            self.read_bytes += len(buffer)
            return len(buffer)

    endless = Endless()
    with pytest.raises(GestureError, match="line 1"):
        read_gesture(lines_of(io.BufferedReader(endless)))
    assert endless.read_bytes < 100_000


def test_the_line_behind_one_that_is_too_long_is_read_whole() -> None:
    text = b"x" * 20_000 + b'\n{"t":0,"x":0.3,"y":0}\n' + b"#" * 5000 + b"\nend"
    lines = list(lines_of(io.BytesIO(text)))
    assert [len(line) for line in lines] == [4098, 22, 4098, 3]
    assert lines[1] == b'{"t":0,"x":0.3,"y":0}\n'
