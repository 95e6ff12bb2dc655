"""Public name: presets, shipped and own."""

from formant_dsp.model.preset_file import PresetError
from formant_dsp.model.presets import DEFAULT, Preset, load, names, parse

__all__ = ["DEFAULT", "Preset", "PresetError", "load", "names", "parse"]
