"""Public name: the laws by which effort, registers and tuning change a voice."""

from formant_dsp.model.expression import Expressed, Expression, express

__all__ = ["Expressed", "Expression", "express"]
