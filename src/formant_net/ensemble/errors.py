"""What an ensemble cannot do, as exceptions. Each text says what is wrong, names the synth, and says what to do."""

from __future__ import annotations


class EnsembleError(Exception):
    """The base class."""


class NotReached(EnsembleError):
    """No server answered, it refused us, or too few synths came in time."""


class UnknownSynth(EnsembleError):
    """No synth of this name is linked."""


class CannotSing(EnsembleError):
    """None of the synths can sing this pitch or this vowel, or they have no voice left for it."""


class SettingRefused(EnsembleError):
    """A synth did not take a volume, a preset or its power."""


class Closed(EnsembleError):
    """The ensemble is closed, or its server sent us away."""
