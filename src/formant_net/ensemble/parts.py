"""Which synths a program means, and whether they can sing what it asks for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from formant_net.controller.core import SynthView
from formant_net.controller.surface import reaches, vowels_of
from formant_net.ensemble.errors import CannotSing, UnknownSynth
from formant_net.hand.vowels import y_of
from formant_net.protocol.gesture import Vowel


def chosen(views: Iterable[SynthView], names: Collection[str]) -> list[SynthView]:
    """The synths with these names or ids; all of them without names. Raises UnknownSynth for one that is not there."""
    views = list(views)
    if not names:
        return views
    known = {name for view in views for name in (view.id, view.name)}
    for name in names:
        if name not in known:
            there = ", ".join(sorted(view.name for view in views)) or "none"
            raise UnknownSynth(
                f"no synth {name!r} is linked ({there}): check the name, and that the synth runs; "
                f"wait_for({name!r}) waits until it comes"
            )
    return [view for view in views if {view.id, view.name} & set(names)]


def check(views: Sequence[SynthView], notes: Iterable[float], vowels: Iterable[Vowel | None]) -> None:
    """Raises CannotSing if none of these synths can sing one of the notes or vowels. One whose state is not known
    counts as able."""
    if not views or any(not view.state for view in views):
        return
    for vowel in vowels:
        if vowel is not None and all(y_of(vowel, vowels_of(view.state)) is None for view in views):
            has = "; ".join(
                f"{view.name} has {', '.join(vowels_of(view.state)) or 'none with a name'}" for view in views
            )
            raise CannotSing(f"no synth has the vowel {vowel!r}: {has}. Choose one of these, or a place from 0 to 1")
    for note in notes:
        if not any(reaches(note, view.state) for view in views):
            names = ", ".join(view.name for view in views)
            raise CannotSing(
                f"{names} cannot sing {note:g}: its preset does not reach it, and its version has no absolute pitch. "
                "Play another octave, or update it"
            )
