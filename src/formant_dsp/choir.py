"""Public name: several singers for each note."""

from formant_dsp.model.choir import Choir, ChoirBank, sub_key

__all__ = ["Choir", "ChoirBank", "sub_key"]
