"""A bank of voices: takes notes and renders their mix."""

from formant_dsp.bank.bank import Bank

__all__ = ["Bank"]
