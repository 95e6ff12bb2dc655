"""Public name: bandwidths and levels that a vocal tract gives its formants."""

from formant_dsp.model.tract import Group, bandwidth_hz, group, lobe_levels, resized, scaled, tract_levels

__all__ = ["Group", "bandwidth_hz", "group", "lobe_levels", "resized", "scaled", "tract_levels"]
