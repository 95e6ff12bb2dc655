"""Voices in time on a virtual clock, and what goes out of it as messages."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formant_net.ensemble.performance import Change, Over, Performance, Tone, Touches, between
from formant_net.hand.gathering import SHORTEST_S
from formant_net.hand.limits import Limits
from formant_net.hand.vowels import mixed
from formant_net.protocol.gesture import TimedTouch

A3 = Tone(57.0, "a", 0.5)


@dataclass
class Hall:
    """A performance whose deadlines are kept, and what a synth would hear."""

    limits: Limits = field(default_factory=Limits)
    now: float = 100.0

    def __post_init__(self) -> None:
        self.core = Performance(self.limits, now=self.now)
        self.messages: list[tuple[float, Touches]] = []
        self.over: dict[int, str] = {}
        self.down: dict[int | str, TimedTouch] = {}

    def start(self, tone: Tone = A3, *, at: float | None = None, synths: tuple[str, ...] | None = None) -> int:
        voice = self.core.new_voice()
        self.core.start({voice: tone}, None, synths, self.now if at is None else at, self.now)
        self.take()
        return voice

    def play(self, tone: Tone = A3, *, at: float, seconds: float) -> int:
        voice = self.start(tone, at=at)
        self.core.end(voice, at + seconds, self.now)
        self.take()
        return voice

    def take(self) -> None:
        for output in self.core.drain():
            if isinstance(output, Over):
                assert output.voice not in self.over, "a voice is over once"
                self.over[output.voice] = output.left_out
                continue
            self.messages.append((self.now, output))
            for touch in output.touches:
                if touch.active:
                    self.down[touch.id] = touch
                else:
                    del self.down[touch.id]

    def run(self, seconds: float, *, late_s: float = 0.0) -> None:
        """Let time pass; every deadline is kept `late_s` late."""
        end = self.now + seconds
        while (due := self.core.next_deadline()) is not None and max(due, self.now) + late_s <= end:
            self.now = max(due, self.now) + late_s
            self.core.on_deadline(self.now)
            self.take()
        self.now = end

    @property
    def notes(self) -> list[float]:
        return sorted(touch.note or 0.0 for touch in self.down.values())


def test_a_voice_without_a_moment_begins_in_the_call() -> None:
    hall = Hall()
    hall.start(Tone(57.0, "i", 0.4))
    ((at, message),) = hall.messages
    assert at == 100.0
    (touch,) = message.touches
    assert (touch.note, touch.vowel, touch.y, touch.z, touch.active) == (57.0, "i", 0.5, 0.4, True)


def test_voices_of_one_moment_go_in_one_message() -> None:
    hall = Hall()
    for note in (57.0, 61.0, 64.0):
        hall.play(Tone(note), at=100.5, seconds=1.0)
    assert hall.messages == []
    hall.run(1.0)
    assert [(at, len(message.touches)) for at, message in hall.messages] == [(100.5, 3)]
    hall.run(1.0)
    assert [(at, len(message.touches)) for at, message in hall.messages][1:] == [(101.5, 3)]
    assert hall.down == {}
    assert list(hall.over.values()) == ["", "", ""]


def test_a_chord_begins_in_one_message() -> None:
    hall = Hall()
    chord = {hall.core.new_voice(): Tone(note) for note in (57.0, 61.0, 64.0)}
    hall.core.start(chord, 0.5, None, hall.now, hall.now)
    hall.take()
    assert [len(message.touches) for _, message in hall.messages] == [3]
    assert {touch.vel for touch in hall.down.values()} == {0.5}


def test_a_late_beginning_shifts_no_end() -> None:
    hall = Hall()
    hall.play(at=100.5, seconds=1.0)
    hall.run(0.7, late_s=0.15)
    assert [at for at, _ in hall.messages] == [100.65]
    hall.run(1.0)
    assert [at for at, _ in hall.messages] == [100.65, 101.5]


def test_what_is_planned_in_the_past_sounds_at_once_and_long_enough() -> None:
    hall = Hall()
    hall.play(at=90.0, seconds=1.0)
    assert hall.notes == [57.0]
    hall.run(1.0)
    assert [at for at, _ in hall.messages] == pytest.approx([100.0, 100.0 + SHORTEST_S])


def test_an_end_makes_room_for_a_beginning_of_the_same_moment() -> None:
    hall = Hall(Limits(fingers=1))
    hall.play(Tone(60.0), at=100.0, seconds=1.0)
    second = hall.play(Tone(62.0), at=101.0, seconds=1.0)
    hall.run(1.5)
    assert hall.notes == [62.0]
    assert second not in hall.over


def test_a_glide_is_a_touch_every_ten_ms_and_arrives_exactly() -> None:
    hall = Hall()
    voice = hall.start(Tone(57.0, "a", None))
    hall.core.glide(voice, Change(note=69.0, vowel="u", effort=0.9), 1.0, 100.5, hall.now)
    hall.run(3.0)
    moves = [(at, message.touches[0]) for at, message in hall.messages[1:]]
    assert 99 <= len(moves) <= 102
    assert moves[-1][0] == pytest.approx(101.5, abs=0.011)
    assert (moves[-1][1].note, moves[-1][1].vowel, moves[-1][1].z) == (69.0, "u", 0.9)
    at, middle = moves[50]
    assert middle.note == pytest.approx(57.0 + 12.0 * (at - 100.5), abs=1e-3)
    assert middle.z == pytest.approx(0.5 + 0.4 * (at - 100.5), abs=1e-3)
    assert not hall.core.busy


def test_a_glide_that_is_turned_goes_on_from_where_it_is() -> None:
    hall = Hall()
    voice = hall.start(Tone(60.0))
    hall.core.glide(voice, Change(note=72.0), 2.0, 100.0, hall.now)
    hall.run(1.0)
    hall.core.glide(voice, Change(note=60.0), 1.0, 101.0, hall.now)
    hall.run(0.011)
    assert hall.notes == [pytest.approx(66.0, abs=0.15)]
    hall.run(1.0)
    assert hall.notes == [60.0]


def test_glides_of_many_voices_keep_within_what_a_synth_takes() -> None:
    hall = Hall()
    for number in range(16):
        voice = hall.play(Tone(40.0 + number), at=100.0 + 0.007 * number, seconds=2.0)
        hall.core.glide(voice, Change(note=80.0 - number), 2.0, 100.0 + 0.007 * number, hall.now)
    hall.run(3.0)
    times = [at for at, _ in hall.messages]
    assert max(sum(at <= other < at + 1.0 for other in times) for at in times) <= 200
    assert len(hall.over) == 16


def test_a_change_without_length_is_told_within_ten_ms() -> None:
    hall = Hall()
    voice = hall.start()
    hall.run(1.0)
    hall.core.glide(voice, Change(note=60.0), 0.0, hall.now, hall.now)
    hall.take()
    assert hall.notes == [60.0]


def test_a_seventeenth_voice_is_left_out_and_says_why() -> None:
    hall = Hall()
    for number in range(16):
        hall.start(Tone(40.0 + number))
    late = hall.start()
    assert hall.over == {late: "a synth would have to sing more than 16 voices"}
    assert len(hall.down) == 16


def test_voices_for_other_synths_have_room_of_their_own() -> None:
    hall = Hall(Limits(fingers=2))
    for synth in ("synth-1", "synth-2"):
        hall.start(synths=(synth,))
        hall.start(synths=(synth,))
    assert hall.over == {}
    assert hall.messages[0][1].synths == {"voice-1": ("synth-1",)}
    late = hall.start(synths=("synth-1", "synth-3"))
    assert list(hall.over) == [late]


def test_more_new_notes_a_second_than_a_synth_takes_are_left_out() -> None:
    hall = Hall(Limits(notes_per_s=10.0, notes_burst=2))
    for _ in range(3):
        hall.play(at=100.0, seconds=0.05)
    assert list(hall.over.values()) == ["more than 10 new notes a second"]
    hall.run(0.2)
    hall.play(at=hall.now, seconds=0.05)
    assert len(hall.down) == 1


def test_all_off_ends_what_sounds_and_what_is_planned() -> None:
    hall = Hall()
    hall.start()
    hall.play(Tone(60.0), at=100.0, seconds=5.0)
    hall.play(Tone(62.0), at=103.0, seconds=5.0)
    hall.run(0.01)
    hall.core.all_off(hall.now)
    hall.take()
    assert hall.down == {}
    assert len(hall.over) == 3
    assert hall.core.next_deadline() is None
    assert not hall.core.busy
    hall.start()
    assert hall.notes == [57.0], "and it plays on"


def test_a_voice_that_ends_now_drops_what_was_planned_for_it() -> None:
    hall = Hall()
    voice = hall.start()
    hall.core.glide(voice, Change(note=60.0), 1.0, 101.0, hall.now)
    waiting = hall.play(at=102.0, seconds=1.0)
    hall.run(0.5)
    for each in (voice, waiting, waiting):
        hall.core.end_now(each, hall.now)
        hall.take()
    assert hall.down == {}
    assert hall.over == {voice: "", waiting: ""}
    hall.run(5.0)
    assert len(hall.messages) == 2


def test_a_held_voice_is_not_planned_and_keeps_nobody_waiting() -> None:
    hall = Hall()
    held = hall.start()
    assert not hall.core.planned(held)
    assert not hall.core.busy
    timed = hall.play(at=101.0, seconds=1.0)
    assert hall.core.planned(timed)
    assert hall.core.busy
    hall.run(3.0)
    assert hall.core.planned(timed), "one that is over needs no end"
    hall.core.end(timed, hall.now, hall.now)
    hall.run(1.0)
    assert not hall.core.busy


def test_between_two_tones_each_thing_moves_in_equal_steps() -> None:
    half = between(Tone(57.0, "a", 0.2), Tone(59.0, "i", 0.6), 0.5)
    assert (half.note, half.vowel) == (58.0, mixed("a", "i", 0.5))
    assert half.effort == pytest.approx(0.4)
    assert between(Tone(57.0), Tone(59.0), 7.0) == Tone(59.0)


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["play", "start", "glide", "end", "off"]),
            st.floats(0.0, 1.0), st.floats(0.0, 0.5), st.integers(1, 8),
        ),
        max_size=40,
    )
)  # fmt: skip
def test_whatever_is_asked_every_voice_is_over_once_and_nothing_stays_down(
    steps: list[tuple[str, float, float, int]],
) -> None:
    hall = Hall(Limits(fingers=5))
    asked = 0
    for what, when, length, voice in steps:
        if what == "play":
            hall.play(at=hall.now + when, seconds=length)
            asked += 1
        elif what == "start":
            hall.start(at=hall.now + when)
            asked += 1
        elif what == "glide":
            hall.core.glide(voice, Change(note=60.0 + length), length, hall.now + when, hall.now)
        elif what == "end":
            hall.core.end(voice, hall.now + when, hall.now)
        else:
            hall.core.all_off(hall.now)
        hall.take()
        hall.run(length)
        assert len(hall.down) <= 5
    hall.run(3.0)
    hall.core.all_off(hall.now)
    hall.take()
    hall.run(0.1)
    assert hall.down == {}
    assert len(hall.over) == asked
    assert hall.core.next_deadline() is None
