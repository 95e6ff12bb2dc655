"""Notes and touches over time, rendered offline by a bank. Imports `bank` and `model`."""

from formant_dsp.score.score import Event, render_score

__all__ = ["Event", "render_score"]
