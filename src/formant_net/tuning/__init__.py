"""Tunings, scales, and the correction of fingers to their steps. All of it happens where somebody plays.

Out of scope: tuning a synth (it gets pitches), tuning that adapts itself to chords, MIDI's tuning messages
(midi/tuning.py).
"""
