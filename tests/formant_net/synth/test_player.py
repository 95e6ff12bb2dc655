"""What a synth keeps of one controller for the length of one link."""

from __future__ import annotations

import itertools

from formant_net.protocol.messages import Point, Touch
from formant_net.protocol.timing import Timing
from formant_net.synth.play_limits import PlayLimits
from formant_net.synth.player import Player
from formant_net.synth.touches import NoteOn


def player(**limits: float) -> Player:
    return Player(Timing(), PlayLimits(**limits), itertools.count(7).__next__, 0.0)  # type: ignore[arg-type]


def chord(player: Player, name: str, fingers: int, now: float) -> list[int]:
    """Keys of the notes that a new chord starts."""
    points = [Point(id=f"{name}{n}", x=0.5, y=0.5) for n in range(fingers)]
    notes = player.touches.touch(Touch(active=True, points=points), now)
    return [note.key for note in notes if isinstance(note, NoteOn)]


def test_keys_come_from_the_synth_so_that_no_two_players_have_the_same() -> None:
    assert chord(player(), "a", 3, 0.0) == [7, 8, 9]


def test_notes_start_at_the_rate_that_is_allowed_and_by_the_time_of_the_message() -> None:
    one = player(notes_per_s=10.0, notes_burst=4)
    assert len(chord(one, "a", 6, 0.0)) == 4
    assert len(chord(one, "b", 6, 0.25)) == 2
    assert len(chord(one, "c", 6, 10.0)) == 4
    assert one.touches.dropped_full == 2 + 4 + 2


def test_a_player_has_so_many_voices() -> None:
    assert len(chord(player(voices=5), "a", 9, 0.0)) == 5


def test_nobody_has_played_at_first() -> None:
    assert not player().has_played
