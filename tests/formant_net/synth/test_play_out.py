from __future__ import annotations

import math

import pytest
from support.virtual.hands import numbered

from formant_net.protocol.messages import Ping, Point, Touch
from formant_net.protocol.timing import Timing
from formant_net.synth.play_out import PlayOut
from formant_net.synth.touches import NoteMove, NoteOff, NoteOn, Touches

L = 0.04


def made() -> Touches:
    """A controller whose clock is 7 s behind ours, over a way of 1 ms either way."""
    touches = Touches(Timing(play_out_s=L), numbered())
    touches.clock(Ping(t=93_000.0), 100.001)
    touches.clock(Ping(t=93_002.0, echo=100_001.0, held=0.0), 100.003)
    return touches


def touch(seq: int, sent_s: float, *points: Point) -> Touch:
    return Touch(x=0.5, y=0.5, active=bool(points), seq=seq, t=1000.0 * sent_s, points=list(points))


def point(name: int, since_s: float) -> Point:
    return Point(id=name, x=0.5, y=0.5, since=1000.0 * since_s)


def test_what_a_finger_does_sounds_so_long_after_it_did_it_whenever_it_came() -> None:
    for way_s in (0.001, 0.005, 0.03):
        touches = made()
        (on,) = touches.touch(touch(1, 94.0, point(1, 94.0)), 101.0 + way_s)
        assert isinstance(on, NoteOn)
        assert on.at == pytest.approx(101.0 + L, abs=0.001)
        (off,) = touches.touch(touch(2, 94.1), 101.1 + way_s)
        assert isinstance(off, NoteOff)
        assert off.at == pytest.approx(101.1 + L, abs=0.001)


def test_a_finger_whose_first_message_was_lost_begins_when_it_came_down() -> None:
    (on,) = made().touch(touch(2, 94.02, point(1, 94.0)), 101.021)
    assert on.at == pytest.approx(101.0 + L, abs=0.001)


def test_a_finger_that_has_been_down_for_long_begins_at_once() -> None:
    (on,) = made().touch(touch(2, 94.5, point(1, 90.0)), 101.501)
    assert on.at == pytest.approx(101.501)


def test_an_echo_that_was_held_for_less_than_no_time_tells_nothing() -> None:
    """Of a client that reckons wrongly, or whose clock was set back meanwhile: the other stamps still count."""
    touches = Touches(Timing(play_out_s=L), numbered())
    touches.clock(Ping(t=93_000.0), 100.001)
    touches.clock(Ping(t=93_002.0, echo=100_001.0, held=-500.0), 100.003)
    assert touches._offset.ahead(100.003) == pytest.approx(7.001, abs=0.001)


def test_an_echo_from_our_future_tells_nothing_unless_a_step_of_the_clock_explains_it() -> None:
    """Of a clock that may move in steps of 100 ms the time for which it held our stamp is up to a step too long."""
    for beyond_ms, ahead_s in ((50.0, 7.0), (3_600_000.0, 7.001)):
        touches = Touches(Timing(play_out_s=L), numbered())
        touches.clock(Ping(t=93_000.0), 100.001)
        touches.clock(Ping(t=93_002.0, echo=100_001.0, held=2.0 + beyond_ms), 100.003)
        least = touches._offset._least
        assert least == (None if beyond_ms > 1000.0 else pytest.approx(7.001 + 0.001 * beyond_ms)), beyond_ms
        assert touches._offset.ahead(100.003) == pytest.approx(ahead_s, abs=0.002)


def test_a_controller_whose_clock_moves_in_steps_is_late_or_early_by_one_step_at_most() -> None:
    """Its stamps contradict each other by up to a step, and the offset of its clock stays known all the same."""
    step_s, way_s, ahead_s = 0.1, 0.002, 7.0

    def shown(true_s: float) -> float:
        return round(1000.0 * step_s * math.floor((true_s - ahead_s) / step_s), 3)

    touches, seq = Touches(Timing(play_out_s=L), numbered()), 0
    pong_came: float | None = None
    for second in range(100, 140):
        ping_s = second + 0.137 * (second % 7)
        echo = None if pong_came is None else 1000.0 * (pong_came - way_s)
        held = None if pong_came is None else shown(ping_s) - shown(pong_came)
        touches.clock(Ping(t=shown(ping_s), echo=echo, held=held), ping_s + way_s)
        pong_came = ping_s + 2 * way_s
        for finger in range(3):
            sent_s = ping_s + 0.03 + 0.031 * finger
            for points in ([Point(id=1, x=0.5, y=0.5)], []):
                seq += 1
                touch_now = Touch(active=bool(points), seq=seq, t=shown(sent_s), points=points)
                for note in touches.touch(touch_now, sent_s + way_s):
                    assert note.at is not None
                    assert second < 110 or abs(note.at - (sent_s + L)) <= step_s + 2 * way_s, (second, finger)
                sent_s += 0.01
    assert len(touches) == 0
    assert touches._offset.step_s == pytest.approx(2.0 * step_s, abs=0.001), "two stamps may differ by two steps"


def test_the_notes_of_a_link_never_go_back_in_time() -> None:
    touches = made()
    notes = touches.touch(touch(1, 94.0, point(1, 94.0)), 101.001)
    notes += touches.touch(touch(2, 94.01, point(1, 94.0)), 101.011)
    notes += touches.release_all(101.012)
    times = [note.at for note in notes]
    assert [type(note) for note in notes] == [NoteOn, NoteMove, NoteOff]
    assert None not in times
    assert times == sorted(times)  # type: ignore[type-var]


def test_a_voice_that_is_held_without_a_touch_ends_when_it_would_without_play_out() -> None:
    touches = made()
    touches.touch(touch(1, 94.0, point(1, 94.0)), 101.001)
    (off,) = touches.on_deadline(101.26)
    assert off.at == 101.26


def test_at_once_is_what_it_is_without_a_play_out_time() -> None:
    touches = Touches(Timing(), numbered())
    assert touches.touch(Touch(x=0.5, y=0.5, active=True), 5.0) == [NoteOn(1, Point(id=0, x=0.5, y=0.5))]


def test_notes_wait_for_their_moment_in_order_of_time() -> None:
    play_out = PlayOut()
    for at in (5.03, 5.01, 5.02):
        play_out.put(NoteOff(1, at), 5.0)
    play_out.put(NoteOff(2, 5.01), 5.0)
    assert play_out.next == 5.01
    assert [(at, note.key) for at, note in play_out.due(5.02)] == [(5.01, 1), (5.01, 2), (5.02, 1)]
    assert play_out.due(5.02) == []
    assert play_out.next == 5.03
    assert play_out.late == 0


def test_what_comes_too_late_is_next_and_counted() -> None:
    play_out = PlayOut()
    play_out.put(NoteOff(1, 4.99), 5.0)
    play_out.put(NoteOff(2, None), 5.0)
    assert [note.key for _, note in play_out.due(5.0)] == [1, 2]
    assert play_out.late == 1
    assert play_out.latest_s == pytest.approx(0.01)


@pytest.mark.parametrize("wrong", [-0.01, 0.2, float("nan")])
def test_a_play_out_time_beyond_the_age_of_touches_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="play_out_s"):
        Timing(play_out_s=wrong)
