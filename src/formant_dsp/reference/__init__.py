"""The bank's sound in plain NumPy float64, slow and simple. The kernels are tested against it."""

from formant_dsp.reference.bank import render

__all__ = ["render"]
