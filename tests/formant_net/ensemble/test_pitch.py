from __future__ import annotations

import pytest

from formant_net.ensemble.pitch import note_of


@pytest.mark.parametrize(
    ("pitch", "note"),
    [("A4", 69.0), ("a3", 57.0), ("C4", 60.0), ("C#4", 61.0), ("Db4", 61.0), ("B♭2", 46.0), ("Cb4", 59.0),
     ("B#3", 60.0), ("C-1", 0.0), ("F##5", 79.0), (60, 60.0), (60.5, 60.5), (0, 0.0)],
)  # fmt: skip
def test_names_and_numbers(pitch: str | float, note: float) -> None:
    assert note_of(pitch) == note


@pytest.mark.parametrize(("hz", "note"), [(440.0, 69.0), (220.0, 57.0), (261.6255653, 60.0)])
def test_frequencies(hz: float, note: float) -> None:
    assert note_of(None, hz) == pytest.approx(note)


@pytest.mark.parametrize("pitch", ["", "H4", "A", "A44", "la", "440 Hz", "A4 ♯"])
def test_what_is_no_name_is_refused_with_an_example(pitch: str) -> None:
    with pytest.raises(ValueError, match=r'write "A3"'):
        note_of(pitch)


@pytest.mark.parametrize("pitch", [-1.0, 136.0, float("nan"), "Cb-1"])
def test_a_pitch_beyond_what_a_message_holds_is_refused(pitch: str | float) -> None:
    with pytest.raises(ValueError, match="must be within 0 … 135"):
        note_of(pitch)


@pytest.mark.parametrize("hz", [0.0, -3.0, float("inf")])
def test_a_frequency_is_above_zero(hz: float) -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        note_of(None, hz)


def test_one_of_the_two_is_given() -> None:
    for given in ((None, None), ("A3", 220.0)):
        with pytest.raises(ValueError, match="one of the two"):
            note_of(*given)
