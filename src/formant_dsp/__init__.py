"""Formant's voice: a bank of FM formant oscillators that makes arrays of sound, offline or in real time.

    import formant_dsp as fd
    bank = fd.Bank(voices=8, sample_rate=48000)
    bank.note_on(1, fd.VoiceParams(f0_hz=220.0, vowel=fd.sung("alto")["a"]))
    sound = bank.render(48000)

Out of scope: networks, files of notes, effects, playing back recordings.
"""

from formant_dsp.bank import Bank
from formant_dsp.dispatch import isa, isas
from formant_dsp.params import ALGORITHMS, HOP, VoiceParams
from formant_dsp.vowels import SUNG_VOICES, SUNG_VOWELS, Vowel, VowelPath, VowelPlane, sung

__all__ = [
    "ALGORITHMS",
    "HOP",
    "SUNG_VOICES",
    "SUNG_VOWELS",
    "Bank",
    "VoiceParams",
    "Vowel",
    "VowelPath",
    "VowelPlane",
    "isa",
    "isas",
    "sung",
]
