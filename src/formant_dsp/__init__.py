"""Formant's voice: a bank of FM formant oscillators that makes arrays of sound, offline or in real time.

    import formant_dsp as fd
    bank = fd.Bank(voices=8, sample_rate=48000)
    bank.note_on(1, fd.VoiceParams(f0_hz=220.0, vowel=fd.sung("alto")["a"]))
    sound = bank.render(48000)

Out of scope: networks, note files, effects, playback of recordings.
"""

from formant_dsp.bank.bank import Bank
from formant_dsp.kernels.dispatch import isa, isas
from formant_dsp.model.params import ALGORITHMS, HOP, VoiceParams
from formant_dsp.model.version import look_up
from formant_dsp.model.vowels import SUNG_VOICES, SUNG_VOWELS, UnknownVowel, Vowel, VowelPath, VowelPlane, sung

__all__ = [
    "ALGORITHMS",
    "HOP",
    "SUNG_VOICES",
    "SUNG_VOWELS",
    "Bank",
    "UnknownVowel",
    "VoiceParams",
    "Vowel",
    "VowelPath",
    "VowelPlane",
    "isa",
    "isas",
    "sung",
]

__version__: str
"""The version of the distribution, `formant-synth`."""
vars()["__getattr__"] = look_up  # set by name: with a plain `__getattr__` type checkers accept every misspelt name
